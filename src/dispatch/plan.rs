//! The order in which one request tries nodes.

use std::sync::Arc;

use crate::balance::moment::Moment;
use crate::balance::policy::{Chooser, PickContext};
use crate::cluster::node::Node;
use crate::cluster::{Cluster, Snapshot};
use crate::dispatch::attempts::{Failure, TriedNodes};

/// The order of nodes for one request. The first choice allocates nothing; later ones are only
/// computed if the first node could not be reached.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) chooser: &'a Chooser,
    /// `None` if any node will do.
    pub(crate) preference: Option<&'a dyn Preference>,
    /// Nodes that earlier attempts of the SDK failed on: avoided while there are others.
    pub(crate) avoid: &'a [Failure],
    /// Nodes that this call has tried: none of them is tried again.
    pub(crate) tried_nodes: &'a TriedNodes,
}

/// The nodes that a request should go to, for reasons of its own.
pub(crate) trait Preference: Sync {
    /// Returns the best of those nodes that serve and that the plan may try; `None` if there is
    /// none left, and the request goes on like any other.
    fn choose<'a>(
        &self,
        plan: &'a Plan<'_>,
        snapshot: &'a Snapshot,
        context: PickContext,
    ) -> Option<&'a Arc<Node>>;
}

impl Plan<'_> {
    /// Returns the next node to try, and marks it as tried. The snapshot may have changed since the
    /// last call.
    pub(crate) fn next(&self, now: Moment) -> Option<Arc<Node>> {
        let (node, by_key) = self.choose(now)?;
        self.tried_nodes.mark(node.addr());
        if by_key {
            node.counters.chosen_by_key.add_one();
        }
        Some(node)
    }

    /// Returns what [`next`](Self::next) would be, and changes nothing.
    pub(crate) fn peek(&self, now: Moment) -> Option<Arc<Node>> {
        let plan = Plan { chooser: &self.chooser.copy(), ..*self };
        plan.choose(now).map(|(node, _)| node)
    }

    /// Returns the next node, and whether it was chosen by the request's key.
    fn choose(&self, now: Moment) -> Option<(Arc<Node>, bool)> {
        let snapshot = self.cluster.snapshot();
        let snapshot = snapshot.as_ref()?;
        let nodes = snapshot.nodes();
        let context = PickContext { now, draw: fastrand::u64(..), tried: self.tried_nodes.tried() };
        if let Some(preference) = self.preference
            && let Some(node) = preference.choose(self, snapshot, context)
        {
            return Some((Arc::clone(node), true));
        }
        let tried = |n: &Arc<Node>| self.has_tried(n, context);
        let avoid = |n: &Arc<Node>| self.earlier_failure(n).is_some();
        let index = self.chooser.next(nodes, tried, avoid, context)?;
        Some((Arc::clone(&nodes[index]), false))
    }

    /// Returns whether this call has tried the node.
    pub(crate) fn has_tried(&self, node: &Node, context: PickContext) -> bool {
        context.tried > 0 && self.tried_nodes.has_tried(node.addr())
    }

    /// Returns how the node failed an earlier attempt of the SDK, if it did.
    pub(crate) fn earlier_failure(&self, node: &Node) -> Option<&Failure> {
        self.avoid.iter().find(|failure| failure.node == node.addr())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::net::SocketAddr;

    use super::*;
    use crate::balance::health::Down;
    use crate::balance::policy::Policy;
    use crate::cluster::Snapshot;
    use crate::cluster::node::unconnected;
    use crate::dispatch::attempts::Attempts;

    const POLICIES: [Policy; 2] = [Policy::PeakEwma, Policy::RoundRobin];

    fn cluster(nodes: u8) -> Cluster {
        let node = |i| unconnected(([10, 0, 0, i], 8000).into());
        Cluster::new(Snapshot::new((1..=nodes).map(node)))
    }

    fn chooser(policy: Policy) -> Chooser {
        Chooser::new(policy, &mut fastrand::Rng::with_seed(1))
    }

    /// The nodes of one request in their order.
    fn plan(cluster: &Cluster, chooser: &Chooser, avoid: &[SocketAddr]) -> Vec<SocketAddr> {
        let failure = |node: &SocketAddr| Failure { node: *node, answered: true };
        let avoid: Vec<_> = avoid.iter().map(failure).collect();
        let tried_nodes = TriedNodes::new(&Arc::new(Attempts::new()), None);
        let plan =
            Plan { cluster, chooser, preference: None, avoid: &avoid, tried_nodes: &tried_nodes };
        let next = || plan.next(Moment::default()).map(|n| n.addr());
        std::iter::from_fn(next).collect()
    }

    fn all(cluster: &Cluster) -> Vec<SocketAddr> {
        cluster.nodes().iter().map(|n| n.addr()).collect()
    }

    #[test]
    fn every_node_is_tried_once() {
        fastrand::seed(7);
        let cluster = cluster(9);
        for policy in POLICIES {
            let chooser = chooser(policy);
            for _ in 0..50 {
                let mut order = plan(&cluster, &chooser, &[]);
                order.sort_unstable();
                assert_eq!(order, all(&cluster));
            }
        }
    }

    #[test]
    fn nodes_of_earlier_attempts_come_last() {
        fastrand::seed(7);
        let cluster = cluster(4);
        let avoid = &all(&cluster)[..2];
        for policy in POLICIES {
            let chooser = chooser(policy);
            for _ in 0..50 {
                let order = plan(&cluster, &chooser, avoid);
                let later = order[2..].iter().all(|n| avoid.contains(n));
                assert!(later && order.len() == 4, "{order:?}");
            }
        }
    }

    #[test]
    fn nodes_that_are_out_come_last_of_all() {
        fastrand::seed(7);
        let cluster = cluster(4);
        let dead = &cluster.nodes()[0];
        dead.health.take_out(Down::Unreachable, Moment::default(), 0.5);
        let avoid = &all(&cluster)[1..3];
        for policy in POLICIES {
            let order = plan(&cluster, &chooser(policy), avoid);
            let ends = (order[0], order[3]);
            assert_eq!(ends, (all(&cluster)[3], dead.addr()), "{order:?}");
        }
    }

    #[test]
    fn a_look_takes_no_node() {
        fastrand::seed(7);
        let cluster = cluster(1);
        let tried_nodes = TriedNodes::new(&Arc::new(Attempts::new()), None);
        let plan = Plan {
            cluster: &cluster,
            chooser: &chooser(Policy::PeakEwma),
            preference: None,
            avoid: &[],
            tried_nodes: &tried_nodes,
        };
        for _ in 0..3 {
            assert!(plan.peek(Moment::default()).is_some());
        }
        assert!(plan.next(Moment::default()).is_some());
        assert!(plan.peek(Moment::default()).is_none());
    }

    #[test]
    fn the_load_of_dead_nodes_spreads_evenly_over_the_others() {
        // Each request tries them anew. With several of them, or by chance, the bounds are more
        // than six standard deviations.
        for (policy, nodes, dead, bound) in [
            (Policy::RoundRobin, 3, 1, 3),
            (Policy::RoundRobin, 5, 1, 3),
            (Policy::RoundRobin, 9, 1, 3),
            (Policy::RoundRobin, 5, 2, 60),
            (Policy::RoundRobin, 9, 4, 90),
            (Policy::PeakEwma, 5, 2, 200),
            (Policy::PeakEwma, 9, 4, 200),
        ] {
            fastrand::seed(7);
            let cluster = cluster(nodes);
            let chooser = chooser(policy);
            let alive = &all(&cluster)[dead..];
            let mut served: HashMap<SocketAddr, u32> = HashMap::new();
            for _ in 0..1000 * alive.len() {
                let order = plan(&cluster, &chooser, &[]);
                let first = order.iter().find(|n| alive.contains(n)).unwrap();
                *served.entry(*first).or_default() += 1;
            }
            let even = served.values().all(|n| n.abs_diff(1000) <= bound);
            assert!(even && served.len() == alive.len(), "{policy:?} {served:?}");
        }
    }

    #[test]
    fn an_unknown_cluster_has_no_next_node() {
        let cluster = Cluster::new(None);
        for policy in POLICIES {
            assert_eq!(plan(&cluster, &chooser(policy), &[]), []);
        }
    }
}
