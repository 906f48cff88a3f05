//! One connector and several Tokio runtimes.

use std::time::Duration;

use alternator_connector::AlternatorConnector;
use alternator_testcluster::Cluster;
use http::StatusCode;
use tokio::runtime::{Builder, Runtime};

use crate::support::direct::{HOUR, get_item, send_direct};
use crate::support::{connector, eventually};

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

const KINDS: [fn() -> Runtime; 2] = [current_thread, multi_thread];

fn start() -> Cluster {
    Cluster::builder().nodes(2).canned("GetItem", "{}").start().unwrap()
}

async fn get(connector: &AlternatorConnector) {
    assert_eq!(send_direct(connector, get_item()).await.unwrap().0, StatusCode::OK);
}

/// Adds a node, and makes requests until it gets some.
async fn finds_a_new_node(connector: &AlternatorConnector, cluster: &Cluster) {
    let node = cluster.add_node("dc1", "rack1").unwrap();
    eventually("the new node gets requests", async || {
        get(connector).await;
        node.stats().data_requests() > 0
    })
    .await;
}

#[test]
fn a_runtime_may_take_over_from_one_that_has_ended() {
    for first in KINDS {
        for second in KINDS {
            let cluster = start();
            let connector = connector(&cluster).build().unwrap();
            let runtime = first();
            runtime.block_on(async {
                for _ in 0..10 {
                    get(&connector).await;
                }
                finds_a_new_node(&connector, &cluster).await;
            });
            drop(runtime);
            second().block_on(async {
                for _ in 0..10 {
                    get(&connector).await;
                }
                finds_a_new_node(&connector, &cluster).await;
                // What the first runtime left open is closed.
                eventually("few connections remain", async || {
                    cluster.nodes().iter().all(|n| n.stats().open <= 2)
                })
                .await;
            });
        }
    }
}

#[test]
fn two_runtimes_may_use_a_connector_at_once() {
    for first in KINDS {
        for second in KINDS {
            let cluster = start();
            let connector = connector(&cluster).build().unwrap();
            std::thread::scope(|scope| {
                for runtime in [first, second] {
                    let (connector, cluster) = (&connector, &cluster);
                    scope.spawn(move || {
                        runtime().block_on(async {
                            for _ in 0..100 {
                                get(connector).await;
                            }
                            finds_a_new_node(connector, cluster).await;
                        });
                    });
                }
            });
        }
    }
}

#[test]
fn a_runtime_that_nobody_drives_any_more_is_replaced() {
    for second in KINDS {
        let cluster = start();
        let connector =
            connector(&cluster).discovery_timeout(Duration::from_secs(2)).build().unwrap();
        let first = current_thread();
        first.block_on(get(&connector));
        second().block_on(finds_a_new_node(&connector, &cluster));
        drop(first);
    }
}

#[test]
fn a_refresh_does_not_wait_for_a_runtime_that_nobody_drives() {
    let cluster = start();
    let connector = connector(&cluster)
        .active_refresh_interval(HOUR)
        .discovery_timeout(Duration::from_secs(2))
        .build()
        .unwrap();
    let first = current_thread();
    first.block_on(async {
        connector.refresh().await.unwrap();
        // Time for the task to go to sleep until the next refresh.
        get(&connector).await;
    });
    let node = cluster.add_node("dc1", "rack1").unwrap();
    let refreshed =
        async { tokio::time::timeout(Duration::from_secs(60), connector.refresh()).await };
    current_thread().block_on(refreshed).expect("it ends").unwrap();
    assert_eq!(connector.stats().nodes.len(), 3, "{node:?} is found");
    drop(first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_is_made_now_whatever_the_interval() {
    for _ in 0..10 {
        let cluster = start();
        let connector = connector(&cluster).active_refresh_interval(HOUR).build().unwrap();
        for nodes in 3..6 {
            cluster.add_node("dc1", "rack1").unwrap();
            let limit = Duration::from_secs(60);
            tokio::time::timeout(limit, connector.refresh()).await.expect("it ends").unwrap();
            assert_eq!(connector.stats().nodes.len(), nodes);
        }
    }
}

#[test]
fn runtimes_share_the_limit_of_connections() {
    let cluster = Cluster::builder().nodes(1).canned("GetItem", "{}").start().unwrap();
    let connector = connector(&cluster)
        .active_refresh_interval(HOUR)
        .max_connections_per_node(2)
        .build()
        .unwrap();
    let runtimes = [current_thread(), multi_thread(), current_thread()];
    runtimes[0].block_on(connector.refresh()).unwrap();
    for runtime in &runtimes {
        runtime.block_on(async {
            let (one, two) = tokio::join!(
                send_direct(&connector, get_item()),
                send_direct(&connector, get_item())
            );
            assert!(one.is_ok() && two.is_ok());
        });
        let node = cluster.node(0);
        let limit = Duration::from_secs(60);
        assert!(cluster.wait_until(limit, || node.stats().open <= 2), "{:?}", node.stats());
    }
    drop(runtimes);
}
