//! The right to one connection of a node, and a connection in use.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use super::Pool;
use crate::error::ConnectError;
use crate::transport::connection::Connection;

/// The right to one connection, given back when dropped.
pub(crate) struct Slot {
    pub(super) pool: Arc<Pool>,
    /// That of a request or a spare connection. The connector's own queries have none.
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

impl Slot {
    /// Returns an idle connection, or the slot if there is none.
    pub(super) fn reuse(self) -> Result<Lease, Self> {
        let pool = &self.pool;
        let taken = pool.idle.take(|idle| pool.has_room_beside(idle));
        if taken.as_ref().is_none_or(|(_, left)| *left == 0) {
            pool.ran_out();
        }
        match taken {
            Some((connection, _)) => Ok(Lease { connection, reused: true, slot: self }),
            None => Err(self),
        }
    }

    /// Returns an idle connection, or a new one.
    pub(super) async fn lease(self, limit: Duration) -> Result<Lease, ConnectError> {
        match self.reuse() {
            Ok(lease) => Ok(lease),
            Err(slot) => slot.dial(limit).await,
        }
    }

    /// Opens a new connection.
    pub(super) async fn dial(self, limit: Duration) -> Result<Lease, ConnectError> {
        let pool = &self.pool;
        let begun = Instant::now();
        let connection = timeout(limit, pool.endpoint.connect())
            .await
            .unwrap_or(Err(ConnectError::Timeout { after: limit }))?;
        pool.opened.fetch_add(1, Relaxed);
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        pool.connecting.store(nanos(begun.elapsed()), Relaxed);
        pool.connected.store(nanos(pool.created.elapsed()).max(1), Relaxed);
        Ok(Lease { connection, reused: false, slot: self })
    }
}

/// A connection in use. Dropping it closes the connection; [`finish`](Self::finish) keeps it.
pub(crate) struct Lease {
    // Dropped before the slot, so that connections never exceed slots.
    pub(crate) connection: Connection,
    reused: bool,
    slot: Slot,
}

impl Lease {
    /// Returns whether the connection was idle before, and so may have been closed meanwhile.
    pub(crate) fn reused(&self) -> bool {
        self.reused
    }

    /// Keeps the connection for the next request if it is reusable and there is room, and returns
    /// whether it does. One that has served no request is kept too.
    pub(crate) fn finish(self) -> bool {
        // In this order they are dropped: the connection first, as above.
        let Self { slot, mut connection, .. } = self;
        if !connection.settle() {
            return false;
        }
        connection.idle_since = Instant::now();
        let pool = &slot.pool;
        pool.idle.put(connection, |idle| slot.permit.is_some() || pool.has_room_beside(idle))
    }
}
