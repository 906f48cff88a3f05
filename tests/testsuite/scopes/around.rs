//! With a rack as the scope, only requests that belong to one node of the datacenter reach its
//! other racks.

use std::time::Duration;

use alternator_connector::{
    AlternatorConnector, ConnectorBuilder, CoordinatorOrder, LwtAffinity, PartitionKeyType, Scope,
    TokenAwareness,
};
use alternator_testcluster::{Cluster, Node};
use aws_sdk_dynamodb::Client;

use crate::scopes::{cluster, connector_from, refreshing_on_demand_from, two_racks};
use crate::support::{
    TABLE, USER, addrs, client, conditional_put, create_table, eventually, node_stats, ping,
    retrying_at_once, routes, sdk_config,
};

/// What the connector asks for where it surveys the datacenter and not only the rack.
const WHOLE_DATACENTER: &[u8] = b"GET /localnodes?dc=dc1 HTTP";

fn in_the_rack(builder: ConnectorBuilder) -> ConnectorBuilder {
    let affinity = LwtAffinity::read_modify_write().order(CoordinatorOrder::Shared);
    builder
        .scope(Scope::rack("dc1", "r1"))
        .lwt_affinity(affinity)
        .token_awareness(TokenAwareness::off())
        .table_partition_key(TABLE, "pk", PartitionKeyType::String)
}

/// A client whose conditional writes of a key all belong to the same node.
async fn routing(connector: &AlternatorConnector) -> Client {
    let sdk = sdk_config(connector).await;
    Client::from_conf(retrying_at_once(connector.dynamodb_config(&sdk), 5).build())
}

fn writes(node: &Node) -> u64 {
    node.stats().requests_of("PutItem")
}

/// A key whose writes belong to this node.
async fn key_of(node: &Node, client: &Client) -> String {
    for i in 0..1000 {
        let (key, before) = (format!("key {i}"), writes(node));
        conditional_put(client, &key).await;
        if writes(node) > before {
            return key;
        }
    }
    panic!("the node coordinates no key");
}

/// Until all four nodes of the datacenter get the writes that belong to them.
async fn eventually_reaches_all(cluster: &Cluster, client: &Client) {
    eventually("every node of the datacenter gets writes", async || {
        for i in 0..20 {
            conditional_put(client, &format!("key {i}")).await;
        }
        cluster.nodes()[..4].iter().all(|node| writes(node) > 0)
    })
    .await;
}

#[tokio::test]
async fn ordinary_requests_stay_in_the_rack_while_others_go_to_their_node_of_the_datacenter() {
    let cluster = cluster();
    let nodes = cluster.nodes();
    let connector = in_the_rack(connector_from(&nodes)).build().unwrap();
    let client = routing(&connector).await;
    create_table(&client).await;
    eventually_reaches_all(&cluster, &client).await;
    for i in 0..100 {
        ping(&client).await.unwrap();
        conditional_put(&client, &format!("key {i}")).await;
    }
    assert_eq!(routes(&connector), addrs(&nodes[..2]));
    for node in &nodes[2..] {
        assert_eq!(node.stats().data_requests(), writes(node));
    }
    for node in &nodes[4..] {
        assert_eq!(node.stats().data_requests(), 0);
    }
}

#[tokio::test]
async fn what_is_sent_to_other_racks_is_counted_though_they_are_not_of_the_scope() {
    let cluster = cluster();
    let nodes = cluster.nodes();
    let connector = in_the_rack(connector_from(&nodes)).build().unwrap();
    let client = routing(&connector).await;
    create_table(&client).await;
    eventually_reaches_all(&cluster, &client).await;
    assert_eq!(routes(&connector), addrs(&nodes[..2]));
    assert_eq!(connector.stats().nodes.len(), 4);
    for node in &nodes[2..4] {
        let seen = node_stats(&connector, node);
        assert_eq!(seen.requests, writes(node));
        assert_eq!(seen.chosen_by_key, writes(node));
    }
}

#[tokio::test]
async fn while_the_rack_is_dead_the_others_coordinate_and_new_nodes_of_theirs_too() {
    let cluster = cluster();
    let nodes = cluster.nodes();
    let connector = in_the_rack(connector_from(&nodes)).build().unwrap();
    let client = routing(&connector).await;
    create_table(&client).await;
    eventually_reaches_all(&cluster, &client).await;
    nodes[..2].iter().for_each(Node::stop);
    let new = cluster.add_node("dc1", "r2").unwrap();
    eventually("the new node gets writes", async || {
        for i in 0..50 {
            conditional_put(&client, &format!("key {i}")).await;
        }
        writes(&new) > 0
    })
    .await;
    assert_eq!(routes(&connector), addrs(&nodes[..2]));
}

#[tokio::test]
async fn connections_that_nodes_of_other_racks_have_closed_are_not_kept() {
    // So many that a refresh does not ask them all, and so find out by itself.
    let cluster = Cluster::builder()
        .rack("dc1", "r1", 2)
        .rack("dc1", "r2", 8)
        .auth(USER.0, USER.1)
        .start()
        .unwrap();
    let nodes = cluster.nodes();
    let (near, far) = nodes.split_at(2);
    let connector = in_the_rack(refreshing_on_demand_from(near)).build().unwrap();
    let client = routing(&connector).await;
    create_table(&client).await;
    eventually("every node of the other rack gets writes", async || {
        for i in 0..50 {
            conditional_put(&client, &format!("key {i}")).await;
        }
        far.iter().all(|node| writes(node) > 0)
    })
    .await;
    let idle = |node| node_stats(&connector, node).connections_idle as u64;
    assert!(far.iter().all(|node| idle(node) > 0));
    far.iter().for_each(Node::close_idle);
    connector.refresh().await.unwrap();
    eventually("none is kept that is closed", async || {
        far.iter().all(|node| idle(node) == node.stats().open)
    })
    .await;
}

#[tokio::test]
async fn a_node_of_another_rack_that_dies_gets_nothing_until_it_is_back() {
    // The others list it for as long as it is down, and drop it after a second.
    for detection in [Duration::from_secs(3600), Duration::from_millis(50)] {
        let cluster = two_racks().failure_detection(detection).start().unwrap();
        let nodes = cluster.nodes();
        let connector = in_the_rack(connector_from(&nodes)).build().unwrap();
        let client = routing(&connector).await;
        create_table(&client).await;
        eventually_reaches_all(&cluster, &client).await;
        let key = key_of(&nodes[3], &client).await;
        for _ in 0..2 {
            nodes[3].stop();
            for _ in 0..3 {
                conditional_put(&client, &key).await;
            }
            // It is out, and tried by no request any more.
            let before = connector.stats().redispatched;
            for _ in 0..20 {
                conditional_put(&client, &key).await;
            }
            assert_eq!(connector.stats().redispatched, before);
            nodes[3].start().unwrap();
            let before = writes(&nodes[3]);
            eventually("the key returns to its node", async || {
                conditional_put(&client, &key).await;
                writes(&nodes[3]) > before
            })
            .await;
        }
    }
}

#[tokio::test]
async fn only_clients_that_route_by_key_have_the_datacenter_asked_for() {
    let cluster = two_racks().record(true).start().unwrap();
    let nodes = cluster.nodes();
    let connector = in_the_rack(refreshing_on_demand_from(&nodes)).build().unwrap();
    let asked = || nodes.iter().any(|node| node.saw(WHOLE_DATACENTER));
    ping(&client(&connector).await).await.unwrap();
    for _ in 0..10 {
        connector.refresh().await.unwrap();
    }
    assert!(!asked());
    // The next refresh would be due in an hour.
    let client = routing(&connector).await;
    eventually("it is asked for soon", async || asked()).await;
    drop(client);
}

#[tokio::test]
async fn a_client_that_routes_nothing_by_key_has_nothing_more_asked_for() {
    let cluster = two_racks().record(true).start().unwrap();
    let connector = in_the_rack(refreshing_on_demand_from(&cluster.nodes()))
        .lwt_affinity(LwtAffinity::off())
        .build()
        .unwrap();
    ping(&routing(&connector).await).await.unwrap();
    for _ in 0..10 {
        connector.refresh().await.unwrap();
    }
    let nodes = cluster.nodes();
    assert!(!nodes.iter().any(|node| node.saw(WHOLE_DATACENTER)));
}
