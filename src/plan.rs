//! The order in which one request tries nodes.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::cluster::Cluster;
use crate::node::Node;
use crate::policy::Choose;

/// One request's way through the nodes. The first choice costs no allocation; what follows is only computed for a request
/// whose first node could not be reached.
pub(crate) struct Plan<'a> {
    cluster: &'a Cluster,
    chooser: &'a dyn Choose,
    /// Nodes that earlier attempts of the SDK have tried: to be avoided while there are others.
    avoid: Vec<SocketAddr>,
    /// Nodes that this request has tried.
    tried: Vec<SocketAddr>,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(
        cluster: &'a Cluster,
        chooser: &'a dyn Choose,
        avoid: Vec<SocketAddr>,
    ) -> Self {
        Self {
            cluster,
            chooser,
            avoid,
            tried: Vec::new(),
        }
    }

    /// The next node to try, and never the same twice. The list may have changed since the last call.
    ///
    /// After the first choice, every node that is left has the same chance: taking its neighbour would give a dead
    /// node's whole load to one other.
    pub(crate) fn next(&self) -> Option<Arc<Node>> {
        let snapshot = self.cluster.snapshot();
        let nodes = snapshot.as_ref()?.nodes();
        if self.tried.is_empty() && self.avoid.is_empty() {
            return nodes.get(self.chooser.first(nodes.len())).cloned();
        }
        let untried = |n: &&Arc<Node>| !self.tried.contains(&n.addr());
        let fresh = |n: &&Arc<Node>| untried(n) && !self.avoid.contains(&n.addr());
        any(nodes.iter().filter(fresh))
            .or_else(|| any(nodes.iter().filter(untried)))
            .cloned()
    }

    /// Says that `node` cannot have the request.
    pub(crate) fn tried(&mut self, node: &Node) {
        self.tried.push(node.addr());
    }
}

fn any<'n>(mut nodes: impl Iterator<Item = &'n Arc<Node>> + Clone) -> Option<&'n Arc<Node>> {
    match nodes.clone().count() {
        0 => None,
        n => nodes.nth(fastrand::usize(..n)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::cluster::Snapshot;
    use crate::config::Policy;
    use crate::policy::chooser;
    use crate::transport::{Dialer, NodeProxy, PoolLimits};

    fn cluster(nodes: u8) -> Cluster {
        let limits = PoolLimits {
            max_connections: std::num::NonZeroUsize::MIN,
            idle_timeout: std::time::Duration::from_secs(1),
        };
        let dialer = Dialer::new(None, NodeProxy::Never);
        let node = |i| {
            Arc::new(Node::new(
                SocketAddr::from(([10, 0, 0, i], 8000)),
                None,
                &dialer,
                limits,
            ))
        };
        Cluster::new(Snapshot::new((1..=nodes).map(node)))
    }

    fn drain(plan: &mut Plan<'_>) -> Vec<u8> {
        let mut order = vec![];
        while let Some(node) = plan.next() {
            let SocketAddr::V4(addr) = node.addr() else {
                unreachable!()
            };
            order.push(addr.ip().octets()[3]);
            plan.tried(&node);
        }
        order
    }

    #[test]
    fn every_node_is_tried_once() {
        let cluster = cluster(9);
        let chooser = chooser(Policy::RoundRobin, &mut fastrand::Rng::with_seed(1));
        for _ in 0..50 {
            let mut order = drain(&mut Plan::new(&cluster, &*chooser, vec![]));
            order.sort_unstable();
            assert_eq!(order, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        }
    }

    #[test]
    fn nodes_of_earlier_attempts_come_last() {
        let cluster = cluster(4);
        let chooser = chooser(Policy::RoundRobin, &mut fastrand::Rng::with_seed(1));
        let avoid: Vec<_> = cluster.nodes()[..2].iter().map(|n| n.addr()).collect();
        for _ in 0..50 {
            let order = drain(&mut Plan::new(&cluster, &*chooser, avoid.clone()));
            assert!(
                order[..2].iter().all(|n| *n > 2) && order.len() == 4,
                "{order:?}"
            );
        }
    }

    #[test]
    fn the_load_of_a_dead_node_spreads_evenly_over_the_others() {
        fastrand::seed(3);
        for nodes in [3, 5, 9] {
            let cluster = cluster(nodes);
            let chooser = chooser(Policy::RoundRobin, &mut fastrand::Rng::with_seed(1));
            let mut served: HashMap<u8, u32> = HashMap::new();
            for _ in 0..90_000 {
                let order = drain(&mut Plan::new(&cluster, &*chooser, vec![]));
                let by = order.into_iter().find(|n| *n != 1).unwrap();
                *served.entry(by).or_default() += 1;
            }
            let even = 90_000 / u32::from(nodes - 1);
            assert!(
                served.values().all(|n| n.abs_diff(even) * 50 < even),
                "{served:?}"
            );
        }
    }

    #[test]
    fn an_unknown_cluster_has_no_next_node() {
        let cluster = Cluster::new(None);
        let chooser = chooser(Policy::Random, &mut fastrand::Rng::new());
        assert!(Plan::new(&cluster, &*chooser, vec![]).next().is_none());
    }
}
