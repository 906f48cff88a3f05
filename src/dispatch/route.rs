//! Where a request belongs: to the replicas of its keys, or to their coordinator.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};

use crate::keys::key::Token;
use crate::tables::Table;

/// Which node a request should go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// Any replica of its keys.
    Replica,
    /// The coordinator of its keys.
    Coordinator,
}

/// A partition of a table.
#[derive(Clone, Debug)]
pub(crate) struct Partition {
    pub(crate) table: Arc<Table>,
    /// `None` if it is not known.
    pub(crate) token: Option<Token>,
    /// [`Key::hash`](crate::keys::key::Key::hash) for [`Aim::Coordinator`]; 0 otherwise.
    pub(crate) hash: i64,
}

/// The partitions of a request's keys.
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

/// The response header in which a node that holds no replica of a key may list the nodes that do.
const HINT: HeaderName = HeaderName::from_static("x-scylla-alternator-routing-v1");

impl Route {
    /// Applies the routing hint of a response to the table of its request.
    pub(crate) fn apply_hint(&self, answer: &HeaderMap) {
        if let (Partitions::One(partition), Some(hint)) = (&self.partitions, answer.get(HINT))
            && let Some(token) = partition.token
        {
            partition.table.hint(hint.as_bytes(), token);
        }
    }
}
