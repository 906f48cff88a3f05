//! How often nodes are asked, and on how many connections.

use std::time::Duration;

use alternator_testcluster::{Fault, Lie};

use crate::discovery::{cluster, refreshing_on_demand};
use crate::support::{client_without_retries, eventually, localnodes_requests, ping};

#[tokio::test]
async fn discovery_keeps_its_connections_whatever_the_status() {
    let cluster = cluster(3);
    let connector = refreshing_on_demand(&cluster).build().unwrap();
    for lie in [None, Some(Lie::Status(500)), Some(Lie::Status(404)), Some(Lie::Empty)] {
        if let Some(lie) = lie {
            cluster.nodes().iter().for_each(|n| n.inject(Fault::LocalNodes(lie.clone())));
        }
        for _ in 0..20 {
            let _ = connector.refresh().await;
        }
    }
    for node in cluster.nodes() {
        assert!(node.stats().requests_of("GET /localnodes") >= 80);
        assert_eq!(node.stats().connections, 1);
    }
}

#[tokio::test]
async fn a_connector_is_quiet_without_requests_and_wakes_with_the_next() {
    let cluster = cluster(1);
    let connector = refreshing_on_demand(&cluster)
        .active_refresh_interval(Duration::from_millis(20))
        .idle_refresh_interval(Duration::from_secs(1))
        .build()
        .unwrap();
    let client = client_without_retries(&connector).await;
    let asked = || localnodes_requests(&cluster)[0];
    for _ in 0..2 {
        let before = asked();
        // At the idle pace, this many questions would take far longer than is waited for.
        eventually("it asks often while there are requests", async || {
            ping(&client).await.unwrap();
            asked() >= before + 40
        })
        .await;
        eventually("it asks rarely without", async || {
            let before = asked();
            tokio::time::sleep(Duration::from_millis(500)).await;
            asked() <= before + 1
        })
        .await;
    }
}

#[tokio::test]
async fn an_idle_connector_still_asks() {
    let cluster = cluster(1);
    let connector = refreshing_on_demand(&cluster)
        .idle_refresh_interval(Duration::from_millis(300))
        .active_refresh_interval(Duration::from_millis(200))
        .build()
        .unwrap();
    connector.refresh().await.unwrap();
    eventually("it asks without requests", async || localnodes_requests(&cluster)[0] > 10).await;
}

#[tokio::test]
async fn a_node_that_cannot_be_connected_brings_a_refresh_forward() {
    let cluster = cluster(3);
    let connector = refreshing_on_demand(&cluster)
        .active_refresh_interval(Duration::from_secs(40))
        .build()
        .unwrap();
    let client = client_without_retries(&connector).await;
    connector.refresh().await.unwrap();
    cluster.node(2).stop();
    let before = localnodes_requests(&cluster)[0];
    while connector.stats().redispatched == 0 {
        ping(&client).await.unwrap();
    }
    // The next refresh is due in 36 s at the earliest; `eventually` waits for ten.
    eventually("the refresh comes soon", async || localnodes_requests(&cluster)[0] > before).await;
}
