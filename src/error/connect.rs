//! Why nodes could not be connected.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::{BoxError, explain};

/// Why one node could not be connected. Nothing was sent to it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The network or the node refused the connection, or this machine has no socket left.
    #[error(transparent)]
    #[non_exhaustive]
    Io {
        /// What the operating system reports.
        source: io::Error,
    },
    /// The TLS handshake failed.
    #[error("TLS handshake failed")]
    #[non_exhaustive]
    Tls {
        /// What the TLS library reports.
        source: io::Error,
    },
    /// The proxy did not open a tunnel to the node.
    #[error("the proxy opened no tunnel")]
    #[non_exhaustive]
    Proxy {
        /// What the proxy answered, or why it was not asked.
        source: BoxError,
    },
    /// Connecting took longer than the connect timeout.
    #[error("not connected within {after:?}")]
    #[non_exhaustive]
    Timeout {
        /// How long connecting was allowed to take: the connect timeout, or what was left of the
        /// connect budget.
        after: Duration,
    },
    /// Every connection that the limit allows was busy for as long as the connect timeout.
    #[error(
        "all {limit} connections stayed busy; raise max_connections_per_node or send less at once"
    )]
    #[non_exhaustive]
    Busy {
        /// The limit of connections per node.
        limit: usize,
    },
    /// The limit of requests that may wait for a connection to the node was reached.
    #[error(
        "all connections are busy and {limit} requests wait for one; raise max_waiting_per_node or send less at once"
    )]
    #[non_exhaustive]
    QueueFull {
        /// The limit of waiting requests per node.
        limit: usize,
    },
    /// The connection was closed before anything was written to it.
    #[error("closed before the request was written")]
    #[non_exhaustive]
    Closed {
        /// How it was closed.
        source: BoxError,
    },
}

impl ConnectError {
    /// Returns whether the error says nothing about the node: a limit of the connector or of this
    /// machine was reached.
    pub(crate) fn is_not_the_nodes(&self) -> bool {
        // EMFILE and ENFILE have no kind; they are the same number on every Unix.
        const TOO_MANY_FILES: [i32; 2] = [24, 23];
        let Self::Io { source } = self else {
            return self.is_own_limit();
        };
        source.kind() == io::ErrorKind::AddrNotAvailable
            || cfg!(unix)
                && source.raw_os_error().is_some_and(|code| TOO_MANY_FILES.contains(&code))
    }

    fn is_own_limit(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::QueueFull { .. })
    }
}

/// A node that could not be connected, and why. Its text has the whole chain of causes.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedNode {
    /// The node's address.
    pub address: SocketAddr,
    /// Why it could not be connected.
    pub error: ConnectError,
}

impl fmt::Display for FailedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.address, explain(&self.error))
    }
}

/// What to check if all of these nodes failed.
pub(super) fn what_to_check(tried: &[FailedNode]) -> &'static str {
    let all = |is: fn(&ConnectError) -> bool| {
        !tried.is_empty() && tried.iter().all(|node| is(&node.error))
    };
    if all(|error| matches!(error, ConnectError::Tls { .. })) {
        "that the nodes speak TLS, the CA, the names that their certificates are for, and the client certificate if they want one"
    } else if all(ConnectError::is_own_limit) {
        "how many requests are sent at once, and how long they take"
    } else {
        "that the nodes are running and reachable"
    }
}
