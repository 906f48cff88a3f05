//! What is known of a table, at one moment.

use std::sync::Arc;
use std::time::Duration;

use super::pace::REFUSED;
use crate::balance::moment::Moment;
use crate::dynamodb::access::Isolation;
use crate::keys::partition_key::PartitionKey;
use crate::keys::replicas::Replicas;

/// What is known of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableInfo {
    pub(crate) key: PartitionKey,
    /// A UUID; `None` where the table has not been looked up, or the server does not tell.
    pub(crate) id: Option<Box<str>>,
    pub(crate) replicas: Option<Arc<Replicas>>,
    /// The replicas by which keys have coordinators: as they were looked up, in an order that every
    /// client learns alike. Hints do not change them, as other clients do not get the same ones.
    pub(crate) ordered: Option<Arc<Replicas>>,
    pub(crate) isolation: Option<Isolation>,
    /// When it was last looked up; where there is an order of replicas, when that was.
    pub(crate) learned: Option<Moment>,
}

impl TableInfo {
    /// What the user has said of a table.
    pub(super) fn configured(key: PartitionKey) -> Self {
        Self { key, id: None, replicas: None, ordered: None, isolation: None, learned: None }
    }

    /// Whether there is an order of replicas that was looked up lately: a role that may not know it
    /// does not take it away. If nobody else has asked in the time after which that role does so
    /// again, it does.
    pub(crate) fn is_ordered_lately(&self, longest: Duration, now: Moment) -> bool {
        let lately = REFUSED.max(longest.saturating_mul(2));
        self.ordered.is_some() && self.learned.is_some_and(|at| now.since(at) < lately)
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
