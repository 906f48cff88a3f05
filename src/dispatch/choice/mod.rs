//! The node that a route leads to.
//!
//! Only nodes that serve and that the request may try come into question. Where there are none
//! left, the request goes on like any other.

use std::sync::Arc;

use crate::balance::policy::{Candidate, Chooser, PickContext};
use crate::cluster::Snapshot;
use crate::cluster::node::Node;
use crate::config::lwt_affinity::CoordinatorOrder;
use crate::dispatch::route::{Aim, Partition, Partitions, Route};
use crate::keys::order::{Draw, Generator};
use crate::keys::replicas::Placement;

/// How many replicas of a key are looked at. A keyspace of Alternator has three in each datacenter.
const MOST: usize = 8;

/// A replica of another rack is chosen where that of the own rack costs at least so many seconds,
/// and where it is known to cost less than this part of that, or nothing is known of it. To cross
/// racks takes a millisecond or less, so that to save less than a few of them is not worth leaving
/// the rack; and a node that is slow or overloaded costs far more than its neighbours.
const DEAR: (f32, f32) = (0.005, 0.2);

/// What a choice depends on besides the route.
pub(crate) struct Choice<'a, M> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) chooser: &'a Chooser,
    pub(crate) order: CoordinatorOrder,
    pub(crate) context: PickContext,
    /// Whether the request may try this node.
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
        let mut nodes = [self.snapshot.all().first()?; MOST];
        let mut len = 0;
        self.replicas(partition, Aim::Replica, |node| {
            nodes[len] = node;
            len += 1;
        });
        self.best(&nodes[..len])
    }

    /// The best of the nodes that hold the most of several places.
    fn replica_of_most(&self, partitions: &[Partition]) -> Option<&'a Arc<Node>> {
        let mut votes = Votes::default();
        for partition in partitions {
            self.replicas(partition, Aim::Replica, |node| votes.add(node));
        }
        self.best(&votes.most())
    }

    /// Each place has a first choice, and the node wins that is so for most of them; of several,
    /// the one whose URL sorts first. Alternator's other clients settle it alike.
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

    /// The first that serves, so that a key has one coordinator at a time, which it returns to at
    /// once.
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

    /// Visits those replicas of a place that come into question, in their order, by the map that
    /// goes for the aim.
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
        // Those of other datacenters are in no list, and count for nothing.
        replicas
            .of(token)
            .iter()
            .filter_map(node)
            .take(MOST)
            .filter(|node| self.serves(node))
            .for_each(&mut visit);
    }

    /// The best by the policy: of those that have their full share, before those that have just
    /// returned, and of the scope, before those of other racks.
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
            if cost < DEAR.0 || near.is_some() && !self.chooser.looks_at_latency() {
                return near;
            }
            let is_cheap = |n: &Arc<Node>| n.load.unfaded_cost(n.in_flight(), now) < DEAR.1 * cost;
            let far = of(&|n| admitted(n) && !self.snapshot.is_near(n) && is_cheap(n));
            far.or(near)
        };
        chosen.or_else(|| of(&|_| true))
    }

    fn serves(&self, node: &Arc<Node>) -> bool {
        node.serves() && (self.may)(node)
    }
}

/// How many places each node has.
#[derive(Default)]
struct Votes<'a>(Vec<(&'a Arc<Node>, usize)>);

impl<'a> Votes<'a> {
    fn add(&mut self, node: &'a Arc<Node>) {
        match self.0.iter_mut().find(|(n, _)| Arc::ptr_eq(n, node)) {
            Some((_, votes)) => *votes += 1,
            None => self.0.push((node, 1)),
        }
    }

    /// Those that have the most.
    fn most(&self) -> Vec<&'a Arc<Node>> {
        let most = self.0.iter().map(|(_, votes)| *votes).max();
        self.0.iter().filter(|(_, votes)| Some(*votes) == most).map(|(node, _)| *node).collect()
    }
}

#[cfg(test)]
mod tests;
