//! Which nodes earlier attempts of an SDK invocation have failed on.
//!
//! The SDK retries by calling the connector anew, for the same invocation. Only invocations whose
//! attempt failed are remembered, so that a first attempt costs nothing.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;

use crate::dynamodb::headers::{INVOCATION_ID, REQUEST};

/// Number of failed invocations remembered at once. On a collision of two the older one is
/// forgotten: its retry may then meet a node again, as it would without this memory.
const SLOTS: usize = 1024;

/// An invocation: a number of our own, or the hash of the SDK's invocation ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invocation(pub(super) u64);

/// Which attempt of its invocation a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) invocation: Invocation,
    pub(crate) is_first: bool,
}

impl Attempt {
    /// Returns what the SDK's headers say, if the request has them.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut hasher = DefaultHasher::new();
        headers.get(INVOCATION_ID)?.as_bytes().hash(&mut hasher);
        Some(Self {
            invocation: Invocation(hasher.finish()),
            is_first: headers.get(REQUEST).is_none_or(|v| number(v.as_bytes()) == Some(b"1")),
        })
    }
}

/// A node that an earlier attempt failed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) node: SocketAddr,
    /// Whether the node responded, with an error of its own.
    pub(crate) answered: bool,
}

/// Where an invocation has failed so far.
#[derive(Debug)]
struct Failed {
    invocation: Invocation,
    nodes: Vec<Failure>,
}

#[derive(Debug)]
pub(crate) struct Attempts {
    slots: Box<[Mutex<Option<Failed>>]>,
}

impl Attempts {
    pub(crate) fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| Mutex::default()).collect() }
    }

    /// Returns the nodes that the invocation's earlier attempts failed on.
    pub(crate) fn before(&self, attempt: Attempt) -> Vec<Failure> {
        if attempt.is_first {
            return Vec::new();
        }
        let slot = self.slot(attempt.invocation).lock().unwrap_or_else(PoisonError::into_inner);
        match &*slot {
            Some(failed) if failed.invocation == attempt.invocation => failed.nodes.clone(),
            _ => Vec::new(),
        }
    }

    /// Records where an attempt failed; of several failures on one node, the last.
    fn failed(&self, invocation: Invocation, failure: Failure) {
        let mut slot = self.slot(invocation).lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *slot {
            Some(failed) if failed.invocation == invocation => {
                failed.nodes.retain(|earlier| earlier.node != failure.node);
                failed.nodes.push(failure);
            }
            slot => *slot = Some(Failed { invocation, nodes: vec![failure] }),
        }
    }

    fn slot(&self, invocation: Invocation) -> &Mutex<Option<Failed>> {
        &self.slots[invocation.0 as usize % SLOTS]
    }
}

/// The nodes that a call has tried. They are recorded for later attempts unless the call succeeds:
/// also if it is dropped while it waits, as by the SDK's timeouts.
#[derive(Debug)]
pub(crate) struct TriedNodes {
    attempts: Arc<Attempts>,
    invocation: Option<Invocation>,
    nodes: Mutex<Nodes>,
    /// Whether the latest node has responded.
    answered: bool,
}

#[derive(Debug, Default)]
struct Nodes {
    latest: Option<SocketAddr>,
    /// Empty, and so not allocated, for requests whose first node could be connected.
    before: Vec<SocketAddr>,
}

impl TriedNodes {
    pub(crate) fn new(attempts: &Arc<Attempts>, invocation: Option<Invocation>) -> Self {
        Self {
            attempts: Arc::clone(attempts),
            invocation,
            nodes: Mutex::default(),
            answered: false,
        }
    }

    /// Marks `node` as tried.
    pub(crate) fn mark(&self, node: SocketAddr) {
        let nodes = &mut *self.nodes();
        nodes.before.extend(nodes.latest.replace(node));
    }

    /// Unmarks `node`, as it was not its fault that the request could not be sent.
    pub(crate) fn may_try_again(&self, node: SocketAddr) {
        let nodes = &mut *self.nodes();
        nodes.latest.take_if(|latest| *latest == node);
        nodes.before.retain(|before| *before != node);
    }

    /// Returns whether the call has tried `node`.
    pub(crate) fn has_tried(&self, node: SocketAddr) -> bool {
        let nodes = self.nodes();
        nodes.latest == Some(node) || nodes.before.contains(&node)
    }

    /// Returns how many nodes the call has tried.
    pub(crate) fn tried(&self) -> usize {
        let nodes = self.nodes();
        nodes.before.len() + usize::from(nodes.latest.is_some())
    }

    pub(crate) fn forget(mut self) {
        self.invocation = None;
    }

    /// Records the nodes as failed, the latest as one that responded with an error to be retried.
    pub(crate) fn answered(mut self) {
        self.answered = true;
    }

    fn nodes(&self) -> MutexGuard<'_, Nodes> {
        // A panic cannot leave a list of addresses in a state that matters.
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TriedNodes {
    fn drop(&mut self) {
        if let Some(invocation) = self.invocation {
            let nodes = self.nodes();
            let failed = |node: &SocketAddr, answered| {
                let node = *node;
                self.attempts.failed(invocation, Failure { node, answered });
            };
            nodes.before.iter().for_each(|node| failed(node, false));
            if let Some(latest) = &nodes.latest {
                failed(latest, self.answered);
            }
        }
    }
}

/// Returns the number in `attempt=2; max=3`, which may have other parts in any order.
fn number(value: &[u8]) -> Option<&[u8]> {
    value.split(|b| *b == b';').find_map(|part| part.trim_ascii().strip_prefix(b"attempt="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(id: &str, request: &str) -> Attempt {
        let mut headers = HeaderMap::new();
        headers.insert(INVOCATION_ID, id.parse().unwrap());
        headers.insert(REQUEST, request.parse().unwrap());
        Attempt::of(&headers).unwrap()
    }

    fn node(i: u8) -> Failure {
        Failure { node: ([10, 0, 0, i], 8000).into(), answered: false }
    }

    #[test]
    fn a_later_attempt_knows_where_its_invocation_failed() {
        let attempts = Attempts::new();
        attempts.failed(attempt("a", "attempt=1; max=3").invocation, node(1));
        attempts.failed(attempt("a", "attempt=2; max=3").invocation, node(2));
        let third = attempt("a", "ttl=20260101T000000Z; attempt=3; max=3");
        assert_eq!(attempts.before(third), [node(1), node(2)]);
        assert_eq!(attempts.before(attempt("b", "attempt=2; max=3")), []);
    }

    #[test]
    fn of_a_node_that_was_tried_again_the_last_attempt_counts() {
        let attempts = Arc::new(Attempts::new());
        let invocation = Invocation::next();
        let fail = |answered: bool| {
            let tried_nodes = TriedNodes::new(&attempts, Some(invocation));
            tried_nodes.mark(node(1).node);
            tried_nodes.mark(node(2).node);
            if answered {
                tried_nodes.answered();
            }
        };
        let before = || {
            attempts
                .before(Attempt { invocation, is_first: false })
                .iter()
                .map(|f| f.answered)
                .collect::<Vec<_>>()
        };
        fail(true);
        assert_eq!(before(), [false, true]);
        fail(false);
        assert_eq!(before(), [false, false]);
    }

    #[test]
    fn a_first_attempt_and_a_request_without_the_headers_know_nothing() {
        let attempts = Attempts::new();
        attempts.failed(attempt("a", "attempt=1").invocation, node(1));
        assert_eq!(attempts.before(attempt("a", "attempt=1; max=3")), []);
        assert_eq!(Attempt::of(&HeaderMap::new()), None);
    }

    #[test]
    fn invocations_are_told_apart() {
        assert_ne!(Invocation::next(), Invocation::next());
        let of = |id| attempt(id, "attempt=1").invocation;
        assert_eq!(of("a"), of("a"));
        assert_ne!(of("a"), of("b"));
    }

    #[test]
    fn the_memory_is_bounded() {
        let attempts = Attempts::new();
        for i in 0..10 * SLOTS {
            let id = attempt(&i.to_string(), "attempt=1").invocation;
            attempts.failed(id, node(1));
        }
        let kept = attempts.slots.iter().filter(|p| p.lock().unwrap().is_some()).count();
        assert!(kept <= SLOTS);
    }
}
