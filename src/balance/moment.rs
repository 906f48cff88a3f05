//! Points in time that fit into an atomic.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// A point in time, as nanoseconds since the first one that this process asked for: enough for five
/// centuries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Moment {
    pub(crate) fn now() -> Self {
        Instant::now().into()
    }

    pub(crate) const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    pub(crate) const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero if it was not.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The same in seconds.
    pub(crate) fn seconds_since(self, earlier: Self) -> f32 {
        self.0.saturating_sub(earlier.0) as f32 * 1e-9
    }

    pub(crate) fn before(self, wait: Duration) -> Self {
        let wait = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(wait))
    }

    pub(crate) fn after(self, wait: Duration) -> Self {
        let wait = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(wait))
    }
}

impl From<Instant> for Moment {
    fn from(instant: Instant) -> Self {
        let first = *FIRST;
        Self(instant.saturating_duration_since(first).as_nanos() as u64)
    }
}
