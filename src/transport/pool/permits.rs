//! The permits for requests on one node: as many as there may be connections.
//!
//! Tokio's semaphore would do, but takes a lock whenever a permit is returned, so that waiters are
//! served in order. Here nothing is locked while no request waits.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::error::ConnectError;

pub(crate) struct Permits {
    limit: usize,
    taken: AtomicUsize,
    /// Maximum number of requests that wait for a permit.
    queue: usize,
    waiting: AtomicUsize,
    freed: Notify,
}

impl Permits {
    pub(crate) fn new(limit: usize, queue: usize) -> Self {
        Self {
            limit,
            taken: AtomicUsize::new(0),
            queue,
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
        }
    }

    pub(crate) fn taken(&self) -> usize {
        self.taken.load(SeqCst)
    }

    /// Returns how many requests hold a permit or wait for one.
    pub(crate) fn wanted(&self) -> usize {
        self.taken() + self.waiting.load(SeqCst)
    }

    /// Returns whether a request has to wait.
    pub(crate) fn is_full(&self) -> bool {
        self.taken() == self.limit || self.waiting.load(SeqCst) > 0
    }

    /// Takes a permit if one is free and no request waits for it.
    pub(crate) fn try_take(&self) -> bool {
        !self.is_full() && self.take()
    }

    /// Takes a permit within `limit`.
    pub(crate) async fn wait(&self, limit: Duration) -> Result<(), ConnectError> {
        let _waiting = Waiting::begin(self)?;
        let taking = async {
            loop {
                let freed = self.freed.notified();
                if self.take() {
                    break;
                }
                freed.await;
            }
        };
        let busy = ConnectError::Busy { limit: self.limit };
        timeout(limit, taking).await.map_err(|_| busy)?;
        // If several permits are returned at once, there may be only one notification.
        if self.taken() < self.limit {
            self.freed.notify_one();
        }
        Ok(())
    }

    pub(crate) fn give_back(&self) {
        self.taken.fetch_sub(1, SeqCst);
        // In one order with a waiter that begins: either this sees the waiter, or the waiter sees
        // the permit.
        if self.waiting.load(SeqCst) > 0 {
            self.freed.notify_one();
        }
    }

    fn take(&self) -> bool {
        let one_more = |taken| (taken < self.limit).then_some(taken + 1);
        self.taken.fetch_update(SeqCst, SeqCst, one_more).is_ok()
    }
}

/// Counts a waiting request until dropped.
struct Waiting<'a>(&'a Permits);

impl<'a> Waiting<'a> {
    fn begin(permits: &'a Permits) -> Result<Self, ConnectError> {
        let others = permits.waiting.fetch_add(1, SeqCst);
        let waiting = Self(permits);
        if others < permits.queue {
            Ok(waiting)
        } else {
            Err(ConnectError::QueueFull { limit: permits.queue })
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    /// Many tasks on several threads take few permits, each repeatedly: none waits forever, and
    /// there are never more holders than permits.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn every_waiter_gets_a_place_and_no_more_have_one_than_may() {
        let permits = Arc::new(Permits::new(3, 1000));
        let inside = Arc::new(AtomicUsize::new(0));
        let tasks = (0..64).map(|_| {
            let (permits, inside) = (Arc::clone(&permits), Arc::clone(&inside));
            tokio::spawn(async move {
                for _ in 0..500 {
                    if !permits.try_take() {
                        permits.wait(LIMIT).await.unwrap();
                    }
                    assert!(inside.fetch_add(1, SeqCst) < 3);
                    tokio::task::yield_now().await;
                    inside.fetch_sub(1, SeqCst);
                    permits.give_back();
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!(permits.taken(), 0);
        assert_eq!(permits.waiting.load(SeqCst), 0);
    }

    #[tokio::test]
    async fn a_newcomer_does_not_overtake_those_who_wait() {
        let permits = Permits::new(1, 1);
        assert!(permits.try_take());
        let mut waiting = std::pin::pin!(permits.wait(LIMIT));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        permits.give_back();
        assert!(!permits.try_take());
        waiting.await.unwrap();
        permits.give_back();
        assert!(permits.try_take());
    }
}
