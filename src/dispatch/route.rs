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
pub(crate) struct Place {
    pub(crate) table: Arc<Table>,
    /// `None` where the key has none that is known of.
    pub(crate) token: Option<Token>,
    /// [`Key::hash`](crate::keys::key::Key::hash), for requests that aim at the coordinator; 0 for all
    /// others.
    pub(crate) hash: i64,
}

/// The places that a request is about.
#[derive(Clone, Debug)]
pub(crate) enum Places {
    One(Place),
    /// Two or more.
    Many(Arc<[Place]>),
}

/// Where a request belongs.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) aim: Aim,
    pub(crate) places: Places,
}

/// The header in which a node that holds no replica of a key may say who does.
const HINT: HeaderName = HeaderName::from_static("x-scylla-alternator-routing-v1");

impl Route {
    /// Takes to heart what the answer to the request says of where it belonged.
    pub(crate) fn heed(&self, answer: &HeaderMap) {
        if let (Places::One(place), Some(hint)) = (&self.places, answer.get(HINT))
            && let Some(token) = place.token
        {
            place.table.hint(hint.as_bytes(), token);
        }
    }
}
