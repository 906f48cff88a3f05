//! From the keys of a request to its partitions, and to the table whose lookup is due.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Router, Subject};
use crate::balance::moment::Moment;
use crate::dispatch::route::{Aim, Partition, Partitions, Route};
use crate::dynamodb::access::Access;
use crate::keys::key::{Key, Token};
use crate::keys::partition_key::PartitionKey;
use crate::tables::Table;
use crate::tables::routing::key_of;

/// Prefix of the names of the server's own tables.
const INTERNAL: &str = ".scylla.alternator.";

pub(super) type Item = HashMap<String, AttributeValue>;

/// The position in a table that a request is about.
pub(super) enum Position<'a> {
    Key(Key<'a>),
    Token(Token),
    Anywhere,
    /// The request lacks the partition key that the table is known to have.
    KeyMismatch,
}

/// Makes subjects of requests.
pub(super) struct Reader<'r> {
    pub(super) router: &'r Router,
    pub(super) now: Moment,
}

impl Reader<'_> {
    /// Returns the subject of a request about one item.
    pub(super) fn item(&self, table: Option<&str>, access: Access, item: Option<&Item>) -> Subject {
        self.value(table, access, |name| item?.get(name))
    }

    /// Returns the subject of a request about one partition. `value` returns the partition key by
    /// the name of its attribute.
    pub(super) fn value<'a>(
        &self,
        table: Option<&str>,
        access: Access,
        value: impl FnOnce(&str) -> Option<&'a AttributeValue>,
    ) -> Subject {
        self.position(table, access, |key| {
            value(&key.name)
                .and_then(|value| key_of(value, key.key_type))
                .map_or(Position::KeyMismatch, Position::Key)
        })
    }

    /// Returns the subject of a request about one position of a table.
    pub(super) fn position<'a>(
        &self,
        table: Option<&str>,
        access: Access,
        position: impl FnOnce(&PartitionKey) -> Position<'a>,
    ) -> Subject {
        let Some(table) = table.and_then(|name| self.table(name)) else {
            return Subject::default();
        };
        let mut route = None;
        let mut due = self.is_due(&table);
        if let Some(info) = &*table.info()
            && let Some(aim) = self.router.aim(access, info.isolation)
        {
            let partition = match position(&info.key) {
                Position::Key(key) => Some(partition(&table, key, aim)),
                Position::Token(token) => {
                    Some(Partition { table: Arc::clone(&table), token: Some(token), hash: 0 })
                }
                Position::Anywhere => None,
                Position::KeyMismatch => {
                    due = self.mark_stale(&table);
                    None
                }
            };
            route = partition.map(|one| Route { aim, partitions: Partitions::One(one) });
        }
        Subject { route, due_table: due.then_some(table), created_or_deleted: None }
    }

    /// Returns the subject of a request about several items, each of a table. If one of the tables
    /// needs the coordinator, so does the request: the server uses lightweight transactions for all
    /// of a batch or for none.
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
                        None if self.mark_stale(&table) => {
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
        Subject { route, due_table, created_or_deleted: None }
    }

    fn is_due(&self, table: &Table) -> bool {
        table.is_due(self.now, self.router.cluster.changes())
    }

    /// Marks a table as stale, as the request does not match what is known of it. Returns whether
    /// its lookup is due now.
    fn mark_stale(&self, table: &Table) -> bool {
        table.mark_stale();
        self.is_due(table)
    }

    /// Returns the table named `name`; `None` for the server's own tables, which are on every node,
    /// and if there is no room for another table.
    fn table(&self, name: &str) -> Option<Arc<Table>> {
        if name.starts_with(INTERNAL) {
            return None;
        }
        self.router.tables.find_or_insert(name, self.now)
    }
}

/// Returns the partition of a key, with the hash if the aim needs it.
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

/// Returns the partition key of an item; `None` if it is missing or of another type.
pub(super) fn key_of_item<'a>(item: &'a Item, key: &PartitionKey) -> Option<Key<'a>> {
    key_of(item.get(&*key.name)?, key.key_type)
}
