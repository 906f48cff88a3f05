//! The state with which a node executes requests: the cluster's, and its own.

use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

use super::contention::Contention;
use super::permissions::Permissions;
use super::settings::Settings;
use crate::fault::Faults;
use crate::gossip::localnodes::{self, Query};
use crate::gossip::members::{Gossip, Member, Members, View};
use crate::stats::Counters;
use crate::store::Store;
use crate::sync::lock;
use crate::tokens::Tokens;
use crate::version::Version;
use crate::wire::records::Records;
use crate::wire::tls::Authority;

/// What all nodes of a cluster have in common.
pub(crate) struct ClusterState {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) members: Members,
    pub(crate) tokens: Tokens,
    pub(crate) contention: Contention,
    pub(crate) permissions: Permissions,
    pub(crate) authority: Authority,
    pub(crate) threads: Handle,
}

/// What all connections of a node have in common.
pub(crate) struct NodeState {
    pub(crate) id: u64,
    pub(crate) addr: SocketAddr,
    pub(crate) cluster: Arc<ClusterState>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) records: Arc<Records>,
    /// How many requests are being read, executed or held back.
    pub(crate) in_flight: AtomicUsize,
    /// The workers that are free.
    pub(crate) workers: Semaphore,
    /// The node's address, datacenter and rack.
    pub(crate) member: Member,
    version: Mutex<Version>,
    view: Mutex<View>,
    faults: watch::Sender<Arc<Faults>>,
}

impl NodeState {
    /// Returns the state of a node that joins the cluster and is not started.
    pub(crate) fn new(
        cluster: &Arc<ClusterState>,
        id: u64,
        addr: SocketAddr,
        datacenter: &str,
        rack: &str,
    ) -> Self {
        let member = Member::new(addr.ip(), datacenter, rack);
        cluster.members.insert(id, member.clone());
        Self {
            id,
            addr,
            cluster: Arc::clone(cluster),
            counters: Arc::default(),
            records: Arc::default(),
            in_flight: AtomicUsize::new(0),
            workers: Semaphore::new(cluster.settings.workers.min(Semaphore::MAX_PERMITS)),
            member,
            version: Mutex::new(cluster.settings.version),
            view: Mutex::default(),
            faults: watch::Sender::default(),
        }
    }

    pub(crate) fn version(&self) -> Version {
        *lock(&self.version)
    }

    pub(crate) fn set_version(&self, version: Version) {
        *lock(&self.version) = version;
    }

    pub(crate) fn set_view(&self, view: View) {
        *lock(&self.view) = view;
    }

    pub(crate) fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults.borrow())
    }

    pub(crate) fn change_faults(&self, change: impl FnOnce(&mut Faults)) {
        self.faults.send_modify(|faults| change(Arc::make_mut(faults)));
    }

    /// Waits until the faults satisfy the condition.
    pub(crate) async fn until_faults(&self, mut wanted: impl FnMut(&Faults) -> bool) {
        // An error means that the node is gone, and the waiting task with it.
        let _ = self.faults.subscribe().wait_for(|faults| wanted(faults)).await;
    }

    pub(crate) fn localnodes(&self, query: &Query) -> Vec<String> {
        let view = lock(&self.view).clone();
        localnodes::entries(self.version(), &self.cluster.members.all(), &self.member, &view, query)
    }

    /// Returns the entries as if every member were alive and normal.
    pub(crate) fn everyone(&self, query: &Query) -> Vec<String> {
        let mut members = self.cluster.members.all();
        for member in &mut members {
            member.gossip = Gossip::Normal;
        }
        localnodes::entries(self.version(), &members, &self.member, &View::Cluster, query)
    }
}
