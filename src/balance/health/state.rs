//! The health of one node. Its tests are in `mod.rs`, because this file may be included with other
//! atomics than the standard ones.

use std::sync::PoisonError;
use std::time::Duration;

use crate::balance::moment::Moment;
use crate::balance::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use crate::balance::sync::{Mutex, MutexGuard};

/// Failures in a row that eject a node. Envoy's five are meant for many requests a second and a
/// hundred hosts; each one here is a request of a user.
const FAILURES: u32 = 3;

/// The first wait before an unreachable node is probed, which doubles with each failed probe.
/// ScyllaDB's CQL driver reconnects after 50 ms to 10 s; a probe costs one connect, so a node that
/// returns need not be missed for as long.
const FIRST_COOL_DOWN: Duration = Duration::from_millis(100);
const LONGEST_COOL_DOWN: Duration = Duration::from_secs(5);

/// The first wait before an ejected node is probed. A probe cannot tell whether real requests would
/// fail, so the wait is longer, and goes on growing when the node fails again soon after it came
/// back.
const FIRST_EJECTION: Duration = Duration::from_secs(1);
const LONGEST_EJECTION: Duration = Duration::from_secs(60);

/// Jitter of waits, in both directions, so that clients do not probe in step: that of ScyllaDB's
/// CQL driver.
const JITTER: f64 = 0.15;

/// How long a node takes from its return to a full share. Long enough for caches that a restart has
/// emptied.
const SLOW_START: Duration = Duration::from_secs(10);

/// Share at the beginning of that time: Envoy's.
const FIRST_SHARE: f32 = 0.1;

/// A node that has served for this long without going out is a good one again: its next wait is the
/// first one.
const REHABILITATION: Duration = Duration::from_secs(60);

/// The multiplier of Knuth's MMIX generator.
const DRAW: u64 = 6_364_136_223_846_793_005;

/// A node that could not be connected for less than this has lost nothing, and has its full share
/// at once.
const INTERRUPTION: Duration = Duration::from_secs(1);

/// Why a node gets no requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Down {
    /// It cannot be connected.
    Unreachable,
    /// It fails requests.
    Ejected,
}

/// Whether a node serves, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NodeHealth {
    Serving,
    /// Serving since its return, with a share that still grows.
    Returning(Moment),
    Down(Down),
}

/// Returns whether one more node may be ejected if `out` of `all` are out: never more than half.
pub(crate) fn may_eject(out: usize, nodes: usize) -> bool {
    (out + 1) * 2 <= nodes
}

/// The health of one node.
#[derive(Debug)]
pub(crate) struct Health {
    /// A [`NodeHealth`] in one word, as it is read for every choice.
    node_health: AtomicU64,
    /// Failures in a row.
    failures: AtomicU32,
    record: Mutex<Record>,
}

/// State that is only read when something changes.
#[derive(Debug)]
struct Record {
    /// Waits in a row for the same reason.
    waits: u32,
    /// Why it last went out.
    why: Down,
    /// When the next probe is due, while it is out.
    due: Moment,
    /// When it last went out.
    left: Moment,
    /// When it last came back.
    back: Moment,
}

const SERVING: u64 = 0;
const UNREACHABLE: u64 = u64::MAX;
const EJECTED: u64 = u64::MAX - 1;

impl NodeHealth {
    fn to_word(self) -> u64 {
        match self {
            Self::Serving => SERVING,
            Self::Returning(since) => since.as_nanos().clamp(SERVING + 1, EJECTED - 1),
            Self::Down(Down::Unreachable) => UNREACHABLE,
            Self::Down(Down::Ejected) => EJECTED,
        }
    }

    fn from_word(word: u64) -> Self {
        match word {
            SERVING => Self::Serving,
            UNREACHABLE => Self::Down(Down::Unreachable),
            EJECTED => Self::Down(Down::Ejected),
            since => Self::Returning(Moment::from_nanos(since)),
        }
    }
}

impl Health {
    /// A node with its full share at once, as for all nodes of the first snapshot.
    pub(crate) fn good() -> Self {
        Self {
            node_health: AtomicU64::new(SERVING),
            failures: AtomicU32::new(0),
            record: Mutex::new(Record {
                waits: 0,
                why: Down::Unreachable,
                due: Moment::default(),
                left: Moment::default(),
                back: Moment::default(),
            }),
        }
    }

    fn node_health(&self) -> NodeHealth {
        NodeHealth::from_word(self.node_health.load(Relaxed))
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        // Numbers are never left half changed.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns why the node is out, if it is.
    pub(crate) fn out(&self) -> Option<Down> {
        match self.node_health() {
            NodeHealth::Down(out) => Some(out),
            NodeHealth::Serving | NodeHealth::Returning(_) => None,
        }
    }

    /// Returns the part of its full share that the node gets: zero while it is out, and usually
    /// one.
    pub(crate) fn share(&self, now: Moment) -> f32 {
        match self.node_health() {
            NodeHealth::Serving => 1.0,
            NodeHealth::Down(_) => 0.0,
            NodeHealth::Returning(since) => {
                let part = now.seconds_since(since) / SLOW_START.as_secs_f32();
                part.clamp(FIRST_SHARE, 1.0)
            }
        }
    }

    /// Returns whether the node admits a request with the random number `draw`, for which it
    /// competes with `rivals` nodes. A node that has just returned is the least loaded, and would
    /// otherwise win every request that it admits.
    pub(crate) fn admits(&self, now: Moment, draw: u64, rivals: usize) -> bool {
        match self.share(now) {
            1.0 => true,
            // The high bits of the product depend on the whole draw, unlike those by which nodes
            // are drawn.
            share => {
                let luck = (draw.wrapping_mul(DRAW) >> 40) as f32 / ((1 << 24) as f32);
                luck * (rivals as f32) < share
            }
        }
    }

    /// Returns whether the node has returned after `begun`: such a request says nothing about it
    /// now.
    pub(crate) fn has_returned_since(&self, begun: Moment) -> bool {
        matches!(self.node_health(), NodeHealth::Returning(since) if begun < since)
    }

    /// Records a successful request.
    pub(crate) fn succeeded(&self) {
        // Written only when it changes: the line stays shared between the threads that read it.
        if self.failures.load(Relaxed) != 0 {
            self.failures.store(0, Relaxed);
        }
    }

    /// Records a failure that counts as `weight` ones, and returns whether to eject the node. A
    /// node that has just come back is on probation: one failure is enough.
    pub(crate) fn failed(&self, weight: u32, now: Moment) -> bool {
        let failures = self.failures.fetch_add(weight, Relaxed) + weight;
        match self.node_health() {
            NodeHealth::Serving => failures >= FAILURES,
            NodeHealth::Returning(_) => self.share(now) < 1.0 || failures >= FAILURES,
            NodeHealth::Down(_) => false,
        }
    }

    /// Takes the node out of service, and returns whether it was in. `draw` is a random number from
    /// zero to one.
    pub(crate) fn take_out(&self, why: Down, now: Moment, draw: f64) -> bool {
        let mut record = self.record();
        if self.out().is_some() {
            return false;
        }
        // An outage for another reason is a new one, as of a node that fails while it starts.
        if now.since(record.back) >= REHABILITATION || record.why != why {
            record.waits = 0;
        }
        record.why = why;
        self.set(NodeHealth::Down(why));
        record.left = now;
        record.wait(why, now, draw);
        true
    }

    /// Records that a probe failed, and `why`: the next one comes later.
    pub(crate) fn probe_failed(&self, why: Down, now: Moment, draw: f64) {
        let mut record = self.record();
        if self.out().is_some() {
            self.set(NodeHealth::Down(why));
            record.wait(why, now, draw);
        }
    }

    /// Brings the node back, and returns whether it was out.
    pub(crate) fn bring_back(&self, now: Moment) -> bool {
        let mut record = self.record();
        let Some(why) = self.out() else {
            return false;
        };
        self.failures.store(0, Relaxed);
        record.back = now;
        let interrupted = why == Down::Unreachable && now.since(record.left) < INTERRUPTION;
        self.set(if interrupted { NodeHealth::Serving } else { NodeHealth::Returning(now) });
        true
    }

    /// Starts a new node with a small share.
    pub(crate) fn join(&self, now: Moment) {
        self.set(NodeHealth::Returning(now));
    }

    /// Returns when the next probe is due, if the node is out.
    pub(crate) fn probe_due(&self) -> Option<Moment> {
        let record = self.record();
        self.out().map(|_| record.due)
    }

    /// Moves the next probe to within a second, because the nodes that serve are no better.
    pub(crate) fn hurry(&self, now: Moment) {
        let mut record = self.record();
        record.due = record.due.min(now.after(FIRST_EJECTION));
    }

    fn set(&self, node_health: NodeHealth) {
        self.node_health.store(node_health.to_word(), Relaxed);
    }
}

impl Record {
    fn wait(&mut self, why: Down, now: Moment, draw: f64) {
        let (first, longest) = match why {
            Down::Unreachable => (FIRST_COOL_DOWN, LONGEST_COOL_DOWN),
            Down::Ejected => (FIRST_EJECTION, LONGEST_EJECTION),
        };
        // Doubled ten times, either reaches its maximum.
        let wait = (first * (1 << self.waits.min(10))).min(longest);
        self.waits = self.waits.saturating_add(1);
        self.due = now.after(wait.mul_f64(1.0 - JITTER + 2.0 * JITTER * draw));
    }
}
