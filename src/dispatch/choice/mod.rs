//! Chooses the node that a route leads to.
//!
//! Candidates are the nodes that serve and that the request may try. If none is left, the request
//! is balanced like any other.

use std::sync::Arc;

use crate::balance::policy::{Candidate, Chooser, PickContext};
use crate::cluster::Snapshot;
use crate::cluster::node::Node;
use crate::config::clients::lwt_affinity::CoordinatorOrder;
use crate::dispatch::plan::{Plan, Preference};
use crate::dispatch::route::{Aim, Partition, Partitions, Route};
use crate::keys::order::{Draw, Generator};
use crate::keys::replicas::Placement;

/// Maximum number of replicas considered for a key. A keyspace of Alternator has three in each
/// datacenter.
const MAX_REPLICAS: usize = 8;

/// Cost in seconds from which the local replica is too slow, so that one in another rack may be
/// chosen. Crossing racks takes a millisecond or less, so saving less than a few is not worth it.
const REMOTE_MIN_COST: f32 = 0.005;

/// Maximum cost of that replica relative to the local one; one that is not measured yet qualifies
/// too. A node that is slow or overloaded costs far more than its neighbours.
const REMOTE_MAX_RATIO: f32 = 0.2;

/// The preference of a request for the nodes that its route leads to.
pub(crate) struct ByKey<'a> {
    pub(crate) route: &'a Route,
    pub(crate) order: CoordinatorOrder,
}

impl Preference for ByKey<'_> {
    fn choose<'a>(
        &self,
        plan: &'a Plan<'_>,
        snapshot: &'a Snapshot,
        context: PickContext,
    ) -> Option<&'a Arc<Node>> {
        let may = |n: &Arc<Node>| {
            let failure = plan.earlier_failure(n);
            // A coordinator that responds stays the only one, even if it fails: a second one would
            // add contention.
            let is_left = match self.route.aim {
                Aim::Replica => failure.is_some(),
                Aim::Coordinator => failure.is_some_and(|f| !f.answered),
            };
            !plan.has_tried(n, context) && !is_left
        };
        let choice = Choice { snapshot, chooser: plan.chooser, order: self.order, context, may };
        choice.next(self.route)
    }
}

/// What a choice depends on, apart from the route.
pub(crate) struct Choice<'a, M> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) chooser: &'a Chooser,
    pub(crate) order: CoordinatorOrder,
    pub(crate) context: PickContext,
    /// Returns whether the request may try a node.
    pub(crate) may: M,
}

impl<'a, M: Fn(&Arc<Node>) -> bool> Choice<'a, M> {
    pub(crate) fn next(&self, route: &Route) -> Option<&'a Arc<Node>> {
        match (route.aim, &route.partitions) {
            (Aim::Replica, Partitions::One(partition)) => self.replica(partition),
            (Aim::Replica, Partitions::Many(partitions)) => self.replica_of_most(partitions),
            (Aim::Coordinator, Partitions::One(partition)) => self.coordinator(partition),
            (Aim::Coordinator, Partitions::Many(partitions)) => {
                self.coordinator_of_most(partitions)
            }
        }
    }

    fn replica(&self, partition: &Partition) -> Option<&'a Arc<Node>> {
        let mut nodes = [self.snapshot.all().first()?; MAX_REPLICAS];
        let mut len = 0;
        self.replicas(partition, Aim::Replica, |node| {
            nodes[len] = node;
            len += 1;
        });
        self.best(&nodes[..len])
    }

    /// Returns the best of the nodes that hold the most of `partitions`.
    fn replica_of_most(&self, partitions: &[Partition]) -> Option<&'a Arc<Node>> {
        let mut votes = Votes::default();
        for partition in partitions {
            self.replicas(partition, Aim::Replica, |node| votes.add(node));
        }
        self.best(&votes.most())
    }

    /// Returns the node that is the coordinator of most `partitions`; of several, the one whose URL
    /// sorts first, as in Alternator's other clients.
    fn coordinator_of_most(&self, partitions: &[Partition]) -> Option<&'a Arc<Node>> {
        let mut votes = Votes::default();
        for partition in partitions {
            if let Some(node) = self.coordinator(partition) {
                votes.add(node);
            }
        }
        let most = votes.most();
        self.snapshot.by_url().iter().find(|node| most.iter().any(|m| Arc::ptr_eq(m, node)))
    }

    /// Returns the first candidate in the key's order, so that a key has one coordinator at a time,
    /// and returns to it at once.
    fn coordinator(&self, partition: &Partition) -> Option<&'a Arc<Node>> {
        let generator = match self.order {
            CoordinatorOrder::PrimaryReplica => {
                let mut first = None;
                self.replicas(partition, Aim::Coordinator, |node| {
                    first.get_or_insert(node);
                });
                if first.is_some() {
                    return first;
                }
                Generator::Go
            }
            CoordinatorOrder::Shared => Generator::Go,
            CoordinatorOrder::RustClient => Generator::XorShift,
        };
        let nodes = self.snapshot.by_url();
        Draw::new(generator, partition.hash, nodes.len())
            .filter_map(|index| nodes.get(index))
            .find(|node| self.serves(node))
    }

    /// Visits the candidates among the replicas of `partition` in their order, by the replica map
    /// for `aim`.
    fn replicas(&self, partition: &Partition, aim: Aim, mut visit: impl FnMut(&'a Arc<Node>)) {
        let info = partition.table.info();
        let replicas = info.as_ref().and_then(|info| match aim {
            Aim::Replica => info.replicas.as_deref(),
            Aim::Coordinator => info.ordered.as_deref(),
        });
        let (Some(replicas), Some(token)) = (replicas, partition.token) else {
            return;
        };
        let node = |replica: &Placement| {
            let host = replicas.hosts().get(usize::from(replica.host))?;
            self.snapshot.at(host.address)
        };
        // Replicas in other datacenters are not in the snapshot, and are skipped.
        replicas
            .of(token)
            .iter()
            .filter_map(node)
            .take(MAX_REPLICAS)
            .filter(|node| self.serves(node))
            .for_each(&mut visit);
    }

    /// Returns the best node by the policy. Nodes with their full share come before those that have
    /// just returned, and the scope's nodes before those of other racks.
    fn best(&self, nodes: &[&'a Arc<Node>]) -> Option<&'a Arc<Node>> {
        let PickContext { now, draw, .. } = self.context;
        let rivals = self.chooser.rivals(nodes.len());
        let of = |may: &dyn Fn(&Arc<Node>) -> bool| {
            let may = |node: &&Arc<Node>| may(node);
            self.chooser.best(nodes, may, self.context).map(|index| nodes[index])
        };
        let admitted = |node: &Arc<Node>| node.admits(now, draw, rivals);
        let chosen = if self.snapshot.is_whole() {
            of(&admitted)
        } else {
            let near = of(&|node| admitted(node) && self.snapshot.is_near(node));
            let cost = near.map_or(f32::INFINITY, |n| n.cost(n.in_flight(), now));
            if cost < REMOTE_MIN_COST || near.is_some() && !self.chooser.looks_at_latency() {
                return near;
            }
            let is_cheap =
                |n: &Arc<Node>| n.load.unfaded_cost(n.in_flight(), now) < REMOTE_MAX_RATIO * cost;
            let far = of(&|n| admitted(n) && !self.snapshot.is_near(n) && is_cheap(n));
            far.or(near)
        };
        chosen.or_else(|| of(&|_| true))
    }

    fn serves(&self, node: &Arc<Node>) -> bool {
        node.serves() && (self.may)(node)
    }
}

/// How many partitions each node has.
#[derive(Default)]
struct Votes<'a>(Vec<(&'a Arc<Node>, usize)>);

impl<'a> Votes<'a> {
    fn add(&mut self, node: &'a Arc<Node>) {
        match self.0.iter_mut().find(|(n, _)| Arc::ptr_eq(n, node)) {
            Some((_, votes)) => *votes += 1,
            None => self.0.push((node, 1)),
        }
    }

    /// Returns the nodes that have the most.
    fn most(&self) -> Vec<&'a Arc<Node>> {
        let most = self.0.iter().map(|(_, votes)| *votes).max();
        self.0.iter().filter(|(_, votes)| Some(*votes) == most).map(|(node, _)| *node).collect()
    }
}

#[cfg(test)]
mod tests;
