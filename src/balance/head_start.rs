//! How long a node may take to connect before another is tried beside it.

use std::time::Duration;

/// Minimum head start: the minimum delay that RFC 8305 recommends. Far above what a node in the
/// same region takes.
const HEAD_START: Duration = Duration::from_millis(100);

/// Returns how long a node may take: twice what it took the `last` time, at least [`HEAD_START`] and
/// at most half of the connect timeout.
pub(crate) fn head_start(last: Option<Duration>, connect_timeout: Duration) -> Duration {
    HEAD_START.max(last.unwrap_or_default() * 2).min(connect_timeout / 2)
}
