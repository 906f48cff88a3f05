//! The attribute that a table is partitioned by.

use super::key::PartitionKeyType;

/// The partition key of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartitionKey {
    pub(crate) name: Box<str>,
    pub(crate) key_type: PartitionKeyType,
}
