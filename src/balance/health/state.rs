//! The health of one node. Its tests are beside `mod.rs`, because this file may be included with
//! other atomics than the standard ones.

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

/// How much waits vary in both directions, so that clients do not probe in step: that of ScyllaDB's
/// CQL driver.
const JITTER: f64 = 0.15;

/// How long a node takes from its return to a full share. Long enough for caches that a restart has
/// emptied.
const SLOW_START: Duration = Duration::from_secs(10);

/// The share at the beginning of that time: Envoy's.
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

/// How a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NodeHealth {
    Serving,
    /// Serving since then, with a share that still grows.
    Returning(Moment),
    Down(Down),
}

/// Whether one more node may be ejected, where so many of all are out: never if that makes more
/// than half.
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

/// What is only looked at when something changes.
#[derive(Debug)]
struct Record {
    /// Waits in a row for the same reason.
    waits: u32,
    /// Why it went out the last time.
    why: Down,
    /// When it is to be probed, while it is out.
    due: Moment,
    /// When it went out the last time.
    left: Moment,
    /// When it came back the last time.
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
    /// A node that has its full share at once, as all do that are there from the beginning.
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

    /// Why the node is out, if it is.
    pub(crate) fn out(&self) -> Option<Down> {
        match self.node_health() {
            NodeHealth::Down(out) => Some(out),
            NodeHealth::Serving | NodeHealth::Returning(_) => None,
        }
    }

    /// The part of a full share that the node may have: zero while it is out, and one as a rule.
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

    /// Whether the node may have a request, of which `draw` is a random number, where as many nodes
    /// as are `rivals` would get it from each other. A node that has just returned is the least
    /// loaded of all, and would else get each request that it may have.
    pub(crate) fn admits(&self, now: Moment, draw: u64, rivals: usize) -> bool {
        match self.share(now) {
            1.0 => true,
            // The high bits of the product depend on all of the draw, other than those by which
            // nodes are drawn.
            share => {
                let luck = (draw.wrapping_mul(DRAW) >> 40) as f32 / ((1 << 24) as f32);
                luck * (rivals as f32) < share
            }
        }
    }

    /// Whether a request that was begun then tells of the node as it was before its return.
    pub(crate) fn has_returned_since(&self, begun: Moment) -> bool {
        matches!(self.node_health(), NodeHealth::Returning(since) if begun < since)
    }

    /// Says that the node did what was asked.
    pub(crate) fn succeeded(&self) {
        // Written only when it changes: the line stays shared between the threads that read it.
        if self.failures.load(Relaxed) != 0 {
            self.failures.store(0, Relaxed);
        }
    }

    /// Says that the node failed `weight` requests, and answers whether that makes it one to eject.
    /// A node that has just come back is on probation: one failure is enough.
    pub(crate) fn failed(&self, weight: u32, now: Moment) -> bool {
        let failures = self.failures.fetch_add(weight, Relaxed) + weight;
        match self.node_health() {
            NodeHealth::Serving => failures >= FAILURES,
            NodeHealth::Returning(_) => self.share(now) < 1.0 || failures >= FAILURES,
            NodeHealth::Down(_) => false,
        }
    }

    /// Takes the node out of service, and answers whether it was in. `draw` is a random number from
    /// zero to one.
    pub(crate) fn take_out(&self, why: Down, now: Moment, draw: f64) -> bool {
        let mut record = self.record();
        if self.out().is_some() {
            return false;
        }
        // A node that starts has its first failures behind what it was out for before.
        if now.since(record.back) >= REHABILITATION || record.why != why {
            record.waits = 0;
        }
        record.why = why;
        self.set(NodeHealth::Down(why));
        record.left = now;
        record.wait(why, now, draw);
        true
    }

    /// Notes that a probe got no answer, and `why`: the next one comes later.
    pub(crate) fn probe_failed(&self, why: Down, now: Moment, draw: f64) {
        let mut record = self.record();
        if self.out().is_some() {
            self.set(NodeHealth::Down(why));
            record.wait(why, now, draw);
        }
    }

    /// Brings the node back, and answers whether it was out.
    pub(crate) fn bring_back(&self, now: Moment) -> bool {
        let mut record = self.record();
        let Some(why) = self.out() else {
            return false;
        };
        self.failures.store(0, Relaxed);
        record.back = now;
        let interrupted = why == Down::Unreachable && now.since(record.left) < INTERRUPTION;
        self.set(match interrupted {
            true => NodeHealth::Serving,
            false => NodeHealth::Returning(now),
        });
        true
    }

    /// Lets a new node begin with a small share.
    pub(crate) fn join(&self, now: Moment) {
        self.set(NodeHealth::Returning(now));
    }

    /// When the node is to be probed, if it is out.
    pub(crate) fn probe_due(&self) -> Option<Moment> {
        let record = self.record();
        self.out().map(|_| record.due)
    }

    /// Lets the next probe come within a second, because those that serve are no better.
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
        // Doubled ten times, either reaches its longest.
        let wait = (first * (1 << self.waits.min(10))).min(longest);
        self.waits = self.waits.saturating_add(1);
        self.due = now.after(wait.mul_f64(1.0 - JITTER + 2.0 * JITTER * draw));
    }
}
