//! What is known of a table, at one moment.

use std::sync::Arc;
use std::time::Duration;

use super::pace::DENIED;
use crate::balance::moment::Moment;
use crate::dynamodb::access::Isolation;
use crate::keys::partition_key::PartitionKey;
use crate::keys::replicas::Replicas;

/// What is known of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableInfo {
    pub(crate) key: PartitionKey,
    /// A UUID; `None` if the table has not been looked up, or the server does not report it.
    pub(crate) id: Option<Box<str>>,
    pub(crate) replicas: Option<Arc<Replicas>>,
    /// The replicas that the coordinators of keys are chosen from: as they were looked up, in an
    /// order that all clients share. Hints do not change them, as other clients get other hints.
    pub(crate) ordered: Option<Arc<Replicas>>,
    pub(crate) isolation: Option<Isolation>,
    /// When the table was last looked up; with `ordered`, when these were.
    pub(crate) looked_up_at: Option<Moment>,
}

impl TableInfo {
    /// Returns what the user has configured for a table.
    pub(super) fn configured(key: PartitionKey) -> Self {
        Self { key, id: None, replicas: None, ordered: None, isolation: None, looked_up_at: None }
    }

    /// Returns whether ordered replicas were looked up recently. A lookup by a role that may not
    /// read the order then keeps them. That role looks again after `DENIED`; unless another role
    /// has looked up the table by then, the order is dropped.
    pub(crate) fn has_recent_order(&self, max_age: Duration, now: Moment) -> bool {
        let recent = DENIED.max(max_age.saturating_mul(2));
        self.ordered.is_some() && self.looked_up_at.is_some_and(|at| now.since(at) < recent)
    }

    /// Returns whether requests are routed the same by both.
    pub(super) fn routes_like(&self, other: &Self) -> bool {
        self.key == other.key
            && self.id == other.id
            && route_alike(self.replicas.as_ref(), other.replicas.as_ref())
            && route_alike(self.ordered.as_ref(), other.ordered.as_ref())
            && self.isolation == other.isolation
    }
}

fn route_alike(one: Option<&Arc<Replicas>>, other: Option<&Arc<Replicas>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.routes_like(other),
        (one, other) => one.is_none() && other.is_none(),
    }
}
