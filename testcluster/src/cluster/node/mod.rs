//! A node: the handle that tests hold, and what its connections share.

mod process;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::ServerConfig;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cluster::builder::Settings;
use crate::cluster::runtime::wait_for;
use crate::fault::{Fault, Faults};
use crate::gossip::localnodes::{self, Query};
use crate::gossip::members::{Gossip, Member, Members, View};
use crate::server::api::Backend;
use crate::server::contention::Contention;
use crate::server::permissions::Permissions;
use crate::stats::{Counters, Records, Stats};
use crate::store::Store;
use crate::tokens::Tokens;
use crate::version::Version;
use crate::wire::socket::Socket;
use crate::wire::tls::{Authority, Tls};
use process::Life;

/// What all nodes of a cluster have in common.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) members: Members,
    pub(crate) tokens: Tokens,
    pub(crate) contention: Contention,
    pub(crate) permissions: Permissions,
    pub(crate) authority: Authority,
    pub(crate) threads: Handle,
}

pub(crate) struct Inner {
    pub(crate) addr: SocketAddr,
    pub(crate) shared: Arc<Shared>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) records: Records,
    pub(crate) in_flight: AtomicUsize,
    version: Mutex<Version>,
    id: u64,
    me: Member,
    faults: watch::Sender<Arc<Faults>>,
    view: Mutex<View>,
    life: tokio::sync::Mutex<Life>,
    tls: Mutex<Option<Arc<ServerConfig>>>,
    connections: Mutex<HashMap<u64, (Socket, JoinHandle<()>)>>,
    next_connection: AtomicU64,
}

impl Inner {
    pub(crate) fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults.borrow())
    }

    /// Waits until the faults are like that.
    pub(crate) async fn until_faults(&self, wanted: impl FnMut(&Faults) -> bool) {
        let mut wanted = wanted;
        // An error means that the node is gone, and whoever waits with it.
        let _ = self.faults.subscribe().wait_for(|faults| wanted(faults)).await;
    }

    pub(crate) fn version(&self) -> Version {
        *lock(&self.version)
    }

    pub(crate) fn backend(&self, client: Option<IpAddr>) -> Backend<'_> {
        Backend {
            shared: &self.shared,
            version: self.version(),
            counters: &self.counters,
            addr: self.addr,
            node: self.id,
            client,
        }
    }

    pub(crate) fn localnodes(&self, query: &Query) -> Vec<String> {
        let view = lock(&self.view).clone();
        localnodes::entries(self.version(), &self.shared.members.all(), &self.me, &view, query)
    }

    /// As if every member were alive and normal.
    pub(crate) fn everyone(&self, query: &Query) -> Vec<String> {
        let mut members = self.shared.members.all();
        for member in &mut members {
            member.gossip = Gossip::Normal;
        }
        localnodes::entries(self.version(), &members, &self.me, &View::Cluster, query)
    }

    /// An address at which there is no node.
    pub(crate) fn imaginary(&self, at: u32) -> String {
        IpAddr::from((0x0a00_0000 | (at & 0x00ff_ffff)).to_be_bytes()).to_string()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A node of the cluster. A handle: clones are the same node.
#[derive(Clone)]
pub struct Node(Arc<Inner>);

impl Node {
    /// A node that is not started.
    pub(crate) fn new(
        shared: &Arc<Shared>,
        id: u64,
        addr: SocketAddr,
        datacenter: &str,
        rack: &str,
    ) -> Self {
        let me = Member::new(addr.ip(), datacenter, rack);
        shared.members.insert(id, me.clone());
        Self(Arc::new(Inner {
            addr,
            shared: Arc::clone(shared),
            counters: Arc::default(),
            records: Records::default(),
            in_flight: AtomicUsize::new(0),
            version: Mutex::new(shared.settings.version),
            id,
            me,
            faults: watch::Sender::default(),
            view: Mutex::default(),
            life: tokio::sync::Mutex::default(),
            tls: Mutex::default(),
            connections: Mutex::default(),
            next_connection: AtomicU64::new(0),
        }))
    }

    /// The address that the node listens at.
    pub fn addr(&self) -> SocketAddr {
        self.0.addr
    }

    /// The node's URL by address, such as `http://127.0.0.1:8000`.
    pub fn url(&self) -> String {
        let scheme = if self.0.shared.settings.tls == Tls::Off { "http" } else { "https" };
        format!("{scheme}://{}", self.0.addr)
    }

    /// The node's datacenter.
    pub fn datacenter(&self) -> &str {
        &self.0.me.datacenter
    }

    /// The node's rack.
    pub fn rack(&self) -> &str {
        &self.0.me.rack
    }

    /// The release whose rules the node follows.
    pub fn version(&self) -> Version {
        self.0.version()
    }

    /// Upgrades or downgrades the node in place: from the next request on it follows the rules of
    /// this release. Its `Server` header stays.
    pub fn set_version(&self, version: Version) {
        *lock(&self.0.version) = version;
    }

    /// Kills the node: its listener and every connection close at once, and requests in flight are
    /// not executed any further. The others list it until the cluster's failure detection has
    /// passed.
    pub fn stop(&self) {
        self.wait_for(Inner::stop);
    }

    /// Starts the node again at its address, with the faults it had. It is gossiped as normal, and
    /// listens when the cluster's listening delay has passed.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened at, or the cluster is gone.
    pub fn start(&self) -> io::Result<()> {
        self.wait_for(Inner::start).unwrap_or_else(|| Err(io::Error::other("the cluster is gone")))
    }

    /// Drains the node as the server does: it listens no more, every connection is shut in both
    /// directions at once, what is in flight is executed and its replies are lost. Only then, after
    /// the cluster's shutdown announcement, do the others learn of it.
    pub fn drain(&self) {
        self.wait_for(Inner::drain);
    }

    /// Turns a fault on. It takes the place of a fault of the same kind, and adds to those of
    /// others.
    pub fn inject(&self, fault: Fault) {
        self.0.faults.send_modify(|faults| Arc::make_mut(faults).add(fault));
        self.follow_faults();
    }

    /// Turns all faults off; the node's view and what is gossiped about it stay.
    pub fn heal(&self) {
        self.0.faults.send_replace(Arc::default());
        self.follow_faults();
    }

    /// Closes every connection on which no request is under way.
    pub fn close_idle(&self) {
        for (socket, _) in lock(&self.0.connections).values().filter(|(socket, _)| socket.is_idle())
        {
            socket.shut_down();
        }
    }

    /// Sets what the cluster believes about the node.
    pub fn set_gossip(&self, gossip: Gossip) {
        self.0.shared.members.set(self.0.id, gossip);
    }

    /// Sets which of the other nodes this one sees.
    pub fn set_view(&self, view: View) {
        *lock(&self.0.view) = view;
    }

    /// What the node has counted.
    pub fn stats(&self) -> Stats {
        self.0.counters.snapshot(self.0.in_flight.load(Relaxed))
    }

    /// The heads of all requests, exactly as they arrived.
    pub fn heads(&self) -> Vec<Vec<u8>> {
        self.0.records.heads()
    }

    /// Whether these bytes occur in anything that a client sent on one connection, after TLS. Up to
    /// 64 MiB are kept.
    pub fn saw(&self, bytes: &[u8]) -> bool {
        self.0.records.contain(bytes)
    }

    pub(crate) fn id(&self) -> u64 {
        self.0.id
    }

    pub(crate) fn leave(&self) {
        self.0.shared.members.remove(self.0.id);
        self.stop();
    }

    fn follow_faults(&self) {
        let turned = self.wait_for(|node| async move {
            let mut life = node.life.lock().await;
            node.turn_door(&mut life).await
        });
        if let Some(Err(error)) = turned {
            tracing::error!(%error, addr = %self.0.addr, "cannot listen");
        }
    }

    fn wait_for<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        work: impl FnOnce(Arc<Inner>) -> F,
    ) -> Option<T> {
        wait_for(&self.0.shared.threads, work(Arc::clone(&self.0)))
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Node {}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(node) = self;
        write!(f, "Node({} in {}/{})", node.addr, node.me.datacenter, node.me.rack)
    }
}
