//! What is still to happen, in the order of time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use super::calls::Id;
use crate::balance::moment::Moment;

/// Something that happens at a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// A fault of the setting begins or ends.
    Change { index: usize },
    /// A user of this client calls.
    Call { client: usize },
    /// A request that the node answers with an error, wherever it is sent.
    Poison { client: usize },
    /// A connect has ended.
    Connected { id: Id, client: usize, node: usize, begun: Moment, well: bool },
    /// The latest node has had its head start.
    HeadStart { id: Id },
    /// A request reaches its node.
    Reach { id: Id, node: usize },
    /// A worker of the node is done.
    Done { id: Id, node: usize },
    /// The answer reaches the client; a status of 500 if not `well`.
    Answer { id: Id, well: bool },
    /// The connection breaks.
    Break { id: Id },
    /// The SDK tries once more.
    Retry { id: Id },
    /// It may be time to probe a node that is out.
    Probe { client: usize, node: usize },
    /// A probe has ended.
    Probed { client: usize, node: usize, found: Found },
}

/// What a probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Found {
    Well,
    NotConnected,
    NotAnswering,
}

/// The events to come. Those of the same time happen in the order in which they were added.
#[derive(Default)]
pub(crate) struct Events {
    heap: BinaryHeap<Reverse<(Moment, u64, Event)>>,
    added: u64,
    /// Requests and the ends of their patience. All are equally patient, so these are in order.
    limits: VecDeque<(Moment, Id)>,
}

/// What comes next.
pub(crate) enum Next {
    Event(Event),
    /// The patience of a request ends, if it still waits.
    Limit(Id),
}

impl Events {
    pub(crate) fn at(&mut self, time: Moment, event: Event) {
        self.added += 1;
        self.heap.push(Reverse((time, self.added, event)));
    }

    pub(crate) fn limit(&mut self, time: Moment, id: Id) {
        self.limits.push_back((time, id));
    }

    /// The next event before `end`.
    pub(crate) fn next(&mut self, end: Moment) -> Option<(Moment, Next)> {
        let event = self.heap.peek().map_or(end, |Reverse((time, ..))| *time);
        let limit = self.limits.front().map_or(end, |(time, _)| *time);
        if event.min(limit) >= end {
            return None;
        }
        if limit < event {
            let (time, id) = self.limits.pop_front()?;
            return Some((time, Next::Limit(id)));
        }
        let Reverse((time, _, event)) = self.heap.pop()?;
        Some((time, Next::Event(event)))
    }
}

/// The time that is this much later.
pub(crate) fn later(now: Moment, seconds: f64) -> Moment {
    now.after(Duration::from_secs_f64(seconds))
}
