//! Points in time that fit into an atomic.

use std::sync::LazyLock;
#[cfg(feature = "dynamodb_config")]
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A point in time, in nanoseconds since the process's first one: enough for five centuries.
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

    /// Returns the time since `earlier`; zero if that is later.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Returns the same in seconds.
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

/// Moves `due` to `interval` from now if it has come, and returns whether it had. Of several threads
/// only one gets `true`.
#[cfg(feature = "dynamodb_config")]
pub(crate) fn claim(due: &AtomicU64, now: Moment, interval: Duration) -> bool {
    let next = now.after(interval).as_nanos();
    due.fetch_update(Relaxed, Relaxed, |due| (due <= now.as_nanos()).then_some(next)).is_ok()
}

impl From<Instant> for Moment {
    fn from(instant: Instant) -> Self {
        let first = *FIRST;
        Self(instant.saturating_duration_since(first).as_nanos() as u64)
    }
}
