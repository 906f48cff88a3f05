//! The order in which one request tries nodes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::cluster::Cluster;
use crate::node::Node;
use crate::policy::Choose;

/// Whose turn it is to take a request that another node cannot have.
///
/// The load of a dead node must spread evenly over the others: its neighbour alone would get all of it. Turns step through
/// the nodes that are left by the golden ratio (a Weyl sequence), which is more even than chance, and even for every number
/// of nodes and every rhythm in which requests come.
#[derive(Debug)]
pub(crate) struct Turns(AtomicU64);

/// 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Turns {
    pub(crate) fn starting_at(turn: u64) -> Self {
        Self(AtomicU64::new(turn))
    }

    fn next(&self) -> u64 {
        self.0.fetch_add(GOLDEN, Relaxed)
    }
}

/// One request's way through the nodes. The first choice costs no allocation; what follows is only computed for a request
/// whose first node could not be reached.
pub(crate) struct Plan<'a> {
    cluster: &'a Cluster,
    chooser: &'a dyn Choose,
    turns: &'a Turns,
    /// Nodes that earlier attempts of the SDK have tried: to be avoided while there are others.
    avoid: Vec<SocketAddr>,
    /// Nodes that this request has tried.
    tried: Vec<SocketAddr>,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(
        cluster: &'a Cluster,
        chooser: &'a dyn Choose,
        turns: &'a Turns,
        avoid: Vec<SocketAddr>,
    ) -> Self {
        Self {
            cluster,
            chooser,
            turns,
            avoid,
            tried: Vec::new(),
        }
    }

    /// The next node to try, and never the same twice. The list may have changed since the last call.
    pub(crate) fn next(&self) -> Option<Arc<Node>> {
        let snapshot = self.cluster.snapshot();
        let nodes = snapshot.as_ref()?.nodes();
        if self.tried.is_empty() && self.avoid.is_empty() {
            return nodes.get(self.chooser.first(nodes.len())).cloned();
        }
        let untried = |n: &&Arc<Node>| !self.tried.contains(&n.addr());
        let fresh = |n: &&Arc<Node>| untried(n) && !self.avoid.contains(&n.addr());
        self.one_of(nodes.iter().filter(fresh))
            .or_else(|| self.one_of(nodes.iter().filter(untried)))
            .cloned()
    }

    fn one_of<'n>(
        &self,
        mut nodes: impl Iterator<Item = &'n Arc<Node>> + Clone,
    ) -> Option<&'n Arc<Node>> {
        // Two turns of one request in a row would depend on each other, so what follows the first is left to chance.
        let turn = if self.tried.len() < 2 {
            self.turns.next()
        } else {
            fastrand::u64(..)
        };
        let left = nodes.clone().count() as u128;
        // The turn as a fraction of what is left, and so less than it.
        nodes.nth(((u128::from(turn) * left) >> 64) as usize)
    }

    /// Says that `node` cannot have the request.
    pub(crate) fn tried(&mut self, node: &Node) {
        self.tried.push(node.addr());
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
            max_waiting: 0,
            connect_timeout: std::time::Duration::from_secs(1),
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
        let turns = Turns::starting_at(0);
        let chooser = chooser(Policy::RoundRobin, &mut fastrand::Rng::with_seed(1));
        for _ in 0..50 {
            let mut order = drain(&mut Plan::new(&cluster, &*chooser, &turns, vec![]));
            order.sort_unstable();
            assert_eq!(order, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        }
    }

    #[test]
    fn nodes_of_earlier_attempts_come_last() {
        let cluster = cluster(4);
        let turns = Turns::starting_at(0);
        let chooser = chooser(Policy::RoundRobin, &mut fastrand::Rng::with_seed(1));
        let avoid: Vec<_> = cluster.nodes()[..2].iter().map(|n| n.addr()).collect();
        for _ in 0..50 {
            let order = drain(&mut Plan::new(&cluster, &*chooser, &turns, avoid.clone()));
            assert!(
                order[..2].iter().all(|n| *n > 2) && order.len() == 4,
                "{order:?}"
            );
        }
    }

    #[test]
    fn the_load_of_dead_nodes_spreads_evenly_over_the_others() {
        // With several dead nodes some choices are random: the bounds are more than six standard deviations then.
        for (nodes, dead, bound) in [(3, 1, 3), (5, 1, 3), (9, 1, 3), (5, 2, 60), (9, 4, 90)] {
            let cluster = cluster(nodes);
            let turns = Turns::starting_at(7);
            let chooser = chooser(Policy::RoundRobin, &mut fastrand::Rng::with_seed(1));
            let mut served: HashMap<SocketAddr, u32> = HashMap::new();
            let alive: Vec<_> = cluster.nodes()[dead..].iter().map(|n| n.addr()).collect();
            for _ in 0..1000 * alive.len() {
                let mut plan = Plan::new(&cluster, &*chooser, &turns, vec![]);
                let node = loop {
                    let node = plan.next().unwrap();
                    if alive.contains(&node.addr()) {
                        break node;
                    }
                    plan.tried(&node);
                };
                *served.entry(node.addr()).or_default() += 1;
            }
            assert!(
                served.values().all(|n| n.abs_diff(1000) <= bound),
                "{served:?}"
            );
        }
    }

    #[test]
    fn an_unknown_cluster_has_no_next_node() {
        let cluster = Cluster::new(None);
        let turns = Turns::starting_at(0);
        let chooser = chooser(Policy::Random, &mut fastrand::Rng::new());
        assert!(
            Plan::new(&cluster, &*chooser, &turns, vec![])
                .next()
                .is_none()
        );
    }
}
