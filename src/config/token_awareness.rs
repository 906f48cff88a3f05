//! Whether requests are routed by their key, as an option.

use std::time::Duration;

/// Whether requests go to nodes that hold the data which they are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct TokenAwareness {
    pub(crate) is_on: bool,
    pub(crate) refresh_interval: Duration,
}

impl TokenAwareness {
    /// Requests go to a replica of their key. The cluster's own tables tell which nodes those are.
    pub const fn on() -> Self {
        Self {
            is_on: true,
            // As long as a client that nobody talks to keeps its node list; moves are noticed
            // sooner, see `refresh_interval`.
            refresh_interval: Duration::from_secs(60),
        }
    }

    /// Requests go to any node.
    pub const fn off() -> Self {
        Self { is_on: false, ..Self::on() }
    }

    /// The longest that a table's replicas are taken for what they were, while there are requests
    /// about it. Default: 60 s. It varies by a tenth. While tablets move, or nodes join or leave,
    /// they are asked for again after a second, and then less and less often.
    pub const fn refresh_interval(mut self, interval: Duration) -> Self {
        self.refresh_interval = interval;
        self
    }
}

impl Default for TokenAwareness {
    /// [`TokenAwareness::on`].
    fn default() -> Self {
        Self::on()
    }
}
