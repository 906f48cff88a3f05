//! The cluster: nodes that share a port and a store, and that come and go.

pub(crate) mod builder;
pub(crate) mod node;
pub(crate) mod ownership;
mod runtime;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::gossip::members::Members;
use crate::server::contention::Contention;
use crate::server::permissions::Permissions;
use crate::server::settings::Settings;
use crate::server::state::{ClusterState, NodeState};
use crate::store::Store;
use crate::sync::lock;
use crate::tokens::Tokens;
use crate::wire::tls::Authority;
use node::Node;
use runtime::Threads;

/// Below the range from which the kernel takes the ports of outgoing connections, so that a node
/// that stops finds its port free when it starts again.
const PORTS: std::ops::Range<u16> = 10_000..30_000;

/// Where a cluster keeps its port from other clusters while its own nodes are down.
const RESERVED: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 254);

/// Where a node is.
#[derive(Clone, Debug)]
struct Location {
    /// By default the next free loopback address.
    ip: Option<IpAddr>,
    datacenter: String,
    rack: String,
}

impl Location {
    /// Anywhere in a rack.
    fn in_rack(datacenter: &str, rack: &str) -> Self {
        Self { ip: None, datacenter: datacenter.to_owned(), rack: rack.to_owned() }
    }
}

/// A running cluster. Dropping it stops every node.
pub struct Cluster {
    nodes: Mutex<Vec<Node>>,
    state: Arc<ClusterState>,
    port: u16,
    /// How many nodes there have been; none of their addresses is used again.
    created: AtomicU64,
    _reservation: TcpListener,
    _threads: Threads,
}

impl Cluster {
    fn start(locations: Vec<Location>, port: Option<u16>, settings: Settings) -> io::Result<Self> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let drawn = port.unwrap_or_else(|| fastrand::u16(PORTS));
            match Self::start_at(&locations, drawn, settings.clone()) {
                Err(error)
                    if error.kind() == io::ErrorKind::AddrInUse
                        && port.is_none()
                        && attempts < 100 => {}
                result => return result,
            }
        }
    }

    fn start_at(locations: &[Location], port: u16, settings: Settings) -> io::Result<Self> {
        let reservation = TcpListener::bind((RESERVED, port))?;
        let threads = Threads::start()?;
        let state = ClusterState {
            tokens: Tokens::new(settings.tokens.clone()),
            contention: Contention::new(settings.contention.clone()),
            permissions: Permissions::new(settings.denied.clone()),
            settings,
            store: Store::new()?,
            members: Members::default(),
            authority: Authority::new()?,
            threads: threads.handle(),
        };
        let cluster = Self {
            nodes: Mutex::default(),
            state: Arc::new(state),
            port,
            created: AtomicU64::new(0),
            _reservation: reservation,
            _threads: threads,
        };
        for location in locations {
            cluster.add(location, None)?;
        }
        Ok(cluster)
    }

    /// Adds a node, which may replace another that has stopped.
    fn add(&self, location: &Location, of: Option<&Node>) -> io::Result<Node> {
        let id = self.created.fetch_add(1, Relaxed) + 1;
        let ip = location.ip.unwrap_or_else(|| numbered(Ipv4Addr::new(127, 0, 0, 0), id));
        let addr = SocketAddr::new(ip, self.port);
        let Location { datacenter, rack, .. } = location;
        let node = Node::new(NodeState::new(&self.state, id, addr, datacenter, rack));
        let internal = if self.state.settings.internal_addresses {
            numbered(Ipv4Addr::new(10, 0, 0, 0), id)
        } else {
            ip
        };
        let tokens = &self.state.tokens;
        tokens.join(id, [ip, internal], datacenter, rack, of.map(Node::id));
        if let Err(error) = node.start() {
            tokens.leave(id);
            node.leave();
            return Err(error);
        }
        lock(&self.nodes).push(node.clone());
        Ok(node)
    }

    /// The nodes, in the order in which they joined.
    pub fn nodes(&self) -> Vec<Node> {
        lock(&self.nodes).clone()
    }

    /// The node at index `at` of [`Cluster::nodes`].
    ///
    /// # Panics
    ///
    /// If there are no more than `at` nodes.
    pub fn node(&self, at: usize) -> Node {
        lock(&self.nodes)[at].clone()
    }

    /// The URL of every node.
    pub fn urls(&self) -> Vec<String> {
        lock(&self.nodes).iter().map(Node::url).collect()
    }

    /// The port that all nodes share.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority that signed the nodes' certificates.
    pub fn ca_pem(&self) -> &str {
        &self.state.authority.pem
    }

    /// A client certificate for nodes that require one, and its key, both as PEM.
    pub fn client_identity(&self) -> (&str, &str) {
        let (certificate, key) = &self.state.authority.client;
        (certificate, key)
    }

    /// Adds a node at an address of its own.
    ///
    /// # Errors
    ///
    /// If its address cannot be bound.
    pub fn add_node(&self, datacenter: &str, rack: &str) -> io::Result<Node> {
        self.add(&Location::in_rack(datacenter, rack), None)
    }

    /// Removes a node for good: the others forget it, it stops, and its replicas move to others.
    pub fn remove_node(&self, node: &Node) {
        self.state.tokens.leave(node.id());
        self.forget(node);
    }

    fn forget(&self, node: &Node) {
        lock(&self.nodes).retain(|other| other != node);
        node.leave();
    }

    /// Replaces a node by one at another address in the same rack, which takes over its replicas.
    /// Returns the new node.
    ///
    /// # Errors
    ///
    /// If the new node's address cannot be bound.
    pub fn replace_node(&self, node: &Node) -> io::Result<Node> {
        self.forget(node);
        self.add(&Location::in_rack(node.datacenter(), node.rack()), Some(node))
    }

    /// Waits until the condition holds. Returns whether it did within the limit. Blocks the thread.
    pub fn wait_until(&self, limit: Duration, condition: impl Fn() -> bool) -> bool {
        let deadline = Instant::now() + limit;
        while !condition() {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::park_timeout(Duration::from_millis(2));
        }
        true
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in self.nodes() {
            node.stop();
        }
    }
}

/// The address of this number in a network.
fn numbered(network: Ipv4Addr, id: u64) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(u32::from(network) + (id & 0x00ff_ffff) as u32))
}
