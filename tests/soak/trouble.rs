//! What can go wrong with a node, and how it is set right again.

use std::time::Duration;

use alternator_testcluster::{ApiError, Cluster, Delay, Fault, Gossip, Lie, Node, Scope};

/// Something that goes wrong with a node.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// It is killed.
    Stop,
    /// It shuts down in good order.
    Drain,
    /// It leaves for good, and another joins in the end.
    Replacement,
    /// The others do not list it, though it serves.
    Unlisted,
    /// It is killed, and all the others with it.
    Outage,
    /// It closes the connections that are idle when this begins and when it ends.
    ClosesIdle,
    /// It serves in the wrong way.
    Serves(Fault),
    /// It accepts in the wrong way. Its idle connections are closed, so that they are no way around
    /// it.
    Accepts(Fault),
}

/// Every trouble once.
pub(crate) fn all() -> Vec<Trouble> {
    let refusal = |kind| Fault::Answer(ApiError::new(kind, "out of order"));
    let nobody = (1..=100).map(|i| format!("127.77.0.{i}")).collect();
    let serves = [
        Fault::Hang(Scope::All),
        Fault::Hang(Scope::Data),
        Fault::Hang(Scope::LocalNodes),
        refusal("InternalServerError"),
        refusal("RequestLimitExceeded"),
        Fault::ResetAfterHead,
        Fault::ResetAfterRequest { execute: false },
        Fault::ResetAfterRequest { execute: true },
        Fault::Slow(Delay::Fixed(Duration::from_millis(150))),
        Fault::CloseMidHead,
        Fault::Truncate,
        Fault::CloseAfterResponse,
        Fault::LocalNodes(Lie::Only(nobody)),
        Fault::LocalNodes(Lie::Everyone),
        Fault::LocalNodes(Lie::Garbage(b"<html>".into())),
        Fault::LocalNodes(Lie::Status(500)),
        Fault::LocalNodes(Lie::Empty),
        Fault::LocalNodes(Lie::NeverEnding),
        Fault::LocalNodes(Lie::Truncated),
        Fault::LocalNodes(Lie::Reset),
    ];
    let accepts = [Fault::Refuse, Fault::DropSyns, Fault::ResetOnAccept, Fault::ResetDuringTls];
    let others = [
        Trouble::Stop,
        Trouble::Drain,
        Trouble::Replacement,
        Trouble::Unlisted,
        Trouble::Outage,
        Trouble::ClosesIdle,
    ];
    let serves = serves.map(Trouble::Serves);
    let accepts = accepts.map(Trouble::Accepts);
    others.into_iter().chain(serves).chain(accepts).collect()
}

/// Lets a node take some time for its answers, so that something is under way whenever trouble
/// begins.
pub(crate) fn pace(node: &Node) {
    node.inject(Fault::Slow(Delay::Uniform {
        min: Duration::from_millis(1),
        max: Duration::from_millis(10),
    }));
}

impl Trouble {
    pub(crate) fn begin(&self, cluster: &Cluster, node: &Node) {
        match self {
            Self::Stop => node.stop(),
            Self::Drain => node.drain(),
            Self::Replacement => cluster.remove_node(node),
            Self::Unlisted => node.set_gossip(Gossip::Down),
            Self::Outage => cluster.nodes().iter().for_each(Node::stop),
            Self::ClosesIdle => node.close_idle(),
            Self::Serves(fault) => node.inject(fault.clone()),
            Self::Accepts(fault) => {
                node.inject(fault.clone());
                node.close_idle();
            }
        }
    }

    /// Returns the node that has joined in the stead of this one, if it has left.
    pub(crate) fn end(&self, cluster: &Cluster, node: &Node) -> Option<Node> {
        match self {
            Self::Stop | Self::Drain => node.start().expect("its address is free"),
            // The others may be in trouble of their own, which this may end for them.
            Self::Outage => {
                for node in cluster.nodes() {
                    node.start().expect("its address is free");
                }
            }
            Self::Replacement => {
                let next =
                    cluster.add_node(node.datacenter(), node.rack()).expect("its address is free");
                pace(&next);
                return Some(next);
            }
            Self::Unlisted => node.set_gossip(Gossip::Normal),
            Self::ClosesIdle => node.close_idle(),
            Self::Serves(_) | Self::Accepts(_) => {
                node.heal();
                pace(node);
            }
        }
        None
    }
}
