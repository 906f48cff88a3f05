//! The idle connections of one node.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::transport::connection::Connection;

pub(super) struct Idle {
    /// Maximum idle time of a connection that is still used.
    timeout: Duration,
    /// `None` once the node has left the cluster. Last in, first out, so that the rest can expire.
    list: Mutex<Option<Vec<Connection>>>,
}

impl Idle {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout, list: Mutex::new(Some(Vec::new())) }
    }

    pub(super) fn len(&self) -> usize {
        self.lock().as_ref().map_or(0, Vec::len)
    }

    /// Returns how many connections the current runtime drives. `None` if none are kept.
    pub(super) fn own(&self) -> Option<usize> {
        let runtime = Handle::current().id();
        let list = self.lock();
        let list = list.as_ref()?;
        Some(list.iter().filter(|c| c.runtime == runtime).count())
    }

    /// Returns whether there is room beside the idle connections. None is added or taken meanwhile,
    /// so that every connection is counted.
    pub(super) fn leaves_room(&self, has_room_beside: impl Fn(usize) -> bool) -> bool {
        self.with(|list| has_room_beside(list.len())) == Some(true)
    }

    /// Takes a connection that the current runtime drives, and returns it with the number left. If
    /// there is none, one of another runtime is closed if there is no room for a new one.
    pub(super) fn take(
        &self,
        has_room_beside: impl Fn(usize) -> bool,
    ) -> Option<(Connection, usize)> {
        let runtime = Handle::current().id();
        loop {
            let (mut connection, left) = {
                let mut list = self.lock();
                let list = list.as_mut()?;
                let Some(at) = list.iter().rposition(|c| c.runtime == runtime) else {
                    if !list.is_empty() && !has_room_beside(list.len() - 1) {
                        list.remove(0);
                    }
                    return None;
                };
                (list.remove(at), list.len())
            };
            if !self.is_expired(&connection, Instant::now()) && connection.is_usable() {
                return Some((connection, left));
            }
        }
    }

    /// Keeps a connection if there is room, and returns whether it does.
    pub(super) fn put(
        &self,
        connection: Connection,
        has_room_beside: impl Fn(usize) -> bool,
    ) -> bool {
        match &mut *self.lock() {
            Some(list) if has_room_beside(list.len()) => {
                list.push(connection);
                true
            }
            _ => false,
        }
    }

    /// Closes all connections, and keeps none from now on.
    pub(super) fn retire(&self) {
        let retired = self.lock().take();
        drop(retired);
    }

    /// Keeps connections again.
    pub(super) fn revive(&self) {
        self.lock().get_or_insert_default();
    }

    /// Closes connections that have expired, that the node has closed, or whose runtime has ended.
    /// The kernel is asked without the lock; only those that may have ended are checked again.
    pub(super) fn sweep(&self, now: Instant) {
        let runtime = Handle::current().id();
        let look = |c: &Connection| (c.socket(), c.runtime);
        let Some(idle) = self.with(|list| list.iter().map(look).collect::<Vec<_>>()) else {
            return;
        };
        for (socket, of) in idle {
            if of == runtime && socket.is_quiet() {
                continue;
            }
            // It may be in use by now, or have been used.
            let ended = self.with(|list| {
                let at = list.iter().position(|c| c.is_on(&socket))?;
                let connection = &mut list[at];
                let lives = connection.settle() && connection.is_ready();
                (!lives).then(|| list.remove(at))
            });
            drop(ended);
        }
        let expired =
            self.with(|list| list.extract_if(.., |c| self.is_expired(c, now)).collect::<Vec<_>>());
        drop(expired);
    }

    fn is_expired(&self, connection: &Connection, now: Instant) -> bool {
        now.saturating_duration_since(connection.idle_since) >= self.timeout
    }

    fn with<T>(&self, look: impl FnOnce(&mut Vec<Connection>) -> T) -> Option<T> {
        self.lock().as_mut().map(look)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        // A panic cannot leave a list of connections in a state that matters.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use alternator_testcluster::{Cluster, Tls};

    use super::super::Pool;
    use super::super::tests::{LIMIT, eventually, leases, pool};
    use super::*;
    use crate::config::{Config, Options};

    #[tokio::test]
    async fn a_sweep_closes_what_is_closed_or_expired_and_keeps_the_order_of_the_rest() {
        let (listener, pool) = pool(8).await;
        let mut leases = leases(&pool, 4).await;
        let mut accepted = Vec::new();
        for _ in 0..4 {
            accepted.push(listener.accept().await.unwrap().0);
        }
        let sockets: Vec<_> = leases.iter().map(|l| l.connection.socket()).collect();
        leases.drain(..).for_each(|lease| assert!(lease.finish()));
        let kept = || {
            let on = |c: &Connection| sockets.iter().position(|s| c.is_on(s)).unwrap();
            pool.idle.with(|list| list.iter().map(on).collect::<Vec<_>>())
        };
        pool.sweep(Instant::now());
        assert_eq!(kept(), Some(vec![0, 1, 2, 3]));
        drop(accepted.remove(1));
        eventually(|| !sockets[1].is_quiet()).await;
        pool.sweep(Instant::now());
        assert_eq!(kept(), Some(vec![0, 2, 3]));
        pool.idle.with(|list| list[1].idle_since = Instant::now() + LIMIT);
        pool.sweep(Instant::now() + LIMIT);
        assert_eq!(kept(), Some(vec![2]));
    }

    /// In TLS 1.3 a server sends session tickets after the handshake, and an idle connection is not
    /// read.
    #[tokio::test]
    async fn session_tickets_do_not_spoil_a_connection_that_has_served_nobody() {
        let cluster = Cluster::builder().tls(Tls::Server).start().unwrap();
        let options = Options {
            seeds: cluster.urls().into_iter().map(Into::into).collect(),
            tls: Some(crate::Tls::new().ca_pem(cluster.ca_pem())),
            ..Options::default()
        };
        let config = Config::parse(&options).unwrap();
        let endpoint = config.dialer.endpoint(cluster.node(0).addr(), None);
        let pool = Arc::new(Pool::new(endpoint, config.pool));
        // One more ticket may arrive at the wrong moment, but hardly each time.
        let (mut taken, mut swept) = (0, 0);
        for _ in 0..10 {
            for _ in 0..2 {
                let connection = pool.dial(LIMIT).await.ok().unwrap().connection;
                eventually(|| !connection.is_ready()).await;
                assert!(pool.idle.put(connection, |_| true));
            }
            // The runtime has noticed it too once a timer that was set afterwards has fired.
            tokio::time::sleep(Duration::from_millis(1)).await;
            taken += usize::from(pool.try_lease().is_some());
            pool.sweep(Instant::now());
            swept += pool.idle();
            pool.retire();
            pool.revive();
        }
        assert!(taken > 0 && swept > 0, "{taken} taken, {swept} swept");
    }
}
