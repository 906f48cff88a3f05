//! No request reaches a node outside of the scope while the scope has live nodes.

use std::time::Duration;

use alternator_connector::Scope;
use alternator_testcluster::{Cluster, Delay, Fault, Lie, Node};

use crate::scopes::{cluster, connector_from, refreshing_on_demand_from};
use crate::support::{addrs, client_without_retries, ping, routes};

/// The scopes that are tried, and how many nodes from the first on are in them.
fn scopes() -> [(Scope, usize); 2] {
    [(Scope::datacenter("dc1"), 4), (Scope::rack("dc1", "r1"), 2)]
}

fn data(nodes: &[Node]) -> u64 {
    nodes.iter().map(|n| n.stats().data_requests()).sum()
}

fn inside_and_outside(cluster: &Cluster, size: usize) -> (Vec<Node>, Vec<Node>) {
    let mut inside = cluster.nodes();
    let outside = inside.split_off(size);
    (inside, outside)
}

#[tokio::test]
async fn requests_stay_in_the_scope_from_the_first_on_wherever_the_seeds_are() {
    for (scope, size) in scopes() {
        let cluster = cluster();
        let (inside, outside) = inside_and_outside(&cluster, size);
        for seeds in [&outside, &inside, &cluster.nodes()] {
            let before = data(&inside);
            let connector = connector_from(seeds).scope(scope.clone()).build().unwrap();
            let client = client_without_retries(&connector).await;
            for _ in 0..50 {
                ping(&client).await.unwrap();
            }
            assert_eq!(routes(&connector), addrs(&inside));
            assert_eq!(data(&inside) - before, 50);
            assert_eq!(data(&outside), 0, "{scope}");
        }
    }
}

#[tokio::test]
async fn first_requests_made_at_once_stay_in_the_scope() {
    for (scope, size) in scopes() {
        let cluster = cluster();
        let (_, outside) = inside_and_outside(&cluster, size);
        let connector = connector_from(&outside).scope(scope).build().unwrap();
        let client = client_without_retries(&connector).await;
        let pings = (0..50).map(|_| ping(&client));
        for outcome in futures_util::future::join_all(pings).await {
            outcome.unwrap();
        }
        assert_eq!(data(&outside), 0);
    }
}

#[tokio::test]
async fn contacts_that_list_outsiders_lead_no_request_out() {
    for (scope, size) in scopes() {
        let cluster = cluster();
        let (inside, outside) = inside_and_outside(&cluster, size);
        let entries = outside[1..].iter().map(|n| n.addr().ip().to_string());
        let lie = Fault::LocalNodes(Lie::Only(entries.collect()));
        // One of the seeds, and later also a node inside.
        outside[0].inject(lie.clone());
        let connector =
            connector_from(&outside).scope(scope.clone()).fallback(Scope::Cluster).build().unwrap();
        let client = client_without_retries(&connector).await;
        for i in 0..100 {
            if i == 20 {
                inside[0].inject(lie.clone());
            }
            ping(&client).await.unwrap();
            if i % 10 == 0 {
                connector.refresh().await.unwrap();
            }
        }
        assert_eq!(data(&inside), 100);
        assert_eq!(data(&outside), 0, "{scope}");
    }
}

#[tokio::test]
async fn one_live_node_keeps_the_requests_in_the_scope() {
    for (scope, size) in scopes() {
        let cluster = cluster();
        let (inside, outside) = inside_and_outside(&cluster, size);
        let connector = connector_from(&cluster.nodes())
            .scope(scope.clone())
            .fallback(Scope::Cluster)
            .build()
            .unwrap();
        let client = client_without_retries(&connector).await;
        for dead in [true, false, true] {
            for node in &inside[1..] {
                if dead {
                    node.stop();
                } else {
                    node.start().unwrap();
                }
                for _ in 0..10 {
                    ping(&client).await.unwrap();
                    connector.refresh().await.unwrap();
                }
            }
        }
        assert_eq!(data(&outside), 0, "{scope}");
    }
}

#[tokio::test]
async fn one_bad_moment_of_discovery_is_no_reason_to_leave_the_scope() {
    let moments = [
        Fault::LocalNodes(Lie::Status(500)),
        Fault::LocalNodes(Lie::Reset),
        Fault::LocalNodes(Lie::Empty),
        Fault::Hang(alternator_testcluster::Scope::LocalNodes),
    ];
    for fault in moments {
        let cluster = cluster();
        let (inside, outside) = inside_and_outside(&cluster, 2);
        let connector = refreshing_on_demand_from(&cluster.nodes())
            .scope(Scope::rack("dc1", "r1"))
            .fallback(Scope::Cluster)
            .build()
            .unwrap();
        let client = client_without_retries(&connector).await;
        ping(&client).await.unwrap();
        inside.iter().for_each(|n| n.inject(fault.clone()));
        let _ = connector.refresh().await;
        for _ in 0..10 {
            ping(&client).await.unwrap();
        }
        inside.iter().for_each(Node::heal);
        connector.refresh().await.unwrap();
        assert_eq!(routes(&connector), addrs(&inside), "{fault:?}");
        assert_eq!(data(&outside), 0, "{fault:?}");
    }
}

#[tokio::test]
async fn nodes_that_are_slow_to_answer_are_waited_for_at_the_start() {
    let cluster = cluster();
    let (inside, outside) = inside_and_outside(&cluster, 2);
    let slow = Fault::Slow(Delay::Fixed(Duration::from_millis(600)));
    inside.iter().for_each(|n| n.inject(slow.clone()));
    let connector = refreshing_on_demand_from(&outside)
        .discovery_timeout(Duration::from_secs(60))
        .scope(Scope::rack("dc1", "r1"))
        .fallback(Scope::Cluster)
        .build()
        .unwrap();
    connector.refresh().await.unwrap();
    let client = client_without_retries(&connector).await;
    ping(&client).await.unwrap();
    assert_eq!(data(&outside), 0);
}
