//! What is known of a table, at one moment.

use std::sync::Arc;

use crate::affinity::Isolation;
use crate::key::KeyType;
use crate::moment::Moment;
use crate::replicas::Replicas;

/// The partition key of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartitionKey {
    pub(crate) name: Box<str>,
    pub(crate) key_type: KeyType,
}

/// What is known of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) key: PartitionKey,
    /// A UUID; `None` where the table has not been looked up, or the server does not tell.
    pub(crate) id: Option<Box<str>>,
    pub(crate) replicas: Option<Arc<Replicas>>,
    /// The replicas by which keys have coordinators: as they were looked up, in an order that every client learns alike. Hints do not
    /// change them, as other clients do not get the same ones.
    pub(crate) ordered: Option<Arc<Replicas>>,
    pub(crate) isolation: Option<Isolation>,
    /// When it was last looked up.
    pub(crate) learned: Option<Moment>,
}

impl Known {
    /// What the user has said of a table.
    pub(super) fn configured(key: PartitionKey) -> Self {
        Self {
            key,
            id: None,
            replicas: None,
            ordered: None,
            isolation: None,
            learned: None,
        }
    }

    /// Whether requests would be routed alike.
    pub(super) fn routes_like(&self, other: &Self) -> bool {
        self.key == other.key
            && self.id == other.id
            && is_alike(&self.replicas, &other.replicas)
            && is_alike(&self.ordered, &other.ordered)
            && self.isolation == other.isolation
    }
}

fn is_alike(one: &Option<Arc<Replicas>>, other: &Option<Arc<Replicas>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.routes_like(other),
        (one, other) => one.is_none() && other.is_none(),
    }
}
