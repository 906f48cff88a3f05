//! Clusters of two datacenters, each of which has replicas of every key.

use std::net::IpAddr;
use std::time::Duration;

use alternator_connector::{AlternatorConnector, ConnectorBuilder, Policy, Scope};
use alternator_testcluster::{Cluster, Node};
use aws_sdk_dynamodb::Client;
use serde_json::json;

use crate::routing::{
    KEYS, client_that_knows_replicas, differences, get, hops, key, known_replicas, put, with_table,
};
use crate::support::direct::HOUR;
use crate::support::{TABLE, USER, conditional_put, connector, data_requests};

/// Six nodes in each datacenter, with three replicas of each key; by tablets and by vnodes.
fn two_datacenters() -> [alternator_testcluster::Builder; 2] {
    let racks = ["rack1", "rack2", "rack3"];
    let places = ["dc1", "dc2"].map(|datacenter| racks.map(|rack| (datacenter, rack)));
    let places = places.as_flattened().iter();
    let cluster = places
        .fold(Cluster::builder(), |cluster, (datacenter, rack)| cluster.rack(datacenter, rack, 2))
        .internal_addresses()
        .auth(USER.0, USER.1)
        .contention_window(HOUR)
        .contention_retry(Duration::ZERO);
    [cluster.clone().tablets(64), cluster.vnodes(16)]
}

/// Nobody is passed over for being slow.
fn turns(cluster: &Cluster) -> ConnectorBuilder {
    connector(cluster).policy(Policy::RoundRobin)
}

fn of_datacenter(cluster: &Cluster, datacenter: &str) -> Vec<Node> {
    let mut nodes = cluster.nodes();
    nodes.retain(|node| node.datacenter() == datacenter);
    nodes
}

/// Reads and writes every key, and writes it again by a transaction. Nobody is asked who does not
/// hold the key. Tells how many requests each node had.
async fn use_all_keys(cluster: &Cluster, client: &Client) -> Vec<u64> {
    let before = (data_requests(cluster), hops(cluster));
    for n in 0..KEYS {
        get(client, n).await;
        put(client, n).await;
        conditional_put(client, key(n)).await;
    }
    assert_eq!(hops(cluster), before.1);
    differences(&data_requests(cluster), &before.0)
}

/// Who coordinated the transactions on a key, one after the other.
fn coordinators(cluster: &Cluster, n: usize) -> Vec<IpAddr> {
    cluster
        .coordinators(TABLE, &json!({ "S": key(n) }))
        .iter()
        .map(|turn| turn.coordinator.ip())
        .collect()
}

/// The replica of a key that comes first among those on these nodes.
fn first(connector: &AlternatorConnector, n: usize, nodes: &[Node]) -> IpAddr {
    let is_one = |ip: &IpAddr| nodes.iter().any(|node| node.addr().ip() == *ip);
    known_replicas(connector, n).into_iter().find(is_one).expect("a replica here")
}

#[tokio::test]
async fn with_a_datacenter_as_the_scope_its_replicas_serve_and_coordinate() {
    for builder in two_datacenters() {
        let cluster = with_table(builder).await;
        let mut expected = vec![Vec::new(); KEYS];
        for datacenter in ["dc2", "dc1"] {
            let own = of_datacenter(&cluster, datacenter);
            let builder = turns(&cluster).scope(Scope::datacenter(datacenter));
            let (connector, client) = client_that_knows_replicas(&cluster, &own, builder).await;
            let sent = use_all_keys(&cluster, &client).await;
            for (node, sent) in cluster.nodes().iter().zip(sent) {
                assert_eq!(sent > 0, own.contains(node), "{node:?}");
            }
            for (n, expected) in expected.iter_mut().enumerate() {
                expected.push(first(&connector, n, &own));
                assert_eq!(coordinators(&cluster, n), *expected);
            }
        }
    }
}

#[tokio::test]
async fn with_the_cluster_as_the_scope_replicas_of_all_datacenters_serve_and_one_coordinates() {
    for builder in two_datacenters() {
        let cluster = with_table(builder).await;
        let nodes = cluster.nodes();
        for _ in 0..2 {
            let builder = turns(&cluster).scope(Scope::Cluster);
            let (connector, client) = client_that_knows_replicas(&cluster, &nodes, builder).await;
            let sent = use_all_keys(&cluster, &client).await;
            assert!(sent.iter().all(|sent| *sent > 0), "{sent:?}");
            for n in 0..KEYS {
                assert_eq!(coordinators(&cluster, n), [first(&connector, n, &nodes)]);
            }
        }
    }
}
