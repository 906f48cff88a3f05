//! Tables are looked up in the background, in the name of the client that uses them, and requests
//! go to the nodes that hold their keys. What cannot be learned costs a hop and nothing else.

mod changes;
mod choice;
mod coordinators;
mod datacenters;
mod dropped;
mod isolation;
mod learning;
mod modes;
mod old_clusters;
mod permissions;
mod racks;
mod replicas;
mod senders;
mod succession;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use alternator_connector::{AlternatorConnector, ConnectorBuilder, ReplicaSource};
use alternator_testcluster::{Cluster, Node};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use serde_json::json;

use crate::support::{
    TABLE, USER, alternator_client, connector, create_table, eventually_routes_to, s, within,
};

/// Nine nodes in three racks that insist on signatures, and are known to each other by other
/// addresses than to clients.
fn nine_nodes() -> alternator_testcluster::Builder {
    ["rack1", "rack2", "rack3"]
        .into_iter()
        .fold(Cluster::builder(), |cluster, rack| cluster.rack("dc1", rack, 3))
        .internal_addresses()
        .auth(USER.0, USER.1)
}

fn key(n: usize) -> String {
    format!("key {n}")
}

/// Creates a table with this partition key, a string.
async fn create(client: &Client, table: &str, key: &str) {
    create_of_type(client, table, key, ScalarAttributeType::S).await;
}

async fn create_of_type(client: &Client, table: &str, key: &str, key_type: ScalarAttributeType) {
    creation(client, table, key, key_type).send().await.expect("the table is created");
}

fn creation(
    client: &Client,
    table: &str,
    key: &str,
    key_type: ScalarAttributeType,
) -> CreateTableFluentBuilder {
    let attribute =
        AttributeDefinition::builder().attribute_name(key).attribute_type(key_type).build();
    let schema = KeySchemaElement::builder().attribute_name(key).key_type(KeyType::Hash).build();
    client
        .create_table()
        .table_name(table)
        .attribute_definitions(attribute.unwrap())
        .key_schema(schema.unwrap())
        .billing_mode(BillingMode::PayPerRequest)
}

async fn get(client: &Client, n: usize) {
    client
        .get_item()
        .table_name(TABLE)
        .key("pk", s(key(n)))
        .send()
        .await
        .expect("the item is asked for");
}

async fn put(client: &Client, n: usize) {
    let put = client.put_item().table_name(TABLE).item("pk", s(key(n)));
    put.send().await.expect("the item is put");
}

/// The addresses of the replicas of a key, in order, as the connector knows them.
fn known_replicas(connector: &AlternatorConnector, n: usize) -> Vec<IpAddr> {
    let routing = connector.routing(TABLE);
    routing
        .map_or_else(Vec::new, |routing| routing.replicas(&s(key(n))))
        .iter()
        .map(|replica| replica.address)
        .collect()
}

/// The same as it is.
fn actual_replicas(cluster: &Cluster, n: usize) -> Vec<IpAddr> {
    let replicas = cluster.replicas(TABLE, &json!({ "S": key(n) }));
    assert!(!replicas.is_empty(), "the cluster has the table");
    replicas.iter().map(|node| node.addr().ip()).collect()
}

/// A cluster that has the table.
async fn with_table(builder: alternator_testcluster::Builder) -> Cluster {
    let cluster = builder.start().unwrap();
    create_table(&alternator_client(&connector(&cluster).build().unwrap()).await).await;
    cluster
}

/// A client of a connector that knows these nodes, which are all in its scope, and the replicas of
/// all keys.
async fn client_that_knows_replicas(
    cluster: &Cluster,
    nodes: &[Node],
    builder: ConnectorBuilder,
) -> (AlternatorConnector, Client) {
    let connector = builder.build().unwrap();
    let client = alternator_client(&connector).await;
    connector.refresh().await.unwrap();
    eventually_routes_to(&connector, nodes).await;
    reading_until(&client, "the replicas are known", || knows_the_replicas(&connector, cluster))
        .await;
    (connector, client)
}

/// How many keys are compared.
const KEYS: usize = 200;

/// Whether the connector knows the replicas of all keys in the server's order.
fn knows_the_order(connector: &AlternatorConnector, cluster: &Cluster) -> bool {
    (0..KEYS).all(|n| known_replicas(connector, n) == actual_replicas(cluster, n))
}

/// Whether it knows them in any order.
fn knows_the_replicas(connector: &AlternatorConnector, cluster: &Cluster) -> bool {
    let set = |replicas: Vec<IpAddr>| replicas.into_iter().collect::<BTreeSet<_>>();
    (0..KEYS).all(|n| set(known_replicas(connector, n)) == set(actual_replicas(cluster, n)))
}

/// Sends requests until the condition holds, as nothing is learned while nobody asks.
async fn reading_until(client: &Client, what: &str, condition: impl Fn() -> bool) {
    within(Duration::from_secs(60), what, async || {
        get(client, 0).await;
        condition()
    })
    .await;
}

/// How many requests of an operation all nodes have received.
fn requests_of(cluster: &Cluster, operation: &str) -> u64 {
    let of = |node: &Node| node.stats().requests_of(operation);
    cluster.nodes().iter().map(of).sum()
}

/// How many requests of an operation each node has received.
fn requests_of_each(cluster: &Cluster, operation: &str) -> Vec<u64> {
    let nodes = cluster.nodes();
    let of = |node: &Node| node.stats().requests_of(operation);
    nodes.iter().map(of).collect()
}

/// How many more there are than before.
fn differences(after: &[u64], before: &[u64]) -> Vec<u64> {
    after.iter().zip(before).map(|(a, b)| a - b).collect()
}

/// How many keys were asked for on a node that does not hold them.
fn hops(cluster: &Cluster) -> u64 {
    cluster.nodes().iter().map(|node| node.stats().hops).sum()
}

/// How many keys were asked for on a node that holds them.
fn hits(cluster: &Cluster) -> u64 {
    let of = |node: &Node| node.stats().replica_hits;
    cluster.nodes().iter().map(of).sum()
}

fn map_of(connector: &AlternatorConnector) -> Option<ReplicaSource> {
    connector.routing(TABLE)?.replica_source()
}

/// Sends requests until the connector knows the replicas of all keys in the server's order.
async fn until_the_order_is_known(
    client: &Client,
    connector: &AlternatorConnector,
    cluster: &Cluster,
) {
    reading_until(client, "the order is known", || knows_the_order(connector, cluster)).await;
}

/// Sends requests until the connector knows them in any order.
async fn until_the_replicas_are_known(
    client: &Client,
    connector: &AlternatorConnector,
    cluster: &Cluster,
) {
    reading_until(client, "the replicas are known", || knows_the_replicas(connector, cluster))
        .await;
}
