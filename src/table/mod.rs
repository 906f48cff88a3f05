//! What is known of the tables that requests are about.

mod registry;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arc_swap::{ArcSwapOption, Guard};

use crate::affinity::Isolation;
use crate::key::KeyType;
use crate::moment::Moment;
use crate::replicas::Replicas;
pub(crate) use registry::Tables;

/// The partition key of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartitionKey {
    pub(crate) name: Box<str>,
    pub(crate) key_type: KeyType,
}

/// What is known of a table.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) key: PartitionKey,
    pub(crate) replicas: Option<Arc<Replicas>>,
    pub(crate) isolation: Option<Isolation>,
}

/// A table that requests are about. Its state is looked at by every request, and changed by lessons.
#[derive(Debug)]
pub(crate) struct Table {
    name: Box<str>,
    known: ArcSwapOption<Known>,
    /// The moment from which it may be learned anew, as [`Moment::as_nanos`].
    due: AtomicU64,
}

impl Table {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            known: ArcSwapOption::empty(),
            due: AtomicU64::new(0),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn known(&self) -> Guard<Option<Arc<Known>>> {
        self.known.load()
    }

    pub(crate) fn learned(&self, known: Known) {
        self.known.store(Some(Arc::new(known)));
    }

    /// Whether it is time to learn of it.
    pub(crate) fn is_due(&self, now: Moment) -> bool {
        self.due.load(Relaxed) <= now.as_nanos()
    }
}
