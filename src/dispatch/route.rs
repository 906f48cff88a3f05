//! Where a request belongs: to the replicas of its keys, or to their coordinator.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};

use crate::keys::key::Token;
use crate::tables::Table;

/// What a request's own node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// Any replica of its keys.
    Replica,
    /// The coordinator of its keys.
    Coordinator,
}

/// A place among a table's partitions.
#[derive(Clone, Debug)]
pub(crate) struct Partition {
    pub(crate) table: Arc<Table>,
    /// `None` where the key has none that is known of.
    pub(crate) token: Option<Token>,
    /// [`Key::hash`](crate::keys::key::Key::hash), for requests that aim at the coordinator; 0 for
    /// all others.
    pub(crate) hash: i64,
}

/// The places that a request is about.
#[derive(Clone, Debug)]
pub(crate) enum Partitions {
    One(Partition),
    /// Two or more.
    Many(Arc<[Partition]>),
}

/// Where a request belongs.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) aim: Aim,
    pub(crate) partitions: Partitions,
}

/// The header in which a node that holds no replica of a key may say who does.
const HINT: HeaderName = HeaderName::from_static("x-scylla-alternator-routing-v1");

impl Route {
    /// Takes to heart what the answer to the request says of where it belonged.
    pub(crate) fn apply_hint(&self, answer: &HeaderMap) {
        if let (Partitions::One(partition), Some(hint)) = (&self.partitions, answer.get(HINT))
            && let Some(token) = partition.token
        {
            partition.table.hint(hint.as_bytes(), token);
        }
    }
}
