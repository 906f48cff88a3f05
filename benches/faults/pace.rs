//! How long nodes take for a request.
//!
//! A healthy node's delays are evenly spread, from a shortest one to three times that. What is slow
//! is so in multiples of it.

use std::time::Duration;

use alternator_testcluster::Delay;

/// The shortest delay of a healthy node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace(Duration);

impl Pace {
    pub(crate) const fn milliseconds(shortest: u64) -> Self {
        Self(Duration::from_millis(shortest))
    }

    /// So many times the shortest delay.
    pub(crate) fn times(self, times: u32) -> Duration {
        times * self.0
    }

    /// How long after the end of a measurement calls may still be answered: longer than by any node
    /// that does answer.
    pub(crate) fn grace(self) -> Duration {
        self.times(160).max(Duration::from_secs(1))
    }

    pub(crate) fn healthy(self) -> Delay {
        self.slower(1)
    }

    /// A node that takes so many times as long.
    pub(crate) fn slower(self, times: u32) -> Delay {
        Delay::Uniform { min: self.times(times), max: self.times(3 * times) }
    }

    /// One answer of a hundred takes a hundred times the shortest delay.
    pub(crate) fn stalls(self) -> Delay {
        Delay::Stalls {
            min: self.times(1),
            max: self.times(3),
            one_in: 100,
            stall: self.times(100),
        }
    }
}
