//! Values that fade with time, each in one atomic word.

use std::time::Duration;

use crate::balance::moment::Moment;
use crate::balance::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Seconds that fade with time: the bits of an `f32` above those of the time of the last change, in
/// one word so that both always belong together. Writers may overwrite each other, which loses one
/// observation of many.
#[derive(Debug, Default)]
pub(super) struct Fading(AtomicU64);

impl Fading {
    pub(super) fn load(&self) -> (f32, Ticks) {
        let word = self.0.load(Relaxed);
        (f32::from_bits((word >> 32) as u32), Ticks(word as u32))
    }

    pub(super) fn store(&self, value: f32, now: Moment) {
        let word = u64::from(value.to_bits()) << 32 | u64::from(Ticks::at(now).0);
        self.0.store(word, Relaxed);
    }

    pub(super) fn set_to_nothing(&self) {
        self.0.store(0, Relaxed);
    }

    /// Returns the value now; zero if there is none.
    pub(super) fn at(&self, now: Moment, constant: Ticks) -> f32 {
        let (value, stamp) = self.load();
        if value == 0.0 {
            return 0.0;
        }
        let age = stamp.until(now);
        // What has faded by less than a hundredth is not worth an exponential for every request.
        if age.0 < constant.0 / 100 { value } else { value * age.fade(constant) }
    }
}

/// Time in units of 2^20 ns, about a millisecond. It wraps after 52 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticks(u32);

/// A tick in seconds.
const TICK: f32 = (1 << 20) as f32 * 1e-9;

impl Ticks {
    pub(super) const NONE: Self = Self(0);

    pub(super) const fn of(duration: Duration) -> Self {
        Self((duration.as_nanos() >> 20) as u32)
    }

    fn at(now: Moment) -> Self {
        Self((now.as_nanos() >> 20) as u32)
    }

    pub(super) fn until(self, now: Moment) -> Self {
        let passed = Self::at(now).0.wrapping_sub(self.0);
        // An overtaken writer may have left a stamp that is slightly in the future.
        Self(if passed > u32::MAX - 0xffff { 0 } else { passed })
    }

    /// Returns whether this may be as long as `seconds`: it may be one tick more than was counted.
    pub(super) fn may_be(self, seconds: f32) -> bool {
        (self.0 + 1) as f32 * TICK >= seconds
    }

    /// Returns whether this is longer than `seconds`: it may be one tick less than was counted.
    pub(super) fn exceeds(self, seconds: f32) -> bool {
        self.0 as f32 * TICK > seconds + TICK
    }

    /// Returns the part that is left of a value of this age.
    pub(super) fn fade(self, constant: Self) -> f32 {
        (-(self.0 as f32) / constant.0 as f32).exp()
    }
}
