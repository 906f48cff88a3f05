//! Spare connections, which are opened before a request needs them.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::Pool;
use super::lease::{Lease, Slot};
use crate::error::explain;

/// Maximum number of spare connections opened to one node at once: a node that has just started
/// must not get a flood of handshakes, and a dead one no flood of SYNs.
const AT_ONCE: usize = 8;

/// Number of requests in flight per spare connection. A client with fewer than this on a node opens
/// none.
const REQUESTS_PER_SPARE: usize = 8;

impl Pool {
    /// Opens connections in the background until `idle` are idle or being opened, within the
    /// limit of connections. Failures are not reported: the request that needs a connection will
    /// meet them.
    pub(crate) fn warm_up(self: &Arc<Self>, idle: usize) {
        while let Some(spare) = Spare::begin(self, idle) {
            tokio::spawn(spare.open(idle));
        }
    }

    /// Called when the last idle connection was taken, or there was none.
    pub(super) fn ran_out(self: &Arc<Self>) {
        let wanted = self.in_flight() / REQUESTS_PER_SPARE;
        if wanted > 0 {
            self.warm_up(wanted);
        }
    }
}

/// A spare connection being opened.
struct Spare {
    // Dropped before its count, so that it is never taken for a request.
    slot: Slot,
    opening: Opening,
}

/// Counts a spare connection until dropped.
struct Opening(Arc<Pool>);

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.spares.fetch_sub(1, Relaxed);
    }
}

impl Spare {
    /// `None` if enough are idle or being opened, or the limit is reached.
    fn begin(pool: &Arc<Pool>, wanted: usize) -> Option<Self> {
        let others = pool.spares.fetch_add(1, Relaxed);
        let opening = Opening(Arc::clone(pool));
        let own = pool.idle.own()?;
        if others >= AT_ONCE || own + others >= wanted {
            return None;
        }
        let slot = pool.try_slot()?;
        let limit = pool.limits.max_connections.get();
        let fits = |idle| idle + pool.permits.taken() <= limit;
        let begun = Self { slot, opening };
        pool.idle.leaves_room(fits).then_some(begun)
    }

    /// Opens this connection, and then further ones while more are wanted.
    async fn open(self, wanted: usize) {
        let mut spare = self;
        loop {
            let Self { opening, slot } = spare;
            let limit = opening.0.limits.connect_timeout;
            match slot.dial(limit).await.map(Lease::finish) {
                Ok(true) => {}
                // The node has left, or has closed it at once.
                Ok(false) => return,
                Err(error) => {
                    return tracing::debug!(error = %explain(&error), "no spare connection");
                }
            }
            let pool = Arc::clone(&opening.0);
            drop(opening);
            match Self::begin(&pool, wanted) {
                Some(next) => spare = next,
                None => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::super::tests::{eventually, leases, pool};
    use super::*;

    fn opening(pool: &Pool) -> usize {
        pool.spares.load(Relaxed)
    }

    #[tokio::test]
    async fn as_many_are_opened_as_are_wanted_few_at_once() {
        let (_listener, pool) = pool(1024).await;
        for _ in 0..3 {
            pool.warm_up(20);
            // Nothing else has run since.
            assert_eq!(opening(&pool), AT_ONCE);
            assert_eq!(pool.in_flight(), 0);
        }
        eventually(|| opening(&pool) == 0).await;
        pool.warm_up(20);
        assert_eq!(opening(&pool), 0);
        assert_eq!((pool.idle(), pool.opened()), (20, 20));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn there_are_never_more_connections_than_may_be() {
        let (_listener, pool) = pool(12).await;
        let held = leases(&pool, 3).await;
        let warming = (0..16).map(|_| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.warm_up(100) })
        });
        for warming in warming.collect::<Vec<_>>() {
            warming.await.unwrap();
        }
        // Several that reach the limit at once may all stand back, each time anew.
        eventually(|| {
            pool.warm_up(100);
            assert!(pool.opened() <= 12);
            (pool.idle(), opening(&pool), pool.in_flight()) == (9, 0, 3)
        })
        .await;
        assert_eq!(pool.opened(), 12);
        drop(held);
    }

    #[tokio::test]
    async fn spares_follow_the_requests_in_flight() {
        let (_listener, pool) = pool(1024).await;
        let mut held = leases(&pool, REQUESTS_PER_SPARE - 1).await;
        assert_eq!(opening(&pool), 0);
        held.extend(leases(&pool, 1).await);
        eventually(|| pool.idle() == 1).await;
        // It takes the spare, which is the last.
        held.push(pool.try_lease().unwrap());
        eventually(|| pool.idle() == 1).await;
        held.extend(leases(&pool, 24 - held.len()).await);
        while let Some(lease) = pool.try_lease() {
            held.push(lease);
        }
        let spares = held.len() / REQUESTS_PER_SPARE;
        assert!(spares >= 3);
        eventually(|| (pool.idle(), opening(&pool)) == (spares, 0)).await;
        assert_eq!(pool.in_flight(), held.len());
        assert_eq!(pool.opened(), (held.len() + spares) as u64);
    }

    #[tokio::test]
    async fn a_node_that_leaves_meanwhile_is_left_without_a_connection() {
        let (listener, pool) = pool(1024).await;
        pool.warm_up(20);
        pool.retire();
        eventually(|| opening(&pool) == 0).await;
        assert_eq!((pool.idle(), Arc::strong_count(&pool)), (0, 1));
        assert_eq!(pool.opened(), AT_ONCE as u64);
        for _ in 0..AT_ONCE {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        }
        pool.warm_up(20);
        assert_eq!(opening(&pool), 0);
    }

    #[tokio::test]
    async fn a_node_that_refuses_is_not_asked_again_and_again() {
        let (listener, pool) = pool(1024).await;
        drop(listener);
        pool.warm_up(20);
        eventually(|| opening(&pool) == 0).await;
        assert_eq!((pool.idle(), pool.opened(), pool.in_flight()), (0, 0, 0));
    }
}
