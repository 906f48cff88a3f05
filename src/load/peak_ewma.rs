//! A latency that is followed up at once and down slowly.
//!
//! This is the peak-EWMA of finagle (`PeakEwma.scala`) and linkerd, with one rule added: a slow answer between faster ones is no
//! peak, as it tells of the request and not of the node.

use std::time::Duration;

use super::fading::{Fading, Ticks};
use crate::moment::Moment;
use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The time constant by which an estimate follows lower latencies, and fades where there are none, so that a node which was slow
/// is tried again: finagle's and linkerd's default. It is long because a client that sends one request per second should try
/// a slow node only now and then.
const DECAY: Ticks = Ticks::of(Duration::from_secs(10));

/// An estimate of a latency, in seconds; zero while nothing is known.
#[derive(Debug, Default)]
pub(super) struct PeakEwma {
    estimate: Fading,
    /// The bits of the last latency that was observed.
    last: AtomicU32,
}

impl PeakEwma {
    pub(super) fn observe(&self, latency: Duration, now: Moment) {
        let latency = latency.as_secs_f32().max(f32::MIN_POSITIVE);
        let last = f32::from_bits(self.last.load(Relaxed));
        self.last.store(latency.to_bits(), Relaxed);
        let (estimate, stamp) = self.estimate.load();
        if estimate == 0.0 {
            return self.estimate.store(latency, now);
        }
        let believed = latency.min(last);
        if believed > estimate {
            return self.estimate.store(believed, now);
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
    pub(super) fn raise(&self, latency: Duration, now: Moment) {
        let latency = latency.as_secs_f32();
        if latency > self.at(now) {
            self.last.store(latency.to_bits(), Relaxed);
            self.estimate.store(latency, now);
        }
    }

    pub(super) fn at(&self, now: Moment) -> f32 {
        self.estimate.at(now, DECAY)
    }

    pub(super) fn forget(&self) {
        self.estimate.set_to_nothing();
    }
}
