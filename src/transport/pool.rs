//! The connections of one node.
//!
//! hyper-util's composable pool was weighed first: its cache has neither a limit nor an expiry, does not know which runtime
//! a connection belongs to, and couples waiting for a connection with making one.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::connection::Connection;
use super::dial::Endpoint;
use crate::error::ConnectError;

/// What bounds the connections of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolLimits {
    pub(crate) max_connections: NonZeroUsize,
    pub(crate) idle_timeout: Duration,
}

pub(crate) struct Pool {
    endpoint: Endpoint,
    limits: PoolLimits,
    /// One permit per request on the node. As a connection is only made while none is idle, or in the place of an idle one,
    /// requests never have more connections than permits.
    slots: Semaphore,
    /// `None` once the node has left the cluster. The last to come is the first to go, so that the rest can expire.
    idle: Mutex<Option<Vec<Connection>>>,
    opened: AtomicU64,
}

impl Pool {
    pub(crate) fn new(endpoint: Endpoint, limits: PoolLimits) -> Self {
        Self {
            endpoint,
            limits,
            slots: Semaphore::new(limits.max_connections.get()),
            idle: Mutex::new(Some(Vec::new())),
            opened: AtomicU64::new(0),
        }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Requests that hold a connection or wait for one to be made.
    pub(crate) fn in_flight(&self) -> usize {
        self.limits
            .max_connections
            .get()
            .saturating_sub(self.slots.available_permits())
    }

    pub(crate) fn idle(&self) -> usize {
        self.lock().as_ref().map_or(0, Vec::len)
    }

    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Relaxed)
    }

    /// A connection for one request: an idle one, or a new one. Waiting for a slot and connecting together take no longer
    /// than `limit`.
    pub(crate) async fn lease(self: &Arc<Self>, limit: Duration) -> Result<Lease, ConnectError> {
        let mut left = limit;
        let slot = match self.slots.try_acquire() {
            Ok(slot) => slot,
            Err(_) => {
                let begun = Instant::now();
                let Ok(Ok(slot)) = timeout(limit, self.slots.acquire()).await else {
                    let limit = self.limits.max_connections.get();
                    return Err(ConnectError::Busy { limit });
                };
                left = limit.saturating_sub(begun.elapsed());
                slot
            }
        };
        slot.forget();
        let pool = Arc::clone(self);
        let slot = Slot {
            pool,
            counted: true,
        };
        slot.connect(left).await.map_err(|error| match error {
            ConnectError::Timeout(_) => ConnectError::Timeout(limit),
            error => error,
        })
    }

    /// A connection for discovery, which must not wait for requests.
    pub(crate) async fn lease_uncounted(
        self: &Arc<Self>,
        limit: Duration,
    ) -> Result<Lease, ConnectError> {
        Slot {
            pool: Arc::clone(self),
            counted: false,
        }
        .connect(limit)
        .await
    }

    /// Closes idle connections now, and those in use when their request ends.
    pub(crate) fn retire(&self) {
        *self.lock() = None;
    }

    /// Keeps connections again.
    pub(crate) fn revive(&self) {
        self.lock().get_or_insert_default();
    }

    /// Closes idle connections that have expired or that the node has closed.
    pub(crate) fn sweep(&self, now: Instant) {
        let idle_timeout = self.limits.idle_timeout;
        if let Some(idle) = &mut *self.lock() {
            idle.retain_mut(|c| {
                now.saturating_duration_since(c.idle_since()) < idle_timeout
                    && c.settle()
                    && c.is_ready()
            });
        }
    }

    /// An idle connection that the current runtime drives. Where there is none, one of another runtime makes room for a new
    /// one if need be.
    fn take_idle(&self) -> Option<Connection> {
        let runtime = Handle::current().id();
        loop {
            let connection = {
                let mut idle = self.lock();
                let idle = idle.as_mut()?;
                let Some(at) = idle.iter().rposition(|c| c.runtime() == runtime) else {
                    if !idle.is_empty() && !self.has_room_beside(idle.len() - 1) {
                        idle.remove(0);
                    }
                    return None;
                };
                idle.remove(at)
            };
            if connection.is_ready() && connection.idle_since().elapsed() < self.limits.idle_timeout
            {
                return Some(connection);
            }
        }
    }

    /// Whether one more connection would keep the limit. A request that has its slot but not yet its connection counts, so the
    /// answer may be no where it could be yes.
    fn has_room_beside(&self, idle: usize) -> bool {
        idle + self.in_flight() < self.limits.max_connections.get()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        // A panic cannot leave a list of connections in a state that matters.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to one connection, given back when dropped.
struct Slot {
    pool: Arc<Pool>,
    counted: bool,
}

impl Slot {
    async fn connect(self, limit: Duration) -> Result<Lease, ConnectError> {
        if let Some(connection) = self.pool.take_idle() {
            return Ok(Lease {
                connection,
                reused: true,
                slot: self,
            });
        }
        let connecting = timeout(limit, self.pool.endpoint.connect());
        let connection = connecting
            .await
            .unwrap_or(Err(ConnectError::Timeout(limit)))?;
        self.pool.opened.fetch_add(1, Relaxed);
        Ok(Lease {
            connection,
            reused: false,
            slot: self,
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.counted {
            self.pool.slots.add_permits(1);
        }
    }
}

/// A connection in use. Dropping it closes the connection; [`finish`](Self::finish) keeps it.
pub(crate) struct Lease {
    // Dropped before the slot, so that a slot never stands for a connection too many.
    pub(crate) connection: Connection,
    reused: bool,
    slot: Slot,
}

impl Lease {
    /// Whether the connection has served a request before.
    pub(crate) fn reused(&self) -> bool {
        self.reused
    }

    /// Keeps the connection for the next request, if it can take one and takes nobody's place.
    pub(crate) fn finish(mut self) {
        if !self.connection.settle() {
            return;
        }
        self.connection.set_idle_since(Instant::now());
        let pool = &self.slot.pool;
        if let Some(idle) = &mut *pool.lock()
            && (self.slot.counted || pool.has_room_beside(idle.len()))
        {
            idle.push(self.connection);
        }
    }
}
