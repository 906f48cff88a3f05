//! The life of a node's process: how it starts, serves connections, is killed, and drains.

use std::collections::HashMap;
use std::io;
use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use rustls::HandshakeKind;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use super::{Inner, lock};
use crate::fault::{Fault, Scope};
use crate::gossip::members::Gossip;
use crate::server::api::Peer;
use crate::server::connection::Connection;
use crate::server::door::{Door, Position};
use crate::wire::socket::Socket;

/// Whether the process runs, and its listener.
#[derive(Default)]
pub(super) struct Life {
    running: bool,
    /// How often that has changed, so that a delayed start can tell that it was overtaken.
    changes: u64,
    door: Door,
    /// Connections of a host that has vanished. They are reset when it is back, or somebody else.
    lost: Vec<Socket>,
}

impl Inner {
    /// Takes an accepted connection and serves it in a task of its own.
    pub(crate) fn admit(self: &Arc<Self>, stream: TcpStream) {
        let socket = Socket::new(stream, Arc::clone(&self.counters));
        let id = self.next_connection.fetch_add(1, Relaxed);
        let (node, served) = (Arc::clone(self), socket.clone());
        // The lock is held until the task is entered, so that the task cannot leave before.
        let mut connections = lock(&self.connections);
        let task = tokio::spawn(async move {
            node.serve(served).await;
            lock(&node.connections).remove(&id);
        });
        connections.insert(id, (socket, task));
    }

    async fn serve(self: &Arc<Self>, socket: Socket) {
        let faults = self.faults();
        match faults.of_accept() {
            Some(Fault::ResetOnAccept) => return socket.reset_on_close(),
            Some(Fault::ResetDuringTls) => {
                // Whatever comes first is the beginning of the handshake.
                let _ = socket.clone().read(&mut [0; 1024]).await;
                return socket.reset_on_close();
            }
            _ => {}
        }
        let tls = lock(&self.tls).clone();
        let Some(config) = tls else {
            return Connection::new(Arc::clone(self), socket.clone(), socket, Peer::Unknown)
                .serve()
                .await;
        };
        self.until_faults(|faults| !faults.hang(Scope::All)).await;
        // A handshake that failed has already told the client why.
        let Ok(stream) = TlsAcceptor::from(config).accept(socket.clone()).await else {
            return;
        };
        let session = stream.get_ref().1;
        if session.handshake_kind() == Some(HandshakeKind::Resumed) {
            self.counters.resumed();
        }
        let peer =
            if session.peer_certificates().is_some() { Peer::Certified } else { Peer::Unknown };
        Connection::new(Arc::clone(self), socket, stream, peer).serve().await;
    }

    pub(super) async fn turn_door(self: &Arc<Self>, life: &mut Life) -> io::Result<()> {
        let faults = self.faults();
        let wanted = match faults.of_accept() {
            _ if !life.running => Position::Shut,
            _ if faults.vanished() => Position::Deaf,
            Some(Fault::Refuse) => Position::Shut,
            Some(Fault::DropSyns) => Position::Full,
            _ => Position::Open,
        };
        life.door.turn(self, wanted).await?;
        if wanted == Position::Deaf {
            let connections = take(&mut *lock(&self.connections));
            for (socket, _) in connections.values() {
                socket.lose();
            }
            life.lost.extend(cut_off(connections).await);
        } else {
            life.lost.clear();
        }
        Ok(())
    }

    pub(super) async fn start(self: Arc<Self>) -> io::Result<()> {
        let mut life = self.life.lock().await;
        if life.running {
            return Ok(());
        }
        let settings = &self.shared.settings;
        *lock(&self.tls) = self.shared.authority.server_config(self.addr.ip(), settings.tls)?;
        life.running = true;
        life.changes += 1;
        if settings.listening_delay.is_zero() {
            if let Err(error) = self.turn_door(&mut life).await {
                life.running = false;
                return Err(error);
            }
        } else {
            let (node, changes, delay) =
                (Arc::clone(&self), life.changes, settings.listening_delay);
            tokio::spawn(async move {
                sleep(delay).await;
                let mut life = node.life.lock().await;
                if life.changes == changes
                    && let Err(error) = node.turn_door(&mut life).await
                {
                    tracing::error!(%error, addr = %node.addr, "cannot listen");
                }
            });
        }
        self.shared.members.set(self.id, Gossip::Normal);
        Ok(())
    }

    /// Shuts the listener, and then what `end` does to connections.
    async fn end(self: &Arc<Self>) -> bool {
        let mut life = self.life.lock().await;
        let was_running = take(&mut life.running);
        life.changes += 1;
        // Shutting cannot fail: nothing is opened.
        let _ = self.turn_door(&mut life).await;
        was_running
    }

    pub(super) async fn stop(self: Arc<Self>) {
        if !self.end().await {
            return;
        }
        let connections = take(&mut *lock(&self.connections));
        drop(cut_off(connections).await);
        self.gossip_later(self.shared.settings.failure_detection, Gossip::Down);
    }

    pub(super) async fn drain(self: Arc<Self>) {
        if !self.end().await {
            return;
        }
        for (socket, _) in lock(&self.connections).values() {
            socket.shut_down();
        }
        self.gossip_later(self.shared.settings.shutdown_announcement, Gossip::Shutdown);
    }

    fn gossip_later(self: &Arc<Self>, delay: Duration, gossip: Gossip) {
        let epoch = self.shared.members.announce(self.id);
        if delay.is_zero() {
            return self.shared.members.set_at(self.id, epoch, gossip);
        }
        let node = Arc::clone(self);
        tokio::spawn(async move {
            sleep(delay).await;
            node.shared.members.set_at(node.id, epoch, gossip);
        });
    }
}

/// Ends the tasks that serve these connections. Theirs is a share of each socket: when what is
/// returned is dropped, the kernel closes the connection.
async fn cut_off(connections: HashMap<u64, (Socket, JoinHandle<()>)>) -> Vec<Socket> {
    for (_, task) in connections.values() {
        task.abort();
    }
    let mut sockets = Vec::new();
    for (socket, task) in connections.into_values() {
        let _ = task.await;
        sockets.push(socket);
    }
    sockets
}
