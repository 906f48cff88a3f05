//! How loaded a node is: its recent latencies, and the requests in flight.
//!
//! A latency is measured under the load of its time, and requests that share a node slow each other
//! down. How much is unknown: by nothing where the node has capacity to spare, and in proportion
//! where it has none. The middle is taken: a latency is divided by the square root of the requests
//! that shared it, and multiplied by that of those that would share it now. So a crowd at a fast
//! node does not make an empty slow one look better than it is.
//!
//! Only what was answered well is a latency. Silence counts as well: while requests are in flight,
//! the latency is at least the time since the node's last response. What fails adds a penalty,
//! which fades faster than the estimate.

mod fading;
mod peak_ewma;

use std::time::Duration;

use fading::{Fading, Ticks};
use peak_ewma::PeakEwma;

use crate::balance::moment::Moment;
use crate::balance::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// What a failure adds to the latency, in seconds: linkerd's default. Far above any latency that a
/// user would accept, so that nodes which respond are preferred, and finite, so that failing nodes
/// are still distinguished by their load.
const PENALTY: f32 = 5.0;

/// The time constant of a penalty. After eight seconds it is below a fast answer's latency.
const FORGIVENESS: Ticks = Ticks::of(Duration::from_secs(1));

/// The part of a penalty that is left after a good response. One failure among many such answers
/// tells of its request and not of the node: without this, one request a second that fails wherever
/// it is sent keeps most of nine nodes from having their share, and at 0.6 of their capacity the
/// slowest hundredth of all requests takes 21 ms rather than 4.8 ms, in `tests/simulator`.
const MENDED: f32 = 0.1;

/// The latency of a node that has not responded yet, in seconds, while it has requests in flight.
/// Without any it costs nothing: so a new node gets one request to be measured by, and more when
/// that is answered.
const UNKNOWN: f32 = 1.0;

/// Minimum latency, in seconds, assumed for a refused request if nothing else is known of the node:
/// longer than most responses take, so that a node which refuses everything attracts no requests.
const REFUSAL: f32 = 0.01;

/// Minimum time, in seconds, by which a node that sheds load counts as slower.
const SHED: f32 = 0.001;

/// Minimum silence that counts against the node and not just one request: the node has sent no
/// response at all in that time.
const LONG_SILENCE: Duration = Duration::from_secs(1);

/// The load of one node.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// The latency of a request that has the node for itself.
    latency: PeakEwma,
    penalty: Fading,
    /// When the node last responded.
    heard: AtomicU64,
    /// Requests begun since then.
    unanswered: AtomicU32,
    /// When the second of them was.
    silent: AtomicU64,
}

impl Load {
    /// Records that a request was given to the node.
    pub(crate) fn begun(&self, now: Moment) {
        // One alone may be a long request. A second shows whether the node is alive.
        if self.unanswered.fetch_add(1, Relaxed) == 1 {
            self.silent.store(now.as_nanos(), Relaxed);
        }
    }

    /// Records that the node responded, with any result, to a request begun at `begun`.
    pub(crate) fn heard(&self, begun: Moment, now: Moment) {
        self.heard.store(now.as_nanos(), Relaxed);
        // A response to an older request says nothing about those that have waited since.
        if begun.as_nanos() >= self.silent.load(Relaxed) {
            self.unanswered.store(0, Relaxed);
        }
    }

    /// Records that a request, one of `sharing` on the node, succeeded within `latency`.
    pub(crate) fn answered(&self, latency: Duration, sharing: usize, now: Moment) {
        self.heard(now.before(latency), now);
        self.latency.observe(alone(latency, sharing), latency.as_secs_f32(), now);
        let penalty = self.penalty.at(now, FORGIVENESS) * MENDED;
        if penalty > f32::EPSILON {
            self.penalty.store(penalty, now);
        } else {
            self.penalty.set_to_nothing();
        }
    }

    /// Records that the node refused a request within `latency`, for a reason of the request's own.
    /// That says little about the time of real work, and must not make the node look fast.
    pub(crate) fn refused(&self, latency: Duration, sharing: usize, now: Moment) {
        self.latency.hold(alone(latency, sharing).max(REFUSAL), now);
    }

    /// Records that a request was given up after `waited`: a response would have taken longer. It
    /// counts against the node if that was silent all the while; otherwise the request alone may be
    /// slow. Returns whether the node was silent, for long, all the while.
    pub(crate) fn given_up(&self, waited: Duration, sharing: usize, now: Moment) -> bool {
        let latency = alone(waited, sharing);
        let silent = self.silence(now) >= waited;
        if silent {
            self.latency.raise(latency, now);
        } else if latency > self.latency.at(now) {
            self.latency.observe(latency, waited.as_secs_f32(), now);
        }
        silent && waited >= LONG_SILENCE
    }

    /// Records that the node failed a request.
    pub(crate) fn failed(&self, now: Moment) {
        self.penalty.store(PENALTY, now);
    }

    /// Records that the node sheds load: it costs one latency more for each request that it has
    /// recently refused.
    pub(crate) fn shed(&self, now: Moment) {
        let latency = self.latency.at(now).max(SHED);
        let penalty = self.penalty.at(now, FORGIVENESS) + latency;
        self.penalty.store(penalty.min(PENALTY), now);
    }

    /// Forgets everything, for a node that has returned.
    pub(crate) fn forget(&self) {
        self.latency.forget();
        self.penalty.set_to_nothing();
        self.unanswered.store(0, Relaxed);
    }

    /// Returns the cost of one more request beside `in_flight` others: in seconds, the expected
    /// latency times the slowdown of all that share the node, itself included.
    pub(crate) fn cost(&self, in_flight: usize, now: Moment) -> f32 {
        self.cost_by(self.latency.at(now), in_flight, now)
    }

    /// Returns the same without the fading of old estimates. Still zero if there is none.
    #[cfg(feature = "dynamodb_config")]
    pub(crate) fn unfaded_cost(&self, in_flight: usize, now: Moment) -> f32 {
        self.cost_by(self.latency.unfaded(now), in_flight, now)
    }

    fn cost_by(&self, mut latency: f32, in_flight: usize, now: Moment) -> f32 {
        let slowdown = slowdown(in_flight + 1);
        if in_flight > 0 {
            if latency == 0.0 {
                latency = UNKNOWN;
            }
            latency = (latency * slowdown).max(self.seconds_silent(now));
        }
        (latency + self.penalty.at(now, FORGIVENESS)) * slowdown
    }

    /// Returns the expected latency of a request beside `in_flight` others, if anything is known.
    pub(crate) fn latency(&self, in_flight: usize, now: Moment) -> Option<Duration> {
        let latency = self.latency.at(now) * slowdown(in_flight + 1);
        (latency > 0.0).then(|| Duration::from_secs_f32(latency))
    }

    /// Returns the time since the node last responded.
    pub(crate) fn silence(&self, now: Moment) -> Duration {
        now.since(Moment::from_nanos(self.heard.load(Relaxed)))
    }

    /// Returns how long requests, not counting a single one, have had no response.
    fn seconds_silent(&self, now: Moment) -> f32 {
        if self.unanswered.load(Relaxed) < 2 {
            return 0.0;
        }
        now.seconds_since(Moment::from_nanos(self.silent.load(Relaxed)))
    }
}

/// Returns how much slower a request is if `sharing` requests share the node.
fn slowdown(sharing: usize) -> f32 {
    (sharing as f32).sqrt()
}

/// Returns the latency, in seconds, that a request would have had alone.
fn alone(latency: Duration, sharing: usize) -> f32 {
    latency.as_secs_f32() / slowdown(sharing.max(1))
}

#[cfg(test)]
mod tests;
