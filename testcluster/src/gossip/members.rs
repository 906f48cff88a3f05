//! The members of the cluster as gossip has them, and what one node sees of them: the source of
//! every `/localnodes` reply.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;

use crate::sync::lock;

/// The state of a node in gossip. The node itself goes by the same state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gossip {
    /// Bootstrapping or replacing: not listed.
    Joining,
    /// Alive and normal: listed.
    Normal,
    /// Streaming its data away before it leaves, normal until that is done: listed.
    Leaving,
    /// The failure detector found it dead: not listed, except by releases that list every normal
    /// node.
    Down,
    /// Announced its own shutdown: not listed.
    Shutdown,
}

/// Which nodes a node believes to be alive, besides itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum View {
    /// Those that the cluster gossips to be alive.
    #[default]
    Cluster,
    /// Of those, only the ones with these addresses: the node's side of a partition. With none, it
    /// sees only itself.
    Only(Vec<IpAddr>),
}

#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) ip: IpAddr,
    pub(crate) datacenter: String,
    pub(crate) rack: String,
    pub(crate) gossip: Gossip,
    /// Counts the changes, by which a delayed one knows that it was overtaken.
    epoch: u64,
}

impl Member {
    pub(crate) fn new(ip: IpAddr, datacenter: &str, rack: &str) -> Self {
        Self {
            ip,
            datacenter: datacenter.to_owned(),
            rack: rack.to_owned(),
            gossip: Gossip::Joining,
            epoch: 0,
        }
    }
}

/// Permission for a delayed change, unless another change comes before it.
#[derive(Clone, Copy)]
pub(crate) struct Epoch(u64);

/// The members of the cluster by the identifier of the node, which unlike its address is never used
/// again.
#[derive(Debug, Default)]
pub(crate) struct Members(Mutex<BTreeMap<u64, Member>>);

impl Members {
    pub(crate) fn insert(&self, id: u64, member: Member) {
        lock(&self.0).insert(id, member);
    }

    pub(crate) fn remove(&self, id: u64) {
        lock(&self.0).remove(&id);
    }

    pub(crate) fn all(&self) -> Vec<Member> {
        lock(&self.0).values().cloned().collect()
    }

    pub(crate) fn set(&self, id: u64, gossip: Gossip) {
        if let Some(member) = lock(&self.0).get_mut(&id) {
            member.epoch += 1;
            member.gossip = gossip;
        }
    }

    /// Cancels earlier delayed changes. Returns the permission for a new one.
    pub(crate) fn announce(&self, id: u64) -> Epoch {
        Epoch(lock(&self.0).get_mut(&id).map_or(0, |member| {
            member.epoch += 1;
            member.epoch
        }))
    }

    pub(crate) fn set_at(&self, id: u64, epoch: Epoch, gossip: Gossip) {
        if let Some(member) = lock(&self.0).get_mut(&id).filter(|member| member.epoch == epoch.0) {
            member.gossip = gossip;
        }
    }
}
