//! The connections of one node.
//!
//! The pools of the SDK and of hyper-util's client do not report whether a request was unsent when
//! it failed, which decides whether it may go to another node, and have no limit per node.
//! hyper-util's composable pool has neither a limit nor an expiry, does not know which runtime a
//! connection belongs to, and couples waiting for a connection with opening one.

mod idle;
mod lease;
mod permits;
mod spares;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::dial::Endpoint;
use crate::error::ConnectError;
use idle::Idle;
pub(crate) use lease::{Lease, Slot};
use permits::Permits;

/// Limits on the connections of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolLimits {
    pub(crate) max_connections: NonZeroUsize,
    /// Maximum number of requests that wait for a connection.
    pub(crate) max_waiting: usize,
    pub(crate) idle_timeout: Duration,
    /// Connect timeout of a spare connection.
    pub(crate) connect_timeout: Duration,
}

pub(crate) struct Pool {
    endpoint: Endpoint,
    limits: PoolLimits,
    /// Each request on the node takes one, and so does each spare connection being opened. As a
    /// connection is only opened while none is idle, to replace an idle one, or if there is room
    /// beside all, there are never more connections than permits.
    permits: Permits,
    idle: Idle,
    /// Spare connections being opened.
    spares: AtomicUsize,
    opened: AtomicU64,
    created: Instant,
    /// When a connection was last opened, in nanoseconds after `created`; zero before the first.
    connected: AtomicU64,
    /// How long that took, in nanoseconds.
    connecting: AtomicU64,
}

impl Pool {
    pub(crate) fn new(endpoint: Endpoint, limits: PoolLimits) -> Self {
        Self {
            endpoint,
            limits,
            permits: Permits::new(limits.max_connections.get(), limits.max_waiting),
            idle: Idle::new(limits.idle_timeout),
            spares: AtomicUsize::new(0),
            opened: AtomicU64::new(0),
            created: Instant::now(),
            connected: AtomicU64::new(0),
            connecting: AtomicU64::new(0),
        }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the number of requests that hold a connection or wait for one.
    pub(crate) fn in_flight(&self) -> usize {
        self.permits.wanted().saturating_sub(self.spares.load(Relaxed))
    }

    /// Returns whether requests hold all connections that the limit allows.
    pub(crate) fn is_full(&self) -> bool {
        self.permits.is_full()
    }

    pub(crate) fn idle(&self) -> usize {
        self.idle.len()
    }

    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Relaxed)
    }

    /// Returns when a connection to the node was last opened. While that continues, the node may be
    /// busy, but it can be reached.
    pub(crate) fn connected_at(&self) -> Option<Instant> {
        match self.connected.load(Relaxed) {
            0 => None,
            nanos => Some(self.created + Duration::from_nanos(nanos)),
        }
    }

    /// Returns how long it took the last time.
    pub(crate) fn connect_time(&self) -> Option<Duration> {
        self.connected_at()?;
        Some(Duration::from_nanos(self.connecting.load(Relaxed)))
    }

    /// Returns an idle connection for one request, if there is one now and a slot is free.
    pub(crate) fn try_lease(self: &Arc<Self>) -> Option<Lease> {
        self.try_slot()?.reuse().ok()
    }

    /// Returns a connection for one request: an idle one, or a new one. Waiting for a slot and
    /// connecting together take no longer than `limit`.
    pub(crate) fn lease(
        self: &Arc<Self>,
        limit: Duration,
    ) -> impl Future<Output = Result<Lease, ConnectError>> + Send + use<> {
        let pool = Arc::clone(self);
        async move {
            if let Some(slot) = pool.try_slot() {
                return slot.lease(limit).await;
            }
            let begun = Instant::now();
            let permit = pool.permits.wait(limit).await?;
            let left = limit.saturating_sub(begun.elapsed());
            pool.slot(Some(permit)).lease(left).await.map_err(|error| match error {
                // It was the wait that left too little time.
                ConnectError::Timeout { .. } => {
                    let limit = pool.limits.max_connections.get();
                    ConnectError::Busy { limit }
                }
                error => error,
            })
        }
    }

    /// Returns a connection for discovery, which must not wait for requests.
    pub(crate) async fn lease_uncounted(
        self: &Arc<Self>,
        limit: Duration,
    ) -> Result<Lease, ConnectError> {
        self.uncounted().lease(limit).await
    }

    /// Opens a new connection, to see whether the node can be connected. It does not count as a
    /// request, and is kept if there is room.
    pub(crate) async fn dial(self: &Arc<Self>, limit: Duration) -> Result<Lease, ConnectError> {
        self.uncounted().dial(limit).await
    }

    /// Closes idle connections now, and those in use when their request ends.
    pub(crate) fn retire(&self) {
        self.idle.retire();
    }

    /// Keeps connections again.
    pub(crate) fn revive(&self) {
        self.idle.revive();
    }

    /// Closes idle connections that have expired or that the node has closed.
    pub(crate) fn sweep(&self, now: Instant) {
        self.idle.sweep(now);
    }

    /// Returns the right to one more connection, if one is free.
    pub(crate) fn try_slot(self: &Arc<Self>) -> Option<Slot> {
        self.permits.try_take().map(|permit| self.slot(Some(permit)))
    }

    fn uncounted(self: &Arc<Self>) -> Slot {
        self.slot(None)
    }

    fn slot(self: &Arc<Self>, permit: Option<OwnedSemaphorePermit>) -> Slot {
        let pool = Arc::clone(self);
        Slot { pool, permit }
    }

    /// Returns whether one more connection is within the limit. A request with a slot but not yet a
    /// connection counts, so the result may be `false` too often.
    fn has_room_beside(&self, idle: usize) -> bool {
        idle + self.permits.taken() < self.limits.max_connections.get()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use futures_util::FutureExt;
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;
    use crate::transport::{Dialer, NodeProxy};

    pub(super) const LIMIT: Duration = Duration::from_secs(60);

    /// The pool of a node that accepts connections and does not respond.
    pub(super) async fn pool(max_connections: usize) -> (TcpListener, Arc<Pool>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint =
            Dialer::new(None, NodeProxy::Never).endpoint(listener.local_addr().unwrap(), None);
        let limits = PoolLimits {
            max_connections: NonZeroUsize::new(max_connections).unwrap(),
            max_waiting: 2,
            idle_timeout: LIMIT,
            connect_timeout: LIMIT,
        };
        (listener, Arc::new(Pool::new(endpoint, limits)))
    }

    /// Returns `count` leases of new connections.
    pub(super) async fn leases(pool: &Arc<Pool>, count: usize) -> Vec<Lease> {
        let mut leases = Vec::new();
        for _ in 0..count {
            leases.push(pool.lease(LIMIT).await.ok().unwrap());
        }
        leases
    }

    pub(super) async fn eventually(condition: impl Fn() -> bool) {
        let waiting = async {
            while !condition() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(LIMIT, waiting).await.unwrap();
    }

    #[tokio::test]
    async fn an_idle_connection_is_had_at_once_while_a_slot_is_free() {
        let (_listener, pool) = pool(2).await;
        assert!(pool.try_lease().is_none());
        // None of them has served a request, and they are kept anyway.
        for lease in leases(&pool, 2).await {
            assert!(!lease.reused() && lease.finish());
        }
        assert_eq!((pool.idle(), pool.in_flight()), (2, 0));
        let first = pool.try_lease().unwrap();
        let second = pool.try_lease().unwrap();
        assert!(first.reused() && pool.try_lease().is_none());
        drop(first);
        assert!(pool.try_lease().is_none());
        assert!(second.finish() && pool.try_lease().is_some());
        assert_eq!((pool.in_flight(), pool.opened()), (0, 2));
    }

    #[tokio::test]
    async fn reusing_a_connection_allocates_nothing() {
        let (_listener, pool) = pool(8).await;
        for lease in leases(&pool, 2).await {
            assert!(lease.finish());
        }
        let allocated = allocation_counter::measure(|| {
            for _ in 0..100 {
                // The second is the last, after which spares might be wanted.
                let two = (pool.try_lease().unwrap(), pool.try_lease().unwrap());
                assert!(two.0.finish() && two.1.finish());
            }
        });
        assert_eq!(allocated.count_total, 0);
    }

    #[tokio::test]
    async fn no_more_requests_wait_than_may() {
        let (_listener, pool) = pool(1).await;
        let held = leases(&pool, 1).await.remove(0);
        type Waiting = Pin<Box<dyn Future<Output = Result<Lease, ConnectError>> + Send>>;
        let wait = || -> Waiting { Box::pin(pool.lease(LIMIT)) };
        let (mut first, mut second) = (wait(), wait());
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut second).now_or_never().is_none());
        let error = wait().now_or_never().expect("it is told at once").err();
        assert!(matches!(error, Some(ConnectError::QueueFull { limit: 2 })));
        // A request that gives up makes room for another.
        drop(first);
        let mut third = wait();
        assert!((&mut third).now_or_never().is_none());
        // Waiting is not bound to a runtime, so it can end on another.
        let third = tokio::spawn(third.map(|lease| lease.map(Lease::finish)));
        assert!(held.finish());
        assert!(second.await.ok().unwrap().finish());
        assert!(third.await.unwrap().unwrap());
        assert_eq!((pool.opened(), pool.in_flight()), (1, 0));
    }

    #[tokio::test]
    async fn a_request_waits_no_longer_than_its_limit() {
        let (_listener, pool) = pool(1).await;
        let _held = leases(&pool, 1).await;
        let error = pool.lease(Duration::from_millis(1)).await.err();
        assert!(matches!(error, Some(ConnectError::Busy { limit: 1 })));
    }

    #[tokio::test]
    async fn a_dialed_connection_is_new_counts_as_no_request_and_is_kept_where_there_is_room() {
        let (_listener, pool) = pool(2).await;
        for kept in [true, true, false] {
            let dialed = pool.dial(LIMIT).await.ok().unwrap();
            assert_eq!(pool.in_flight(), 0);
            assert!(!dialed.reused());
            assert_eq!(dialed.finish(), kept);
        }
        assert_eq!((pool.idle(), pool.opened()), (2, 3));
    }

    #[tokio::test]
    async fn the_pool_knows_when_a_connect_last_succeeded() {
        let (listener, pool) = pool(4).await;
        assert_eq!(pool.connected_at(), None);
        let begun = Instant::now();
        let held = leases(&pool, 1).await;
        let first = pool.connected_at().unwrap();
        assert!(begun <= first && first <= Instant::now());
        assert!(pool.dial(LIMIT).await.is_ok());
        let second = pool.connected_at().unwrap();
        assert!(first < second);
        drop((listener, held));
        assert!(pool.dial(LIMIT).await.is_err());
        assert_eq!(pool.connected_at(), Some(second));
    }
}
