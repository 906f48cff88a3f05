//! A latency that is followed up at once and down slowly.
//!
//! This is the peak-EWMA of finagle (`PeakEwma.scala`) and linkerd, with two rules added. A slow
//! answer between faster ones is no peak, as it tells of the request and not of the node. Nor are
//! slow answers to requests that waited at the same time and come at the same time: together they
//! tell of one bad moment, which is over. Those that go on coming tell of one that is not.

use std::time::Duration;

use super::fading::{Fading, Ticks};
use crate::balance::moment::Moment;

/// The time constant by which an estimate follows lower latencies, and fades where there are none,
/// so that a node which was slow is tried again: finagle's and linkerd's default. It is long
/// because a client that sends one request per second should try a slow node only now and then.
const DECAY: Ticks = Ticks::of(Duration::from_secs(10));

/// Age after which an estimate without observations says nothing. However slow a node was, it is
/// tried again then; by fading alone, one that took a second where others take a millisecond would
/// be tried after 70 s.
const MEMORY: Ticks = Ticks::of(Duration::from_secs(30));

/// A bad moment ends with the first slow response, and the others that waited for its end then come
/// within the usual time. Slow responses that come later than this many times the usual mean a slow
/// node.
const LATER: f32 = 2.0;

/// And later than this part of their own wait.
const LATER_OF_WAIT: f32 = 0.25;

/// An estimate of a latency, in seconds; zero while nothing is known.
#[derive(Debug, Default)]
pub(super) struct PeakEwma {
    estimate: Fading,
    /// The latency, and its time, that a higher one must follow to be counted.
    last: Fading,
}

impl PeakEwma {
    /// Records a latency that was observed now by a request that waited for `waited` seconds.
    pub(super) fn observe(&self, latency: f32, waited: f32, now: Moment) {
        let latency = latency.max(f32::MIN_POSITIVE);
        let (last, observed) = self.last.load();
        let (estimate, stamp) = self.estimate.load();
        let since = observed.until(now);
        let was_sent_later = since.may_be(waited);
        let expected = estimate * waited / latency;
        let goes_on = since.exceeds((expected * LATER).max(waited * LATER_OF_WAIT));
        if was_sent_later || latency < last {
            self.last.store(latency, now);
        }
        if estimate == 0.0 {
            return self.estimate.store(latency, now);
        }
        let believed = latency.min(last);
        if believed > estimate {
            if was_sent_later || goes_on {
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

    /// Raises the latency to at least this.
    pub(super) fn raise(&self, latency: f32, now: Moment) {
        if latency > self.at(now) {
            self.last.store(latency, now);
            self.estimate.store(latency, now);
        }
    }

    /// Keeps the estimate from fading; `otherwise` is its value if nothing is known.
    pub(super) fn hold(&self, otherwise: f32, now: Moment) {
        let known = self.unfaded(now);
        self.estimate.store(if known > 0.0 { known } else { otherwise }, now);
    }

    pub(super) fn at(&self, now: Moment) -> f32 {
        let (_, stamp) = self.estimate.load();
        if stamp.until(now) > MEMORY { 0.0 } else { self.estimate.at(now, DECAY) }
    }

    /// Returns the estimate as it was last made, without fading.
    pub(super) fn unfaded(&self, now: Moment) -> f32 {
        let (estimate, stamp) = self.estimate.load();
        if stamp.until(now) > MEMORY { 0.0 } else { estimate }
    }

    pub(super) fn forget(&self) {
        self.estimate.set_to_nothing();
    }
}
