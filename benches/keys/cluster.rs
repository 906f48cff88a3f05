//! The cluster that requests are routed in: nine nodes in three racks, each key on three of them;
//! and what its nodes count.

use std::ops::Sub;
use std::time::{Duration, Instant};

use alternator_connector::AlternatorConnector;
use alternator_testcluster::{Builder, Cluster};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};

const NODES: usize = 9;

/// As many as a table of some size has.
pub(crate) const TABLETS: usize = 128;

/// Longer than anything that is waited for takes.
const LIMIT: Duration = Duration::from_secs(20);

pub(crate) fn nine() -> Builder {
    let racks = ["rack1", "rack2", "rack3"].into_iter();
    let cluster = Cluster::builder().record(false).replication_factor(3);
    racks.fold(cluster, |cluster, rack| cluster.rack("dc1", rack, NODES / 3))
}

/// A table whose partition key is `pk`.
pub(crate) async fn create(client: &Client, table: &str, key: ScalarAttributeType) {
    let attribute = AttributeDefinition::builder().attribute_name("pk").attribute_type(key);
    let schema = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
    let create = client.create_table().table_name(table);
    create
        .attribute_definitions(attribute.build().unwrap())
        .key_schema(schema.build().unwrap())
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .unwrap();
}

/// The key of this number.
pub(crate) fn key(kind: &ScalarAttributeType, number: usize) -> AttributeValue {
    match kind {
        ScalarAttributeType::S => AttributeValue::S(format!("key {number}")),
        ScalarAttributeType::N => AttributeValue::N(format!("-{number}.5e3")),
        ScalarAttributeType::B => AttributeValue::B(Blob::new(number.to_be_bytes())),
        other => panic!("{other} is no type of a key"),
    }
}

/// Asks for items until the connector knows which nodes have the table's keys.
pub(crate) async fn known(
    connector: &AlternatorConnector,
    client: &Client,
    table: &str,
    kind: &ScalarAttributeType,
) {
    let is_known = || {
        let routing = connector.routing(table);
        routing.is_some_and(|routing| routing.replica_source().is_some())
    };
    until(is_known, async || {
        client.get_item().table_name(table).key("pk", key(kind, 0)).send().await.unwrap();
    })
    .await;
}

/// Does something now and then until the condition holds.
pub(crate) async fn until(condition: impl Fn() -> bool, meanwhile: impl AsyncFn()) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < LIMIT, "waited in vain");
        meanwhile().await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What all nodes have counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) replica_hits: u64,
    pub(crate) hops: u64,
    pub(crate) transactions: u64,
    pub(crate) contended: u64,
}

impl Counts {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let stats: Vec<_> = cluster.nodes().iter().map(|node| node.stats()).collect();
        Self {
            replica_hits: stats.iter().map(|stats| stats.replica_hits).sum(),
            hops: stats.iter().map(|stats| stats.hops).sum(),
            transactions: stats.iter().map(|stats| stats.lwt).sum(),
            contended: stats.iter().map(|stats| stats.contended).sum(),
        }
    }

    pub(crate) fn requests(&self) -> u64 {
        self.replica_hits + self.hops
    }

    /// How many of a hundred requests went to a replica.
    pub(crate) fn hits_percent(&self) -> f64 {
        100.0 * self.replica_hits as f64 / self.requests() as f64
    }

    pub(crate) fn hops_per_request(&self) -> f64 {
        self.hops as f64 / self.requests() as f64
    }
}

impl Sub for Counts {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            replica_hits: self.replica_hits - earlier.replica_hits,
            hops: self.hops - earlier.hops,
            transactions: self.transactions - earlier.transactions,
            contended: self.contended - earlier.contended,
        }
    }
}
