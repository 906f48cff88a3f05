//! A node that leaves is let go of gently, and a cluster may leave whole.

use std::time::Duration;

use alternator_testcluster::{Fault, Gossip, Scope};

use crate::discovery::{cluster, refreshing_on_demand, refreshing_on_demand_from};
use crate::support::{
    addrs, client, client_without_retries, connector, eventually, eventually_routes_to, ping,
    routes,
};

#[tokio::test]
async fn a_removed_node_is_forgotten() {
    let cluster = cluster(3);
    let connector = connector(&cluster).build().unwrap();
    let client = client_without_retries(&connector).await;
    ping(&client).await.unwrap();
    eventually_routes_to(&connector, &cluster.nodes()).await;
    let removed = cluster.node(1);
    cluster.remove_node(&removed);
    eventually_routes_to(&connector, &cluster.nodes()).await;
    let before = connector.stats().redispatched;
    for _ in 0..30 {
        ping(&client).await.unwrap();
    }
    assert_eq!(connector.stats().redispatched, before);
}

#[tokio::test]
async fn a_node_that_left_finishes_its_requests_and_loses_its_idle_connections() {
    let cluster = cluster(3);
    let leaver = cluster.node(2);
    let connector = refreshing_on_demand_from(&cluster.nodes()[..1]).build().unwrap();
    let client = client_without_retries(&connector).await;
    connector.refresh().await.unwrap();
    assert_eq!(routes(&connector), addrs(&cluster.nodes()));

    // One request hangs on the node, while another connection to it is idle.
    let stats = || connector.stats().nodes.into_iter().find(|n| n.address == leaver.addr());
    leaver.inject(Fault::Hang(Scope::Data));
    let asked = leaver.stats().data_requests();
    let in_flight = tokio::spawn({
        let client = client.clone();
        async move { futures_util::future::join_all((0..3).map(|_| ping(&client))).await }
    });
    eventually("a request hangs on the node", async || leaver.stats().data_requests() == asked + 1)
        .await;
    connector.refresh().await.unwrap();
    eventually("a connection to it is idle", async || {
        stats().is_some_and(|s| s.in_flight == 1 && s.connections_idle == 1)
    })
    .await;
    assert_eq!(leaver.stats().open, 2);

    leaver.set_gossip(Gossip::Shutdown);
    eventually("the node is forgotten", async || {
        connector.refresh().await.unwrap();
        stats().is_none()
    })
    .await;
    eventually("its idle connection is closed", async || leaver.stats().open == 1).await;
    assert!(!in_flight.is_finished());

    leaver.heal();
    for outcome in in_flight.await.unwrap() {
        outcome.unwrap();
    }
    eventually("its last connection is closed", async || leaver.stats().open == 0).await;
}

#[tokio::test]
async fn the_cluster_is_followed_while_every_node_is_replaced() {
    let cluster = cluster(3);
    let connector = connector(&cluster).build().unwrap();
    let client = client(&connector).await;
    ping(&client).await.unwrap();
    for old in cluster.nodes() {
        cluster.replace_node(&old).unwrap();
        eventually("the list follows", async || {
            ping(&client).await.unwrap();
            routes(&connector) == addrs(&cluster.nodes())
        })
        .await;
    }
    // The seeds are all gone, and nothing is sent to them.
    let before = connector.stats().redispatched;
    for _ in 0..30 {
        ping(&client).await.unwrap();
    }
    assert_eq!(connector.stats().redispatched, before);
}

#[tokio::test]
async fn a_list_that_was_replaced_whole_is_found_through_a_seed_that_returned() {
    let cluster = cluster(3);
    let seed = cluster.node(0);
    let connector = refreshing_on_demand_from([&seed]).build().unwrap();
    connector.refresh().await.unwrap();
    for node in &cluster.nodes()[1..] {
        cluster.remove_node(node);
    }
    let added = cluster.add_node("dc1", "rack1").unwrap();
    seed.stop();
    assert!(connector.refresh().await.is_err());
    assert_eq!(connector.known_nodes().len(), 3);
    seed.start().unwrap();
    eventually("the new nodes are found", async || {
        let _ = connector.refresh().await;
        routes(&connector) == addrs([&seed, &added])
    })
    .await;
}

#[tokio::test]
async fn a_cluster_that_shrinks_to_one_node_and_grows_again_is_followed() {
    let cluster = cluster(5);
    let connector = refreshing_on_demand(&cluster)
        .active_refresh_interval(Duration::from_millis(20))
        .build()
        .unwrap();
    let client = client(&connector).await;
    ping(&client).await.unwrap();
    for node in &cluster.nodes()[1..] {
        cluster.remove_node(node);
    }
    eventually_routes_to(&connector, &cluster.nodes()).await;
    for _ in 0..4 {
        cluster.add_node("dc1", "rack1").unwrap();
    }
    eventually_routes_to(&connector, &cluster.nodes()).await;
    ping(&client).await.unwrap();
}
