//! A node: the handle by which tests control it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::runtime::wait_for;
use crate::fault::{Fault, Faults};
use crate::gossip::members::{Gossip, View};
use crate::server::process::Process;
use crate::server::state::NodeState;
use crate::stats::Stats;
use crate::version::Version;
use crate::wire::tls::Tls;

/// A node of the cluster. A handle: clones are the same node.
#[derive(Clone)]
pub struct Node(Arc<Process>);

impl Node {
    /// Returns a node that is not started.
    pub(super) fn new(state: NodeState) -> Self {
        Self(Arc::new(Process::new(state)))
    }

    fn state(&self) -> &NodeState {
        &self.0.node
    }

    /// The address that the node listens at.
    pub fn addr(&self) -> SocketAddr {
        self.state().addr
    }

    /// The node's URL by address, such as `http://127.0.0.1:8000`.
    pub fn url(&self) -> String {
        let scheme = if self.state().cluster.settings.tls == Tls::Off { "http" } else { "https" };
        format!("{scheme}://{}", self.state().addr)
    }

    /// The node's datacenter.
    pub fn datacenter(&self) -> &str {
        &self.state().member.datacenter
    }

    /// The node's rack.
    pub fn rack(&self) -> &str {
        &self.state().member.rack
    }

    /// The release whose rules the node follows.
    pub fn version(&self) -> Version {
        self.state().version()
    }

    /// Upgrades or downgrades the node in place: from the next request on it follows the rules of
    /// this release. Its `Server` header stays.
    pub fn set_version(&self, version: Version) {
        self.state().set_version(version);
    }

    /// Kills the node: its listener and every connection close at once, and requests in flight are
    /// not executed any further. The others list it until the cluster's failure detection has
    /// passed.
    pub fn stop(&self) {
        self.wait_for(Process::stop);
    }

    /// Starts the node again at its address, with its faults. It is gossiped as normal at once, and
    /// listens after the cluster's listening delay.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound, or the cluster is gone.
    pub fn start(&self) -> io::Result<()> {
        self.wait_for(Process::start)
            .unwrap_or_else(|| Err(io::Error::other("the cluster is gone")))
    }

    /// Drains the node as the server does: it stops listening, every connection is shut down in
    /// both directions at once, and what is in flight is executed while its replies are lost. Only
    /// then, after the cluster's shutdown announcement, do the others stop listing it.
    pub fn drain(&self) {
        self.wait_for(Process::drain);
    }

    /// Turns a fault on. It replaces a fault of the same stage, and adds to those of other stages.
    pub fn inject(&self, fault: Fault) {
        self.state().change_faults(|faults| faults.add(fault));
        self.follow_faults();
    }

    /// Turns all faults off; the node's view and what is gossiped about it stay.
    pub fn heal(&self) {
        self.state().change_faults(|faults| *faults = Faults::default());
        self.follow_faults();
    }

    /// Closes every connection on which no request is in flight.
    pub fn close_idle(&self) {
        self.0.close_idle();
    }

    /// Sets what the cluster believes about the node.
    pub fn set_gossip(&self, gossip: Gossip) {
        self.state().cluster.members.set(self.state().id, gossip);
    }

    /// Sets which of the other nodes this one sees.
    pub fn set_view(&self, view: View) {
        self.state().set_view(view);
    }

    /// What the node has counted.
    pub fn stats(&self) -> Stats {
        self.state().counters.snapshot(self.state().in_flight.load(Relaxed))
    }

    /// The heads of all requests, exactly as they arrived.
    pub fn heads(&self) -> Vec<Vec<u8>> {
        self.state().records.heads()
    }

    /// Whether these bytes occur in anything that a client sent on one connection, after TLS. Up to
    /// 64 MiB are kept.
    pub fn saw(&self, bytes: &[u8]) -> bool {
        self.state().records.contain(bytes)
    }

    pub(super) fn id(&self) -> u64 {
        self.state().id
    }

    pub(super) fn leave(&self) {
        self.state().cluster.members.remove(self.state().id);
        self.stop();
    }

    fn follow_faults(&self) {
        let turned = self.wait_for(Process::follow_faults);
        if let Some(Err(error)) = turned {
            tracing::error!(%error, addr = %self.state().addr, "cannot listen");
        }
    }

    fn wait_for<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        work: impl FnOnce(Arc<Process>) -> F,
    ) -> Option<T> {
        wait_for(&self.state().cluster.threads, work(Arc::clone(&self.0)))
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
        let node = self.state();
        write!(f, "Node({} in {}/{})", node.addr, node.member.datacenter, node.member.rack)
    }
}
