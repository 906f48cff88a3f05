//! Which nodes are taken out, and which are brought back.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Cluster;
use crate::balance::health::{Down, Health, may_eject};
use crate::balance::load::Load;
use crate::balance::moment::Moment;
use crate::cluster::node::Node;

impl Cluster {
    /// Records that `node` was connected.
    pub(crate) fn connected(&self, node: &Node) {
        if node.health.out() == Some(Down::Unreachable) {
            self.bring_back(node);
        }
    }

    /// Returns how long connecting to `node` takes, or to the slowest of the others if it was never
    /// connected.
    pub(crate) fn connect_time(&self, node: &Node) -> Option<Duration> {
        let others = || self.all_nodes().iter().filter_map(|n| n.pool.connect_time()).max();
        node.pool.connect_time().or_else(others)
    }

    /// Records that a connect to `node`, begun at `begun`, takes longer than usual. Other requests
    /// then need not wait for the node, whatever the reason.
    pub(crate) fn stalled(&self, node: &Node, begun: Moment) {
        let connects = self.connect_time(node).is_some() && !node.pool.is_full();
        let lives = node.was_connected_since(begun) || node.answered_since(begun);
        if connects && !lives && self.take_out(node, Down::Unreachable) {
            tracing::debug!(node = %node.addr(), "connecting to the node takes long, and it gets no requests until it is connected");
        }
    }

    /// Records that a connect to `node`, begun at `begun`, failed.
    pub(crate) fn unreachable(&self, node: &Node, begun: Moment) {
        self.want_refresh();
        if !node.was_connected_since(begun) && self.take_out(node, Down::Unreachable) {
            tracing::warn!(node = %node.addr(), "node cannot be connected and gets no requests until it answers a probe");
        }
    }

    /// Records that a request begun at `begun` failed on `node`; it counts as `weight` failures.
    ///
    /// The node is ejected if it has failed too often, unless more than half of the nodes would
    /// then be out, of the scope or of all.
    pub(crate) fn failed(&self, node: &Node, weight: u32, begun: Moment) {
        let now = Moment::now();
        if !record_failure(&node.load, &node.health, weight, begun, now) {
            return;
        }
        let _deciding = self.ejecting.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = self.snapshot();
        let Some(snapshot) = snapshot.as_ref() else {
            return;
        };
        let spares = |nodes: &[Arc<Node>]| {
            let out = nodes.iter().filter(|n| n.health.out().is_some()).count();
            may_eject(out, nodes.len())
        };
        let is_near = snapshot.is_near(node);
        if !spares(snapshot.all()) || is_near && !spares(snapshot.nodes()) {
            // Perhaps one of the nodes that are out has recovered by now.
            snapshot.all().iter().for_each(|n| n.health.hurry(now));
            self.outages.notify_one();
        } else if self.take_out(node, Down::Ejected) {
            tracing::warn!(node = %node.addr(), "node fails requests and gets none until it answers a probe");
        }
    }

    /// Returns whether the node was in.
    fn take_out(&self, node: &Node, why: Down) -> bool {
        let was_in = node.health.take_out(why, Moment::now(), fastrand::f64());
        if was_in {
            self.outages.notify_one();
        }
        was_in
    }

    /// Records that `node` responds again.
    pub(crate) fn bring_back(&self, node: &Node) {
        node.load.forget();
        let now = Moment::now();
        if node.health.bring_back(now) {
            #[cfg(feature = "dynamodb_config")]
            if node.health.share(now) < 1.0 {
                // It was out for so long that it may have been upgraded.
                self.forget_compression(node);
            }
            tracing::info!(node = %node.addr(), "node answers again and gets requests");
        }
    }

    pub(crate) async fn outage(&self) {
        self.outages.notified().await;
    }
}

/// Records that a request begun at `begun` failed, which counts as `weight` failures, and returns
/// whether to eject the node. A request from before the node's return says nothing about it.
pub(crate) fn record_failure(
    load: &Load,
    health: &Health,
    weight: u32,
    begun: Moment,
    now: Moment,
) -> bool {
    if health.has_returned_since(begun) {
        return false;
    }
    load.failed(now);
    health.failed(weight, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Snapshot;
    use crate::cluster::node::unconnected;

    #[test]
    fn more_than_half_of_a_rack_are_never_ejected_however_many_are_around_it() {
        let node = |last| unconnected(([127, 0, 0, last], 1).into());
        let near = [1, 2, 3].map(node);
        let far = [4, 5, 6, 7].map(node);
        let cluster = Cluster::new(Snapshot::with_others(near.clone(), far.clone()));
        let ejected = |nodes: &[Arc<Node>]| {
            for node in nodes {
                cluster.failed(node, 10, Moment::now());
            }
            nodes.iter().filter(|n| n.health.out().is_some()).count()
        };
        assert_eq!(ejected(&near), 1);
        // Nor are more than half of all.
        assert_eq!(ejected(&far), 2);
    }
}
