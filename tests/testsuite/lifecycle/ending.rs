//! What remains of a connector when its last clone is dropped: nothing.

use std::time::Duration;

use alternator_connector::AlternatorConnector;
use alternator_testcluster::{Cluster, Fault, Scope};

use crate::support::direct::{HOUR, get_item, send_direct};
use crate::support::{client, connector, data_requests, eventually};

fn start() -> Cluster {
    Cluster::builder().nodes(3).canned("GetItem", "{}").start().unwrap()
}

fn open(cluster: &Cluster) -> u64 {
    cluster.nodes().iter().map(|n| n.stats().open).sum()
}

fn refreshes(cluster: &Cluster) -> u64 {
    let of = |n: &alternator_testcluster::Node| n.stats().requests_of("GET /localnodes");
    cluster.nodes().iter().map(of).sum()
}

async fn use_it(connector: &AlternatorConnector) {
    for _ in 0..9 {
        send_direct(connector, get_item()).await.unwrap();
    }
}

#[tokio::test]
async fn the_last_clone_ends_task_and_connections() {
    let cluster = start();
    let quick = Duration::from_millis(20);
    let first = connector(&cluster).active_refresh_interval(quick).build().unwrap();
    let last = client(&first).await;
    use_it(&first).await;
    drop(first);
    let before = refreshes(&cluster);
    eventually("a clone keeps the task alive", async || refreshes(&cluster) > before + 10).await;
    drop(last);
    eventually("every connection is closed", async || open(&cluster) == 0).await;

    // Another connector with the same interval tells the time.
    let before = (refreshes(&cluster), cluster.node(0).stats().connections);
    let clock = start();
    let ticking = connector(&clock).active_refresh_interval(quick).build().unwrap();
    use_it(&ticking).await;
    eventually("time passes", async || refreshes(&clock) > 60).await;
    let after = (refreshes(&cluster), cluster.node(0).stats().connections);
    assert_eq!(before, after);
}

#[tokio::test]
async fn connections_close_although_the_runtime_is_busy() {
    let cluster = start();
    let connector = connector(&cluster).active_refresh_interval(HOUR).build().unwrap();
    use_it(&connector).await;
    connector.refresh().await.unwrap();
    assert!(open(&cluster) >= 3);
    drop(connector);
    // The only thread of this runtime is blocked from here on.
    assert!(cluster.wait_until(Duration::from_secs(60), || open(&cluster) == 0));
}

#[tokio::test]
async fn a_request_under_way_keeps_the_connector_until_it_ends() {
    let cluster = start();
    let connector = connector(&cluster).build().unwrap();
    use_it(&connector).await;
    for node in cluster.nodes() {
        node.inject(Fault::Hang(Scope::Data));
    }
    let received = || data_requests(&cluster).iter().sum::<u64>();
    let before = received();
    let finished = tokio::spawn(send_direct(&connector, get_item()));
    let dropped = tokio::spawn(send_direct(&connector, get_item()));
    drop(connector);
    eventually("both are under way", async || received() == before + 2).await;
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());
    for node in cluster.nodes() {
        node.heal();
    }
    finished.await.unwrap().unwrap();
    eventually("every connection is closed", async || open(&cluster) == 0).await;
}
