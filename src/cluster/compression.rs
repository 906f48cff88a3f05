//! Whether the nodes understand compressed requests, and when they are probed for it.
//!
//! A request's node is chosen after it was compressed and signed, so requests are compressed only
//! while every node is known to understand it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Cluster;
use crate::balance::moment::{Moment, claim};
use crate::cluster::node::Node;

/// Interval between probes of nodes that have not responded or do not understand. An upgrade of the
/// last of them may go unnoticed for as long; a probe a minute costs a node nothing.
const PROBE_INTERVAL: Duration = Duration::from_secs(60);

/// Whether the cluster as a whole understands compressed requests.
#[derive(Debug, Default)]
pub(super) struct CompressionSupport {
    /// Whether every node does. Cached for requests, which then need not look at every node.
    understood: AtomicBool,
    /// When the nodes may next be probed, as [`Moment::as_nanos`].
    due: AtomicU64,
    /// Held while nodes are counted, so that the last count is of the latest state.
    logged: Mutex<Logged>,
}

/// What was logged last.
#[derive(Debug, Default, PartialEq, Eq)]
enum Logged {
    #[default]
    Nothing,
    Unknown,
    Understood,
    NotUnderstood,
}

impl Cluster {
    /// Returns whether every node is known to understand compressed requests.
    pub(crate) fn understands_compression(&self) -> bool {
        self.compression.understood.load(Relaxed)
    }

    /// Returns whether the nodes should be probed now. If so, the caller must do it: other callers
    /// get `false` for a minute.
    pub(crate) fn begin_probe(&self, now: Moment) -> bool {
        claim(&self.compression.due, now, PROBE_INTERVAL)
    }

    /// Records whether a probed node understands compressed requests.
    pub(crate) fn probed(&self, node: &Node, understands: bool) {
        node.understands_compression.store(understands, Relaxed);
        let mut logged = self.count();
        if !understands && *logged != Logged::NotUnderstood {
            *logged = Logged::NotUnderstood;
            tracing::warn!(
                node = %node.addr(),
                "node does not understand compressed requests, which ScyllaDB does since 2026.1; none are compressed until all \
                 nodes do; upgrade the node, or turn request compression off"
            );
        } else if self.understands_compression() && *logged != Logged::Understood {
            *logged = Logged::Understood;
            tracing::debug!("all nodes understand compressed requests");
        }
    }

    /// Records that the probe of a node had no result.
    pub(crate) fn probe_failed(&self, node: &Node, why: &str) {
        let mut logged = self.count();
        if *logged == Logged::Nothing {
            *logged = Logged::Unknown;
            tracing::warn!(
                node = %node.addr(),
                why,
                "node does not say whether it understands compressed requests; none are compressed until all nodes have, and they \
                 are asked every minute"
            );
        } else {
            tracing::debug!(node = %node.addr(), why, "node does not say whether it understands compressed requests");
        }
    }

    /// Records that a node has refused a compressed request as if it did not understand it. All are
    /// probed again, in a minute.
    pub(crate) fn doubt_compression(&self, now: Moment) {
        if !self.understands_compression() {
            return;
        }
        for node in self.all_nodes() {
            node.understands_compression.store(false, Relaxed);
        }
        let next = now.after(PROBE_INTERVAL).as_nanos();
        self.compression.due.store(next, Relaxed);
        *self.count() = Logged::NotUnderstood;
        tracing::warn!(
            "a node has refused a compressed request as if it did not understand it; none are compressed until all nodes have \
             been asked again, in a minute; check whether a node was downgraded"
        );
    }

    /// Forgets the result for a node that may have changed. The next request probes it again.
    pub(super) fn forget_compression(&self, node: &Node) {
        node.understands_compression.store(false, Relaxed);
        self.recount(true);
    }

    /// Updates the state for a new snapshot. If it `has_new` nodes, the next request probes them.
    pub(super) fn recount(&self, has_new: bool) {
        drop(self.count());
        if has_new {
            self.compression.due.store(0, Relaxed);
        }
    }

    fn count(&self) -> MutexGuard<'_, Logged> {
        let logged = self.compression.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = self.snapshot();
        let nodes = snapshot.as_ref().map_or(&[][..], |s| s.all());
        let understands = |node: &Arc<Node>| node.understands_compression.load(Relaxed);
        let all = !nodes.is_empty() && nodes.iter().all(understands);
        self.compression.understood.store(all, Relaxed);
        logged
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Snapshot;
    use crate::cluster::node::unconnected;

    fn node(last: u8) -> Arc<Node> {
        unconnected(([127, 0, 0, last], 1).into())
    }

    fn list(nodes: &[&Arc<Node>]) -> Snapshot {
        Snapshot::new(nodes.iter().map(|node| Arc::clone(node))).unwrap()
    }

    #[test]
    fn it_is_understood_while_every_node_understands_it() {
        let [one, two, three] = [1, 2, 3].map(node);
        let cluster = Cluster::new(Some(list(&[&one, &two])));
        let mut seen = vec![cluster.understands_compression()];
        let mut see = |cluster: &Cluster| seen.push(cluster.understands_compression());
        cluster.probed(&one, true);
        see(&cluster);
        cluster.probed(&two, true);
        see(&cluster);
        cluster.publish(list(&[&one, &two, &three]));
        see(&cluster);
        cluster.probed(&three, false);
        see(&cluster);
        // It was upgraded.
        cluster.probed(&three, true);
        see(&cluster);
        cluster.probed(&two, false);
        see(&cluster);
        cluster.publish(list(&[&one, &three]));
        see(&cluster);
        assert_eq!(seen, [false, false, true, false, false, true, false, true]);
        assert!(!Cluster::new(None).understands_compression());
    }

    #[test]
    fn nodes_of_other_racks_count_too() {
        let [near, far] = [1, 2].map(node);
        let whole = Snapshot::with_others([Arc::clone(&near)], [Arc::clone(&far)]);
        let cluster = Cluster::new(whole);
        cluster.probed(&near, true);
        assert!(!cluster.understands_compression());
        cluster.probed(&far, true);
        assert!(cluster.understands_compression());
        cluster.doubt_compression(Moment::default());
        cluster.probed(&near, true);
        assert!(!cluster.understands_compression());
        cluster.publish(list(&[&near]));
        assert!(cluster.understands_compression());
    }

    #[test]
    fn nodes_are_asked_once_a_minute_and_when_one_has_joined() {
        let [one, two] = [1, 2].map(node);
        let cluster = Cluster::new(Some(list(&[&one])));
        let at = |seconds| Moment::default().after(Duration::from_secs(seconds));
        let begins = |seconds| cluster.begin_probe(at(seconds));
        assert_eq!([0, 0, 59, 60, 61].map(begins), [true, false, false, true, false]);
        cluster.publish(list(&[&one]));
        assert!(!begins(62));
        cluster.publish(list(&[&one, &two]));
        assert_eq!([62, 62, 121, 122].map(begins), [true, false, false, true]);
    }

    #[test]
    fn a_node_that_was_out_and_not_just_interrupted_is_asked_again() {
        let [one, two] = [1, 2].map(node);
        let cluster = Cluster::new(Some(list(&[&one, &two])));
        cluster.probed(&one, true);
        cluster.probed(&two, true);
        assert!(cluster.begin_probe(Moment::now()));
        cluster.unreachable(&one, Moment::now());
        cluster.bring_back(&one);
        assert!(cluster.understands_compression());
        cluster.failed(&one, 10, Moment::now());
        assert!(cluster.understands_compression());
        cluster.bring_back(&one);
        assert!(!cluster.understands_compression());
        assert!(cluster.begin_probe(Moment::now()));
        cluster.probed(&one, true);
        assert!(cluster.understands_compression());
    }

    #[test]
    fn a_refusal_makes_all_nodes_doubtful_for_a_minute() {
        let [one, two] = [1, 2].map(node);
        let cluster = Cluster::new(Some(list(&[&one, &two])));
        let at = |seconds| Moment::default().after(Duration::from_secs(seconds));
        cluster.probed(&one, true);
        cluster.probed(&two, true);
        cluster.doubt_compression(at(10));
        assert!(!cluster.understands_compression());
        // Requests in flight are refused, too.
        cluster.doubt_compression(at(30));
        assert_eq!([69, 70].map(|s| cluster.begin_probe(at(s))), [false, true]);
        cluster.probed(&one, true);
        assert!(!cluster.understands_compression());
        cluster.probed(&two, true);
        assert!(cluster.understands_compression());
    }
}
