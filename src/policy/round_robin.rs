//! Every node in turn.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::Choose;

/// The cursor outlives every snapshot, so a refresh does not send everyone back to the first node.
#[derive(Debug)]
pub(super) struct RoundRobin(AtomicUsize);

impl RoundRobin {
    /// Clients begin at different places, so that a thousand fresh ones do not open with the same node.
    pub(super) fn starting_at(cursor: usize) -> Self {
        Self(AtomicUsize::new(cursor))
    }
}

impl Choose for RoundRobin {
    fn first(&self, nodes: usize) -> usize {
        self.0.fetch_add(1, Relaxed) % nodes
    }
}
