//! A latency that is followed up at once and down slowly.
//!
//! This is the peak-EWMA of finagle (`PeakEwma.scala`) and linkerd, with two rules added. A slow answer between faster ones is no
//! peak, as it tells of the request and not of the node. Nor are slow answers to requests that waited at the same time: together
//! they tell of one bad moment, which may be over.

use std::time::Duration;

use super::fading::{Fading, Ticks};
use crate::moment::Moment;

/// The time constant by which an estimate follows lower latencies, and fades where there are none, so that a node which was slow
/// is tried again: finagle's and linkerd's default. It is long because a client that sends one request per second should try
/// a slow node only now and then.
const DECAY: Ticks = Ticks::of(Duration::from_secs(10));

/// An estimate that nothing was observed for in so long tells nothing any more. However slow a node was, it is tried again then;
/// by fading alone, one that took a second where others take a millisecond would be tried after 70 s.
const MEMORY: Ticks = Ticks::of(Duration::from_secs(30));

/// An estimate of a latency, in seconds; zero while nothing is known.
#[derive(Debug, Default)]
pub(super) struct PeakEwma {
    estimate: Fading,
    /// The latency that a higher one must follow to be believed, and when it was observed.
    last: Fading,
}

impl PeakEwma {
    /// Notes a latency that was seen now by a request that waited for so many seconds.
    pub(super) fn observe(&self, latency: f32, waited: f32, now: Moment) {
        let latency = latency.max(f32::MIN_POSITIVE);
        let (last, observed) = self.last.load();
        let was_sent_later = observed.until(now).may_be(waited);
        if was_sent_later || latency < last {
            self.last.store(latency, now);
        }
        let (estimate, stamp) = self.estimate.load();
        if estimate == 0.0 {
            return self.estimate.store(latency, now);
        }
        let believed = latency.min(last);
        if believed > estimate {
            if was_sent_later {
                self.estimate.store(believed, now);
            }
            return;
        }
        // What comes between two ticks changes nothing: what comes with the next one stands for it.
        let age = stamp.until(now);
        if age > Ticks::NONE {
            let kept = age.fade(DECAY);
            let estimate = estimate * kept + believed * (1.0 - kept);
            self.estimate.store(estimate, now);
        }
    }

    /// Says that the latency is at least this.
    pub(super) fn raise(&self, latency: f32, now: Moment) {
        if latency > self.at(now) {
            self.last.store(latency, now);
            self.estimate.store(latency, now);
        }
    }

    pub(super) fn at(&self, now: Moment) -> f32 {
        let (_, stamp) = self.estimate.load();
        if stamp.until(now) > MEMORY {
            0.0
        } else {
            self.estimate.at(now, DECAY)
        }
    }

    pub(super) fn forget(&self) {
        self.estimate.set_to_nothing();
    }
}
