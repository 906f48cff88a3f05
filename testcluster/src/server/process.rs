//! A node's process: how it starts, serves connections, is killed, and drains.

use std::collections::HashMap;
use std::io;
use std::mem::take;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::{HandshakeKind, ServerConfig};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use super::api::Peer;
use super::connection::Connection;
use super::listener::{Listener, Mode};
use super::state::NodeState;
use crate::fault::{Fault, Scope};
use crate::gossip::members::Gossip;
use crate::sync::lock;
use crate::wire::socket::Socket;

/// Whether the process runs, and its listener.
#[derive(Default)]
struct Lifecycle {
    running: bool,
    /// How often `running` has changed, by which a delayed start knows that it was overtaken.
    changes: u64,
    listener: Listener,
    /// Connections of a host that has vanished. They are reset when it returns.
    lost: Vec<Socket>,
}

pub(crate) struct Process {
    pub(crate) node: Arc<NodeState>,
    lifecycle: tokio::sync::Mutex<Lifecycle>,
    tls: Mutex<Option<Arc<ServerConfig>>>,
    connections: Mutex<HashMap<u64, (Socket, JoinHandle<()>)>>,
    next_connection: AtomicU64,
}

impl Process {
    /// Returns a process that is not started.
    pub(crate) fn new(node: NodeState) -> Self {
        Self {
            node: Arc::new(node),
            lifecycle: tokio::sync::Mutex::default(),
            tls: Mutex::default(),
            connections: Mutex::default(),
            next_connection: AtomicU64::new(0),
        }
    }

    /// Takes an accepted connection and serves it in a task of its own.
    fn admit(self: &Arc<Self>, stream: TcpStream) {
        let socket = Socket::new(stream, Arc::clone(&self.node.counters));
        let id = self.next_connection.fetch_add(1, Relaxed);
        let (process, served) = (Arc::clone(self), socket.clone());
        // The lock is held until the task is entered, so that the task cannot leave before.
        let mut connections = lock(&self.connections);
        let task = tokio::spawn(async move {
            process.serve(served).await;
            lock(&process.connections).remove(&id);
        });
        connections.insert(id, (socket, task));
    }

    async fn serve(self: &Arc<Self>, socket: Socket) {
        let faults = self.node.faults();
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
            return Connection::new(Arc::clone(&self.node), socket.clone(), socket, Peer::Unknown)
                .serve()
                .await;
        };
        self.node.until_faults(|faults| !faults.hang(Scope::All)).await;
        // A handshake that failed has already told the client why.
        let Ok(stream) = TlsAcceptor::from(config).accept(socket.clone()).await else {
            return;
        };
        let session = stream.get_ref().1;
        if session.handshake_kind() == Some(HandshakeKind::Resumed) {
            self.node.counters.tls_resumed.fetch_add(1, Relaxed);
        }
        let peer =
            if session.peer_certificates().is_some() { Peer::Certified } else { Peer::Unknown };
        Connection::new(Arc::clone(&self.node), socket, stream, peer).serve().await;
    }

    async fn switch_listener(self: &Arc<Self>, lifecycle: &mut Lifecycle) -> io::Result<()> {
        let faults = self.node.faults();
        let wanted = match faults.of_accept() {
            _ if !lifecycle.running => Mode::Closed,
            _ if faults.vanished() => Mode::Blackholed,
            Some(Fault::Refuse) => Mode::Closed,
            Some(Fault::DropSyns) => Mode::Full,
            _ => Mode::Open,
        };
        let process = Arc::clone(self);
        lifecycle
            .listener
            .switch(self.node.addr, wanted, move |stream| process.admit(stream))
            .await?;
        if wanted == Mode::Blackholed {
            let connections = take(&mut *lock(&self.connections));
            for (socket, _) in connections.values() {
                socket.lose();
            }
            lifecycle.lost.extend(cut_off(connections).await);
        } else {
            lifecycle.lost.clear();
        }
        Ok(())
    }

    pub(crate) async fn start(self: Arc<Self>) -> io::Result<()> {
        let mut lifecycle = self.lifecycle.lock().await;
        if lifecycle.running {
            return Ok(());
        }
        let settings = &self.node.cluster.settings;
        *lock(&self.tls) =
            self.node.cluster.authority.server_config(self.node.addr.ip(), settings.tls)?;
        lifecycle.running = true;
        lifecycle.changes += 1;
        if settings.listening_delay.is_zero() {
            if let Err(error) = self.switch_listener(&mut lifecycle).await {
                lifecycle.running = false;
                return Err(error);
            }
        } else {
            let (process, changes, delay) =
                (Arc::clone(&self), lifecycle.changes, settings.listening_delay);
            tokio::spawn(async move {
                sleep(delay).await;
                let mut lifecycle = process.lifecycle.lock().await;
                if lifecycle.changes == changes
                    && let Err(error) = process.switch_listener(&mut lifecycle).await
                {
                    tracing::error!(%error, addr = %process.node.addr, "cannot listen");
                }
            });
        }
        self.node.cluster.members.set(self.node.id, Gossip::Normal);
        Ok(())
    }

    pub(crate) async fn follow_faults(self: Arc<Self>) -> io::Result<()> {
        let mut lifecycle = self.lifecycle.lock().await;
        self.switch_listener(&mut lifecycle).await
    }

    /// Closes every connection on which no request is in flight.
    pub(crate) fn close_idle(&self) {
        for (socket, _) in lock(&self.connections).values().filter(|(socket, _)| socket.is_idle()) {
            socket.shut_down();
        }
    }

    /// Closes the listener. Returns whether the process was running.
    async fn end(self: &Arc<Self>) -> bool {
        let mut lifecycle = self.lifecycle.lock().await;
        let was_running = take(&mut lifecycle.running);
        lifecycle.changes += 1;
        // Closing cannot fail: nothing is opened.
        let _ = self.switch_listener(&mut lifecycle).await;
        was_running
    }

    pub(crate) async fn stop(self: Arc<Self>) {
        if !self.end().await {
            return;
        }
        let connections = take(&mut *lock(&self.connections));
        drop(cut_off(connections).await);
        self.gossip_later(self.node.cluster.settings.failure_detection, Gossip::Down);
    }

    pub(crate) async fn drain(self: Arc<Self>) {
        if !self.end().await {
            return;
        }
        for (socket, _) in lock(&self.connections).values() {
            socket.shut_down();
        }
        self.gossip_later(self.node.cluster.settings.shutdown_announcement, Gossip::Shutdown);
    }

    fn gossip_later(self: &Arc<Self>, delay: Duration, gossip: Gossip) {
        let epoch = self.node.cluster.members.announce(self.node.id);
        if delay.is_zero() {
            return self.node.cluster.members.set_at(self.node.id, epoch, gossip);
        }
        let node = Arc::clone(&self.node);
        tokio::spawn(async move {
            sleep(delay).await;
            node.cluster.members.set_at(node.id, epoch, gossip);
        });
    }
}

/// Ends the tasks that serve these connections, and returns the last handle of each socket: when it
/// is dropped, the kernel closes the connection.
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
