//! What the tests share: a cluster, a connector for it, and unmodified SDK clients on top.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

pub mod child;
pub mod direct;
pub mod file;
pub mod heads;
pub mod logs;
pub mod server;
pub mod write;

use std::time::Duration;

use alternator_connector::{AlternatorConnector, LwtAffinity, TokenAwareness};
use alternator_testcluster::Cluster;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::{Builder, Credentials};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};

/// The user of clusters that enforce signatures.
pub const USER: (&str, &str) = ("alice", "salted-hash-of-alice");

/// The table that [`create_table`] makes: its partition key is `pk`, a string.
pub const TABLE: &str = "items";

/// A builder for this cluster that refreshes often. A test that is about the connect timeout sets
/// its own: this one is never reached, however busy the machine is.
pub fn connector(cluster: &Cluster) -> alternator_connector::ConnectorBuilder {
    AlternatorConnector::builder()
        .seeds(cluster.urls())
        .active_refresh_interval(Duration::from_millis(100))
        .connect_timeout(Duration::from_secs(30))
}

/// Routes nothing by key, so that whatever arrives was sent by the user.
pub fn without_key_routing(
    builder: alternator_connector::ConnectorBuilder,
) -> alternator_connector::ConnectorBuilder {
    builder.token_awareness(TokenAwareness::off()).lwt_affinity(LwtAffinity::off())
}

/// Lets requests say which attempt of which invocation they are.
pub fn with_attempt_headers(
    builder: alternator_connector::ConnectorBuilder,
) -> alternator_connector::ConnectorBuilder {
    ["amz-sdk-invocation-id", "amz-sdk-request"]
        .into_iter()
        .fold(builder, alternator_connector::ConnectorBuilder::keep_header)
}

/// The SDK's configuration with this connector, and without an endpoint.
pub async fn sdk_config(connector: &AlternatorConnector) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(connector.clone())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(USER.0, USER.1, None, None, "test"))
        .load()
        .await
}

/// An unmodified client of the SDK with its default retries.
pub async fn client(connector: &AlternatorConnector) -> Client {
    Client::new(&sdk_config(connector).await)
}

/// A client that never retries, so that what it reports is what the connector did.
pub async fn client_without_retries(connector: &AlternatorConnector) -> Client {
    let config = sdk_config(connector).await;
    let config = Builder::from(&config).retry_config(RetryConfig::disabled());
    Client::from_conf(config.build())
}

/// A client that is made for Alternator and never retries.
pub async fn alternator_client(connector: &AlternatorConnector) -> Client {
    let config = connector.dynamodb_config(&sdk_config(connector).await);
    Client::from_conf(config.retry_config(RetryConfig::disabled()).build())
}

/// A connector, and such a client of it, which has created the table.
pub async fn alternator_client_with_table(
    builder: alternator_connector::ConnectorBuilder,
) -> (AlternatorConnector, Client) {
    let connector = builder.build().unwrap();
    let client = alternator_client(&connector).await;
    create_table(&client).await;
    (connector, client)
}

/// The configuration of a client that retries at once, up to `attempts` in all, and not on the
/// budget that all clients of a process share.
pub async fn retrying(connector: &AlternatorConnector, attempts: u32) -> Builder {
    let config = sdk_config(connector).await;
    retrying_at_once(Builder::from(&config), attempts)
}

/// The same for any configuration.
pub fn retrying_at_once(config: Builder, attempts: u32) -> Builder {
    let retries = RetryConfig::standard()
        .with_max_attempts(attempts)
        .with_initial_backoff(Duration::from_millis(1));
    let budget = RetryPartition::custom("test").token_bucket(TokenBucket::unlimited());
    config.retry_config(retries).retry_partition(budget.build())
}

pub async fn create_table(client: &Client) {
    let key =
        AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S);
    let schema = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
    client
        .create_table()
        .table_name(TABLE)
        .attribute_definitions(key.build().unwrap())
        .key_schema(schema.build().unwrap())
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .expect("the table is created");
}

/// Writes an item by a lightweight transaction, which belongs to the coordinator of its key.
pub async fn conditional_put(client: &Client, key: impl Into<String>) {
    client
        .put_item()
        .table_name(TABLE)
        .item("pk", s(key))
        .condition_expression("attribute_not_exists(absent)")
        .send()
        .await
        .unwrap();
}

/// A string value.
pub fn s(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// Waits until the condition holds, for a minute at most.
pub async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    within(Duration::from_secs(60), what, condition).await;
}

/// Waits until the condition holds, for as long as `limit`.
pub async fn within(limit: Duration, what: &str, condition: impl AsyncFn() -> bool) {
    until(limit, async || condition().await.then_some(()).ok_or(what)).await;
}

/// Waits until the check passes, for as long as `limit`; what is amiss then is told.
pub async fn until<E: std::fmt::Display>(limit: Duration, check: impl AsyncFn() -> Result<(), E>) {
    let end = tokio::time::Instant::now() + limit;
    while let Err(amiss) = check().await {
        assert!(tokio::time::Instant::now() < end, "within {limit:?}: {amiss}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until the connector routes to exactly these nodes.
pub async fn eventually_routes_to(
    connector: &AlternatorConnector,
    nodes: &[alternator_testcluster::Node],
) {
    let wanted = addrs(nodes);
    eventually(&format!("the list becomes {wanted:?}"), async || routes(connector) == wanted).await;
}

/// How many DynamoDB requests each node has received.
pub fn data_requests(cluster: &Cluster) -> Vec<u64> {
    cluster.nodes().iter().map(|n| n.stats().data_requests()).collect()
}

/// How many probes, which only the connector itself sends, a node has received.
pub fn probes(node: &alternator_testcluster::Node) -> u64 {
    node.stats().requests_of("DescribeEndpoints")
}

/// How many DynamoDB requests of users a node has received.
pub fn user_requests_of(node: &alternator_testcluster::Node) -> u64 {
    node.stats().data_requests() - probes(node)
}

/// How many DynamoDB requests of users each node has received.
pub fn user_requests(cluster: &Cluster) -> Vec<u64> {
    cluster.nodes().iter().map(user_requests_of).collect()
}

/// What the connector has seen of a node.
pub fn node_stats(
    connector: &AlternatorConnector,
    node: &alternator_testcluster::Node,
) -> alternator_connector::NodeStats {
    connector
        .stats()
        .nodes
        .into_iter()
        .find(|n| n.address == node.addr())
        .expect("the node is in the list")
}

/// Waits until the connector lets a node have requests again.
pub async fn eventually_returns(
    connector: &AlternatorConnector,
    node: &alternator_testcluster::Node,
) {
    eventually("the node gets requests again", async || serves(connector, node)).await;
}

/// Whether the connector lets a node have requests.
pub fn serves(connector: &AlternatorConnector, node: &alternator_testcluster::Node) -> bool {
    use alternator_connector::NodeState::{Returning, Serving};
    matches!(node_stats(connector, node).state, Serving | Returning)
}

/// How many requests of `/localnodes` each node has received.
pub fn localnodes_requests(cluster: &Cluster) -> Vec<u64> {
    cluster.nodes().iter().map(|n| n.stats().requests_of("GET /localnodes")).collect()
}

/// The addresses that the connector routes to, in order.
pub fn routes(connector: &AlternatorConnector) -> Vec<std::net::SocketAddr> {
    let mut routes = connector.known_nodes();
    routes.sort();
    routes
}

/// The addresses of these nodes, in order.
pub fn addrs<'a>(
    nodes: impl IntoIterator<Item = &'a alternator_testcluster::Node>,
) -> Vec<std::net::SocketAddr> {
    let mut addrs: Vec<_> = nodes.into_iter().map(|n| n.addr()).collect();
    addrs.sort();
    addrs
}

/// One request of the SDK that needs no table; its error is told with all its causes.
pub async fn ping(client: &Client) -> Result<(), String> {
    let error = aws_sdk_dynamodb::error::DisplayErrorContext::<aws_sdk_dynamodb::Error>;
    match client.list_tables().send().await {
        Ok(_) => Ok(()),
        Err(e) => Err(error(e.into()).to_string()),
    }
}

/// Closes every connection of the node. One whose answer has just been read may not be idle yet.
pub async fn disconnect(node: &alternator_testcluster::Node) {
    eventually("every connection is closed", async || {
        node.close_idle();
        node.stats().open == 0
    })
    .await;
}
