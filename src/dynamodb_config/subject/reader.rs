//! From the keys of a request to its places, and to the table that should be learned of.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Router, Subject};
use crate::balance::moment::Moment;
use crate::dispatch::route::{Aim, Partition, Partitions, Route};
use crate::dynamodb::access::Access;
use crate::keys::key::{Key, PartitionKeyType, Token};
use crate::keys::partition_key::PartitionKey;
use crate::tables::Table;

/// How the names of the server's own tables begin.
const INTERNAL: &str = ".scylla.alternator.";

pub(super) type Item = HashMap<String, AttributeValue>;

/// Where in a table a request belongs.
pub(super) enum Spot<'a> {
    Key(Key<'a>),
    Token(Token),
    Anywhere,
    /// The request has no such partition key as the table is known to have.
    Unfit,
}

/// What the subject of a request is made with.
pub(super) struct Reader<'r> {
    pub(super) router: &'r Router,
    pub(super) now: Moment,
}

impl Reader<'_> {
    /// A request about one item.
    pub(super) fn item(&self, table: Option<&str>, access: Access, item: Option<&Item>) -> Subject {
        self.value(table, access, |name| item?.get(name))
    }

    /// A request about one partition, whose key is found by the name of its attribute.
    pub(super) fn value<'a>(
        &self,
        table: Option<&str>,
        access: Access,
        value: impl FnOnce(&str) -> Option<&'a AttributeValue>,
    ) -> Subject {
        self.spot(table, access, |key| {
            let value = value(&key.name).and_then(|value| key_of(value, key.key_type));
            value.map_or(Spot::Unfit, Spot::Key)
        })
    }

    /// A request about one spot of a table.
    pub(super) fn spot<'a>(
        &self,
        table: Option<&str>,
        access: Access,
        spot: impl FnOnce(&PartitionKey) -> Spot<'a>,
    ) -> Subject {
        let Some(table) = table.and_then(|name| self.table(name)) else {
            return Subject::default();
        };
        let mut route = None;
        let mut due = self.is_due(&table);
        if let Some(info) = &*table.info()
            && let Some(aim) = self.router.aim(access, info.isolation)
        {
            let partition = match spot(&info.key) {
                Spot::Key(key) => Some(partition(&table, key, aim)),
                Spot::Token(token) => {
                    Some(Partition { table: Arc::clone(&table), token: Some(token), hash: 0 })
                }
                Spot::Anywhere => None,
                Spot::Unfit => {
                    due = self.doubt(&table);
                    None
                }
            };
            let partitions = partition.map(Partitions::One);
            route = partitions.map(|partitions| Route { aim, partitions });
        }
        Subject { route, due_table: due.then_some(table), renewed: None }
    }

    /// A request about several items, each of a table. It aims at what the strictest of its tables
    /// asks for, as the server uses lightweight transactions for all of a batch or for none.
    pub(super) fn items<'a>(
        &self,
        access: Access,
        items: impl Iterator<Item = (&'a str, &'a Item)> + Clone,
    ) -> Subject {
        let mut due_table = None;
        let mut aim = None;
        let mut count = 0;
        for (name, _) in items.clone() {
            let Some(table) = self.table(name) else {
                continue;
            };
            if let Some(info) = &*table.info()
                && aim != Some(Aim::Coordinator)
            {
                aim = self.router.aim(access, info.isolation);
            }
            if self.is_due(&table) {
                due_table.get_or_insert(table);
            }
            count += 1;
        }
        let route = aim.and_then(|aim| {
            let mut partitions = Vec::with_capacity(count);
            for (name, item) in items {
                let Some(table) = self.table(name) else {
                    continue;
                };
                if let Some(info) = &*table.info() {
                    match key_of_item(item, &info.key) {
                        Some(key) => partitions.push(partition(&table, key, aim)),
                        None if self.doubt(&table) => {
                            due_table.get_or_insert_with(|| Arc::clone(&table));
                        }
                        None => {}
                    }
                }
            }
            let partitions = match partitions.len() {
                0 | 1 => Partitions::One(partitions.pop()?),
                _ => Partitions::Many(partitions.into()),
            };
            Some(Route { aim, partitions })
        });
        Subject { route, due_table, renewed: None }
    }

    fn is_due(&self, table: &Table) -> bool {
        table.is_due(self.now, self.router.changes())
    }

    /// Whether the table is due now that something did not fit what is known of it.
    fn doubt(&self, table: &Table) -> bool {
        table.doubt();
        self.is_due(table)
    }

    /// `None` of the server's own tables, which are on every node, and of more tables than there is
    /// room for.
    fn table(&self, name: &str) -> Option<Arc<Table>> {
        let table = || self.router.table(name, self.now);
        (!name.starts_with(INTERNAL)).then(table).flatten()
    }
}

/// The place of a key, with what the aim needs of it.
fn partition(table: &Arc<Table>, key: Key<'_>, aim: Aim) -> Partition {
    Partition {
        table: Arc::clone(table),
        token: key.token(),
        hash: match aim {
            Aim::Replica => 0,
            Aim::Coordinator => key.hash(),
        },
    }
}

/// The partition key of an item, where it has one of the type that is known.
pub(super) fn key_of_item<'a>(item: &'a Item, key: &PartitionKey) -> Option<Key<'a>> {
    key_of(item.get(&*key.name)?, key.key_type)
}

fn key_of(value: &AttributeValue, key_type: PartitionKeyType) -> Option<Key<'_>> {
    match (value, key_type) {
        (AttributeValue::S(text), PartitionKeyType::String) => Some(Key::String(text)),
        (AttributeValue::N(number), PartitionKeyType::Number) => Some(Key::Number(number)),
        (AttributeValue::B(bytes), PartitionKeyType::Binary) => Some(Key::Binary(bytes.as_ref())),
        _ => None,
    }
}
