//! The subject of every operation, and the cost of reading it.

mod batches;
mod cost;
mod elsewhere;
mod isolation;
mod items;
mod key_conditions;
mod keys;
mod lookups;
mod scans;
mod update_expressions;

use std::collections::HashMap;
use std::fmt::Debug;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::interceptors::context::Input;

use super::{Router, Subject};
use crate::config::clients::lwt_affinity::LwtAffinity;
use crate::connector::AlternatorConnector;
use crate::dispatch::route::{Aim, Partition, Partitions, Route};
use crate::keys::key::{Key, PartitionKeyType, Token};

/// The access of a request to its items, as far as its route shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Nowhere,
    Read,
    Write,
    ReadModifyWrite,
}

/// The key of most requests of these tests.
const A: (&str, Key<'static>) = ("texts", Key::String("a"));

/// Routers that know the tables `texts`, `numbers` and `blobs`, each with the partition key
/// `pk`. They differ in the writes that go to a coordinator.
struct Routers {
    read_modify_write: Router,
    every_write: Router,
}

fn router(affinity: LwtAffinity) -> Router {
    let connector = AlternatorConnector::builder()
        .seed("http://127.0.0.1:1")
        .lwt_affinity(affinity)
        .table_partition_key("texts", "pk", PartitionKeyType::String)
        .table_partition_key("numbers", "pk", PartitionKeyType::Number)
        .table_partition_key("blobs", "pk", PartitionKeyType::Binary)
        .build()
        .unwrap();
    let inner = connector.inner().unwrap();
    Router::new(&inner.config, inner.cluster(), &inner.clients.tables).unwrap()
}

impl Routers {
    fn new() -> Self {
        Self {
            read_modify_write: router(LwtAffinity::read_modify_write()),
            every_write: router(LwtAffinity::every_write()),
        }
    }

    /// Returns the access of a request, and its partitions.
    fn classify(&self, input: &Input) -> (Verdict, Vec<Partition>) {
        let some = Subject::of(input, &self.read_modify_write).route;
        let every = Subject::of(input, &self.every_write).route;
        let aim = |route: &Option<Route>| route.as_ref().map(|r| r.aim);
        let verdict = match (aim(&some), aim(&every)) {
            (None, None) => Verdict::Nowhere,
            (Some(Aim::Replica), Some(Aim::Replica)) => Verdict::Read,
            (Some(Aim::Replica), Some(Aim::Coordinator)) => Verdict::Write,
            (Some(Aim::Coordinator), Some(Aim::Coordinator)) => Verdict::ReadModifyWrite,
            other => panic!("{other:?}"),
        };
        let partitions = match every.map(|route| route.partitions) {
            None => Vec::new(),
            Some(Partitions::One(partition)) => vec![partition],
            Some(Partitions::Many(partitions)) => {
                assert!(partitions.len() > 1, "one partition needs no slice");
                partitions.to_vec()
            }
        };
        (verdict, partitions)
    }

    /// Asserts the access of a request, and its keys with their tables, in any order.
    fn check<T>(&self, what: &str, input: T, verdict: Verdict, keys: &[(&str, Key<'_>)])
    where
        T: Debug + Send + Sync + 'static,
    {
        let (found, partitions) = self.classify(&Input::erase(input));
        assert_eq!(found, verdict, "{what}");
        let coordinated = matches!(verdict, Verdict::Write | Verdict::ReadModifyWrite);
        let mut expected: Vec<(&str, Option<Token>, i64)> = keys
            .iter()
            .map(|(table, key)| (*table, key.token(), if coordinated { key.hash() } else { 0 }))
            .collect();
        let mut found: Vec<(&str, Option<Token>, i64)> = partitions
            .iter()
            .map(|partition| (partition.table.name(), partition.token, partition.hash))
            .collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{what}");
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: &str) -> AttributeValue {
    AttributeValue::N(value.to_owned())
}

fn blob(value: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// Returns an item, or a key, with these attributes.
fn item<const N: usize>(
    attributes: [(&str, AttributeValue); N],
) -> HashMap<String, AttributeValue> {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Returns the attributes of [`A`], and a sort key.
fn key() -> HashMap<String, AttributeValue> {
    item([("pk", text("a")), ("sk", number("7"))])
}

fn name_of_due_table<T>(input: T, router: &Router) -> Option<String>
where
    T: Debug + Send + Sync + 'static,
{
    let due_table = Subject::of(&Input::erase(input), router).due_table;
    due_table.map(|table| table.name().to_owned())
}
