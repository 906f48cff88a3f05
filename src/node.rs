//! One node: its identity, its connections and what was seen of it.

use std::fmt;
use std::net::{SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::transport::{Dialer, Pool, PoolLimits};

/// One node of the cluster, displayed as its URL.
///
/// It lives as long as its address stays in the node list, and longer while requests run on it.
pub struct Node {
    addr: SocketAddr,
    pub(crate) pool: Arc<Pool>,
    pub(crate) counters: Counters,
}

/// What happened on a node since it joined the snapshot.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: AtomicU64,
    failures: AtomicU64,
    connect_failures: AtomicU64,
}

impl Counters {
    pub(crate) fn sent(&self) {
        self.requests.fetch_add(1, Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    pub(crate) fn not_connected(&self) {
        self.connect_failures.fetch_add(1, Relaxed);
    }
}

impl Node {
    /// `name` is the seed's name, if the node was found by resolving one.
    pub(crate) fn new(
        addr: SocketAddr,
        name: Option<&str>,
        dialer: &Dialer,
        limits: PoolLimits,
    ) -> Self {
        let pool = Pool::new(dialer.endpoint(addr, name), limits);
        Self {
            addr,
            pool: Arc::new(pool),
            counters: Counters::default(),
        }
    }

    /// The address that the node is connected at.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The node's URL, such as `http://10.0.0.1:8000`.
    pub fn url(&self) -> String {
        self.to_string()
    }

    /// What was seen of the node.
    pub fn stats(&self) -> NodeStats {
        NodeStats {
            url: self.url(),
            requests: self.counters.requests.load(Relaxed),
            failures: self.counters.failures.load(Relaxed),
            connect_failures: self.counters.connect_failures.load(Relaxed),
            in_flight: self.pool.in_flight(),
            connections_idle: self.pool.idle(),
            connections_opened: self.pool.opened(),
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.addr)
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = without_zone(self.addr);
        write!(f, "{}://{host}", self.pool.endpoint().scheme())
    }
}

/// The address as it is written in URLs and Host headers: a zone means nothing outside of this machine (RFC 6874).
pub(crate) fn without_zone(addr: SocketAddr) -> SocketAddr {
    match addr {
        SocketAddr::V6(v6) => SocketAddrV6::new(*v6.ip(), v6.port(), 0, 0).into(),
        SocketAddr::V4(_) => addr,
    }
}

/// What was seen of one node since it joined the node list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeStats {
    /// The node's URL, without a trailing slash.
    pub url: String,
    /// Requests of which at least a part was written to the node.
    pub requests: u64,
    /// Those of them that got no answer.
    pub failures: u64,
    /// How often the node could not be connected, or closed a connection before anything was written to it.
    pub connect_failures: u64,
    /// Requests that hold a connection now, or wait for one to be made.
    pub in_flight: usize,
    /// Connections that wait for a request.
    pub connections_idle: usize,
    /// Connections that were ever made.
    pub connections_opened: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_no_zone() {
        for (addr, written) in [
            ("[fe80::1%3]:8000", "[fe80::1]:8000"),
            ("[2001:db8::1]:8000", "[2001:db8::1]:8000"),
            ("10.0.0.1:8000", "10.0.0.1:8000"),
        ] {
            assert_eq!(without_zone(addr.parse().unwrap()).to_string(), written);
        }
    }
}
