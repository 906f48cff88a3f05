//! One node: its identity, its connections and what was seen of it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::balance::health::{Down, Health};
use crate::balance::load::Load;
use crate::balance::moment::Moment;
use crate::balance::policy::Candidate;
use crate::error::ConnectError;
use crate::transport::{Dialer, Lease, Pool, PoolLimits};

/// One node of the cluster, displayed as its URL.
///
/// It lives as long as its address stays in the node list, and longer while requests run on it.
pub(crate) struct Node {
    addr: SocketAddr,
    pub(crate) pool: Arc<Pool>,
    pub(crate) counters: Counters,
    pub(crate) load: Load,
    pub(crate) health: Health,
    /// Whether it is known to.
    #[cfg(feature = "dynamodb_config")]
    pub(crate) understands_compression: std::sync::atomic::AtomicBool,
}

/// Makes a node that is never connected.
#[cfg(any(test, feature = "__internals"))]
pub(crate) fn unconnected(addr: SocketAddr) -> Arc<Node> {
    let limits = PoolLimits {
        max_connections: const { std::num::NonZeroUsize::new(1024).unwrap() },
        max_waiting: 0,
        idle_timeout: Duration::from_secs(1),
        connect_timeout: Duration::from_secs(1),
    };
    let dialer = Dialer::new(None, crate::transport::NodeProxy::Never);
    Arc::new(Node::new(addr, None, &dialer, limits))
}

/// What happened on a node since it joined the snapshot.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) requests: Counter,
    pub(crate) failures: Counter,
    pub(crate) connect_failures: Counter,
    pub(crate) chosen_by_key: Counter,
}

/// A number of events.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
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
            load: Load::default(),
            health: Health::good(),
            #[cfg(feature = "dynamodb_config")]
            understands_compression: false.into(),
        }
    }

    /// A connection for one request, if there is one that waits for it.
    pub(crate) fn try_lease(&self, now: Moment) -> Option<Lease> {
        let lease = self.pool.try_lease()?;
        self.load.begun(now);
        Some(lease)
    }

    /// A connection for one request, within `limit`.
    pub(crate) async fn lease(&self, limit: Duration, now: Moment) -> Result<Lease, ConnectError> {
        self.load.begun(now);
        let leased = self.pool.lease(limit).await;
        if leased.as_ref().is_err_and(|e| !e.is_not_the_nodes()) {
            self.counters.connect_failures.add_one();
        }
        leased
    }

    /// Whether the node was connected since then.
    pub(crate) fn was_connected_since(&self, then: Moment) -> bool {
        let at = self.pool.connected_at();
        at.is_some_and(|at| Moment::from(at.into_std()) > then)
    }

    /// Whether the node answered anything since then.
    pub(crate) fn answered_since(&self, then: Moment) -> bool {
        let now = Moment::now();
        self.load.silence(now) < now.since(then)
    }

    /// The address that the node is connected at.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }
    /// What was seen of the node.
    pub(crate) fn stats(&self) -> NodeStats {
        let now = Moment::now();
        NodeStats {
            address: self.addr,
            state: match self.health.out() {
                Some(Down::Unreachable) => NodeState::Unreachable,
                Some(Down::Ejected) => NodeState::Ejected,
                None if self.health.share(now) < 1.0 => NodeState::Returning,
                None => NodeState::Serving,
            },
            latency: self.load.latency(self.pool.in_flight(), now),
            requests: self.counters.requests.get(),
            failures: self.counters.failures.get(),
            connect_failures: self.counters.connect_failures.get(),
            chosen_by_key: self.counters.chosen_by_key.get(),
            in_flight: self.pool.in_flight(),
            connections_idle: self.pool.idle(),
            connections_opened: self.pool.opened(),
        }
    }
}

impl Candidate for Arc<Node> {
    fn in_flight(&self) -> usize {
        self.pool.in_flight()
    }

    fn cost(&self, in_flight: usize, now: Moment) -> f32 {
        self.load.cost(in_flight, now)
    }

    fn serves(&self) -> bool {
        self.health.out().is_none()
    }

    fn admits(&self, now: Moment, draw: u64, rivals: usize) -> bool {
        self.health.admits(now, draw, rivals)
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

/// The address as it is written in URLs and Host headers: a zone means nothing outside of this
/// machine (RFC 6874).
pub(crate) fn without_zone(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip(), addr.port())
}

/// Whether a node gets requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeState {
    /// Healthy: the node gets its share of the requests.
    Serving,
    /// The node has recently joined or recovered. Its share grows from a tenth to a full one within
    /// ten seconds.
    Returning,
    /// The node could not be connected, or connecting took longer than to other nodes. It gets no
    /// requests until it is connected or answers a probe. Probes begin after 0.1 s, and the waits
    /// between them double up to 5 s, each varied by 15 %.
    Unreachable,
    /// The node failed three requests in a row, or one while it was on probation. It gets no
    /// requests until it answers a probe. Probes begin after 1 s, and the waits between them double
    /// up to 60 s, each varied by 15 %; they go on growing if the node is ejected again within a
    /// minute.
    ///
    /// A request fails by a response of 5xx, by a connection that breaks before the response has
    /// ended, or by a read timeout, which counts as three failures if the node answered nothing at
    /// all for a second or more. A node is not ejected if more than half of the nodes would then be
    /// out.
    Ejected,
}

/// Counters and state of one node since it joined the node list.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NodeStats {
    /// The node's address.
    pub address: SocketAddr,
    /// Whether the node gets requests.
    pub state: NodeState,
    /// Expected time to the head of a response, with the requests that are in flight now: a
    /// peak-EWMA of measured latencies, as [`Policy::PeakEwma`](crate::Policy::PeakEwma) uses it.
    /// `None` until the first response.
    pub latency: Option<Duration>,
    /// Requests of which at least a part was written to the node.
    pub requests: u64,
    /// Requests of those without a complete response: the connection broke, the read timeout passed
    /// or the caller gave up first, as it does on the slower request of a hedged read. Error
    /// responses, 5xx included, are complete and not counted here.
    pub failures: u64,
    /// How often the node could not be connected, or closed a connection before anything was
    /// written to it.
    pub connect_failures: u64,
    /// How often the node was chosen for a request because it holds the request's key, or
    /// coordinates its writes.
    pub chosen_by_key: u64,
    /// Requests that have a connection now, or wait for one.
    pub in_flight: usize,
    /// Open connections without a request.
    pub connections_idle: usize,
    /// Connections opened so far.
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
