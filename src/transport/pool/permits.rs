//! The permits for requests on one node: as many as there may be connections. They are given to
//! requests in the order in which these asked for them, and are free again when dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::ConnectError;

pub(crate) struct Permits {
    limit: usize,
    free: Arc<Semaphore>,
    /// Maximum number of requests that wait for a permit.
    queue: usize,
    waiting: AtomicUsize,
}

impl Permits {
    pub(crate) fn new(limit: usize, queue: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self { limit, free: Arc::new(Semaphore::new(limit)), queue, waiting: AtomicUsize::new(0) }
    }

    pub(crate) fn taken(&self) -> usize {
        self.limit - self.free.available_permits()
    }

    /// Returns how many requests hold a permit or wait for one.
    pub(crate) fn wanted(&self) -> usize {
        self.taken() + self.waiting.load(Relaxed)
    }

    /// Returns whether a request has to wait.
    pub(crate) fn is_full(&self) -> bool {
        self.free.available_permits() == 0
    }

    /// Takes a permit if one is free and no request waits for it.
    pub(crate) fn try_take(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).try_acquire_owned().ok()
    }

    /// Takes a permit within `limit`.
    pub(crate) async fn wait(&self, limit: Duration) -> Result<OwnedSemaphorePermit, ConnectError> {
        let _waiting = Waiting::begin(self)?;
        match timeout(limit, Arc::clone(&self.free).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(ConnectError::Busy { limit: self.limit }),
        }
    }
}

/// Counts a waiting request until dropped.
struct Waiting<'a>(&'a Permits);

impl<'a> Waiting<'a> {
    fn begin(permits: &'a Permits) -> Result<Self, ConnectError> {
        let others = permits.waiting.fetch_add(1, Relaxed);
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
        self.0.waiting.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
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
                    let permit = match permits.try_take() {
                        Some(permit) => permit,
                        None => permits.wait(LIMIT).await.unwrap(),
                    };
                    assert!(inside.fetch_add(1, Relaxed) < 3);
                    tokio::task::yield_now().await;
                    inside.fetch_sub(1, Relaxed);
                    drop(permit);
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!(permits.taken(), 0);
        assert_eq!(permits.waiting.load(Relaxed), 0);
    }

    #[tokio::test]
    async fn a_newcomer_does_not_overtake_those_who_wait() {
        let permits = Permits::new(1, 1);
        let first = permits.try_take().unwrap();
        let mut waiting = std::pin::pin!(permits.wait(LIMIT));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(first);
        assert!(permits.try_take().is_none());
        drop(waiting.await.unwrap());
        assert!(permits.try_take().is_some());
    }
}
