//! From rack to datacenter to cluster while the nearer is dead, and back when it returns.

use std::time::{Duration, Instant};

use alternator_connector::{ConnectorBuilder, Error, RefreshError, Scope};
use alternator_testcluster::{Cluster, Delay, Fault, Lie, Node};

use crate::scopes::{cluster, connector_from, refreshing_on_demand_from, two_racks};
use crate::support::{
    USER, addrs, client, client_without_retries, eventually, eventually_routes_to,
    localnodes_requests, ping, routes,
};

fn with_fallbacks(builder: ConnectorBuilder) -> ConnectorBuilder {
    builder
        .scope(Scope::rack("dc1", "r1"))
        .fallback(Scope::datacenter("dc1"))
        .fallback(Scope::Cluster)
}

fn stop(nodes: &[Node]) {
    nodes.iter().for_each(Node::stop);
}

fn start(nodes: &[Node]) {
    nodes.iter().for_each(|node| node.start().unwrap());
}

#[tokio::test]
async fn requests_move_out_step_by_step_and_back() {
    let cluster = cluster();
    let nodes = cluster.nodes();
    let connector = with_fallbacks(connector_from(&nodes)).build().unwrap();
    // With the retries of the SDK, as a scope is only left once its nodes are known to be dead.
    let client = client(&connector).await;
    let served_by = async |part: &[Node]| {
        eventually_routes_to(&connector, part).await;
        let before: u64 = part.iter().map(|n| n.stats().data_requests()).sum();
        for _ in 0..20 {
            ping(&client).await.unwrap();
        }
        let after: u64 = part.iter().map(|n| n.stats().data_requests()).sum();
        assert_eq!(after - before, 20);
    };
    ping(&client).await.unwrap();
    for _ in 0..2 {
        served_by(&nodes[..2]).await;
        stop(&nodes[..2]);
        served_by(&nodes[2..4]).await;
        stop(&nodes[2..4]);
        served_by(&nodes[4..]).await;
        start(&nodes[2..4]);
        served_by(&nodes[2..4]).await;
        start(&nodes[..2]);
    }
    served_by(&nodes[..2]).await;
}

#[tokio::test]
async fn a_rack_that_is_dead_but_still_listed_is_left() {
    let cluster = two_racks().failure_detection(Duration::from_secs(3600)).start().unwrap();
    let nodes = cluster.nodes();
    let connector = with_fallbacks(connector_from(&nodes)).build().unwrap();
    let client = client(&connector).await;
    ping(&client).await.unwrap();
    stop(&nodes[..2]);
    eventually("the datacenter serves", async || {
        let routes = routes(&connector);
        nodes[2..].iter().all(|n| routes.contains(&n.addr()))
    })
    .await;
    for _ in 0..20 {
        ping(&client).await.unwrap();
    }
    start(&nodes[..2]);
    eventually_routes_to(&connector, &nodes[..2]).await;
}

#[tokio::test]
async fn a_rack_whose_nodes_were_the_only_seeds_is_left() {
    let cluster = cluster();
    let nodes = cluster.nodes();
    let connector = with_fallbacks(connector_from(&nodes[..2])).build().unwrap();
    let client = client(&connector).await;
    ping(&client).await.unwrap();
    eventually_routes_to(&connector, &nodes[..2]).await;
    stop(&nodes[..2]);
    eventually_routes_to(&connector, &nodes[2..4]).await;
    ping(&client).await.unwrap();
    start(&nodes[..2]);
    eventually_routes_to(&connector, &nodes[..2]).await;
}

#[tokio::test]
async fn a_fallback_costs_the_nodes_in_use_a_few_questions_per_refresh() {
    let cluster = Cluster::builder()
        .rack("dc1", "r1", 1)
        .rack("dc1", "r2", 30)
        .auth(USER.0, USER.1)
        .start()
        .unwrap();
    let nodes = cluster.nodes();
    stop(&nodes[..1]);
    let connector = with_fallbacks(refreshing_on_demand_from(&nodes[1..2])).build().unwrap();
    eventually("the datacenter serves", async || {
        connector.refresh().await.unwrap();
        routes(&connector) == addrs(&nodes[1..])
    })
    .await;
    let asked = || localnodes_requests(&cluster).iter().sum::<u64>();
    let before = asked();
    for _ in 0..10 {
        connector.refresh().await.unwrap();
    }
    // Three witnesses and a seed for each of two scopes.
    assert!(asked() - before <= 80, "{}", asked() - before);
}

#[tokio::test]
async fn a_fallback_that_knows_nobody_else_is_not_asked_at_every_refresh() {
    let cluster = Cluster::builder().rack("dc1", "r1", 2).start().unwrap();
    let connector = with_fallbacks(refreshing_on_demand_from(&cluster.nodes())).build().unwrap();
    connector.refresh().await.unwrap();
    let asked = || localnodes_requests(&cluster).iter().sum::<u64>();
    let (before, begun) = (asked(), Instant::now());
    for _ in 0..20 {
        connector.refresh().await.unwrap();
    }
    // Both nodes for the rack, and once in half a minute one of them for the cluster.
    let limit = 40 + begun.elapsed().as_secs() / 30 + 1;
    assert!(asked() - before <= limit, "{}", asked() - before);
}

#[tokio::test]
async fn a_node_that_answers_late_joins_a_fallback_too() {
    let cluster = Cluster::builder().rack("dc1", "r2", 2).auth(USER.0, USER.1).start().unwrap();
    let connector =
        with_fallbacks(connector_from(&cluster.nodes())).discovery_timeout(Duration::from_secs(60));
    let connector = connector.build().unwrap();
    connector.refresh().await.unwrap();
    let slow = cluster.add_node("dc1", "r2").unwrap();
    slow.inject(Fault::Slow(Delay::Fixed(Duration::from_millis(400))));
    eventually_routes_to(&connector, &cluster.nodes()).await;
}

#[tokio::test]
async fn a_dead_scope_without_fallback_is_kept_and_its_nodes_named() {
    let cluster = Cluster::builder().rack("dc1", "r1", 2).rack("dc2", "r1", 1);
    let cluster =
        cluster.auth(USER.0, USER.1).failure_detection(Duration::from_secs(3600)).start().unwrap();
    let nodes = cluster.nodes();
    let connector =
        refreshing_on_demand_from(&nodes).scope(Scope::datacenter("dc1")).build().unwrap();
    let client = client_without_retries(&connector).await;
    ping(&client).await.unwrap();
    stop(&nodes[..2]);
    for _ in 0..5 {
        let error = connector.refresh().await.unwrap_err();
        let Error::NoNodes { source: why, .. } = &error else { panic!("{error}") };
        assert!(matches!(**why, RefreshError::Unanswered { .. }), "{error}");
        assert_eq!(routes(&connector), addrs(&nodes[..2]));
        for text in [Error::explain(&error), ping(&client).await.unwrap_err()] {
            for node in &nodes[..2] {
                assert!(text.contains(&node.addr().to_string()), "{text}");
            }
        }
    }
    assert_eq!(nodes[2].stats().data_requests(), 0);
    start(&nodes[..2]);
    ping(&client).await.unwrap();
}

#[tokio::test]
async fn a_scope_that_nobody_lists_any_more_is_kept_without_fallback() {
    let cluster = cluster();
    let nodes = cluster.nodes();
    let connector =
        refreshing_on_demand_from(&nodes).scope(Scope::datacenter("dc1")).build().unwrap();
    let client = client_without_retries(&connector).await;
    ping(&client).await.unwrap();
    let empty = Fault::LocalNodes(Lie::Empty);
    nodes.iter().for_each(|n| n.inject(empty.clone()));
    for _ in 0..5 {
        assert!(connector.refresh().await.is_err());
        ping(&client).await.unwrap();
        assert_eq!(routes(&connector), addrs(&nodes[..4]));
    }
}
