//! The order in which one request tries nodes.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::attempts::Trying;
use crate::cluster::Cluster;
use crate::moment::Moment;
use crate::node::Node;
use crate::policy::{Chooser, Circumstances};

/// One request's way through the nodes. The first choice costs no allocation; what follows is only computed for a request
/// whose first node could not be reached.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) chooser: &'a Chooser,
    /// Nodes that earlier attempts of the SDK have tried: to be avoided while there are others.
    pub(crate) avoid: &'a [SocketAddr],
    /// Nodes that this call tries: none of them is tried again.
    pub(crate) trying: &'a Trying,
}

impl Plan<'_> {
    /// The next node to try, which counts as tried from now on. The list may have changed since the last call.
    pub(crate) fn next(&self, now: Moment) -> Option<Arc<Node>> {
        let node = self.look(now)?;
        self.trying.node(node.addr());
        Some(node)
    }

    /// What [`next`](Self::next) would be, without taking it.
    pub(crate) fn look(&self, now: Moment) -> Option<Arc<Node>> {
        let snapshot = self.cluster.snapshot();
        let nodes = snapshot.as_ref()?.nodes();
        let circumstances = Circumstances {
            now,
            draw: fastrand::u64(..),
            tried: self.trying.tried(),
        };
        let tried = |n: &Arc<Node>| circumstances.tried > 0 && self.trying.has_tried(n.addr());
        let avoid = |n: &Arc<Node>| self.avoid.contains(&n.addr());
        let index = self.chooser.next(nodes, tried, avoid, circumstances)?;
        Some(Arc::clone(&nodes[index]))
    }
}
