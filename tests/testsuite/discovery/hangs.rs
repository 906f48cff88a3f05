//! Whoever hangs holds up nobody else.

use std::time::Duration;

use alternator_testcluster::{Fault, Scope};
use futures_util::future::join_all;

use crate::discovery::{cluster, refreshing_on_demand};
use crate::support::{connector, eventually_routes_to, localnodes_requests};

/// Far longer than a test waits for anything.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_change_is_seen_while_nodes_hang() {
    for fault in [
        Fault::Hang(Scope::LocalNodes),
        Fault::Hang(Scope::All),
        Fault::DropSyns,
        Fault::LocalNodes(alternator_testcluster::Lie::NeverEnding),
    ] {
        let cluster = cluster(5);
        let connector = connector(&cluster).discovery_timeout(LONG).build().unwrap();
        connector.refresh().await.unwrap();
        for node in &cluster.nodes()[..3] {
            node.inject(fault.clone());
            node.close_idle();
        }
        cluster.add_node("dc1", "rack1").unwrap();
        eventually_routes_to(&connector, &cluster.nodes()).await;
    }
}

#[tokio::test]
async fn a_node_that_hangs_is_asked_and_waited_for_once() {
    let cluster = cluster(3);
    let connector = refreshing_on_demand(&cluster).discovery_timeout(LONG).build().unwrap();
    connector.refresh().await.unwrap();
    cluster.node(0).inject(Fault::Hang(Scope::LocalNodes));
    let before = localnodes_requests(&cluster);
    let begun = std::time::Instant::now();
    for _ in 0..100 {
        connector.refresh().await.unwrap();
    }
    // It is waited for once, for a quarter of a second; a hundred times would take longer than
    // this.
    assert!(begun.elapsed() < Duration::from_secs(15));
    let after = localnodes_requests(&cluster);
    assert_eq!(after[0], before[0] + 1);
    assert_eq!(after[1], before[1] + 100);
    assert!(cluster.node(0).stats().open <= 1);
}

#[tokio::test]
async fn a_node_has_one_question_at_a_time_however_many_ask_for_a_refresh() {
    let cluster = cluster(3);
    let connector = refreshing_on_demand(&cluster)
        .active_refresh_interval(Duration::from_millis(10))
        .build()
        .unwrap();
    for outcome in join_all((0..200).map(|_| connector.refresh())).await {
        outcome.unwrap();
    }
    // Two questions at once would have needed two connections.
    for node in cluster.nodes() {
        assert_eq!(node.stats().connections, 1);
    }
}
