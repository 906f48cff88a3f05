//! What is done for a request beside sending it, on nodes without connections. Each function does
//! it again and again, as a call from outside would be a part of the time measured.

use std::fmt;
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::balance::moment::Moment;
use crate::balance::policy::{Chooser, PickContext, Policy};
use crate::cluster::node::{Node, unconnected};
use crate::connector::AlternatorConnector;
use crate::transport::pool::Slot;

/// A node in use: it has answered, and has requests in flight, whose slots are kept.
fn busy(now: Moment) -> (Arc<Node>, Vec<Slot>) {
    let node = unconnected(([127, 0, 0, 1], 1).into());
    node.load.answered(Duration::from_millis(1), 1, now);
    let slots = (0..fastrand::usize(1..10)).map(|_| slot(&node)).collect();
    (node, slots)
}

fn slot(node: &Arc<Node>) -> Slot {
    node.pool.try_slot().unwrap_or_else(|| panic!("the node has no slot to spare"))
}

/// Nodes in use, and the default policy to choose among them.
pub struct Nodes {
    list: ArcSwap<Vec<Arc<Node>>>,
    chooser: Chooser,
    since: Moment,
    /// Of the requests in flight.
    _slots: Vec<Slot>,
}

impl fmt::Debug for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nodes").finish_non_exhaustive()
    }
}

impl Nodes {
    /// Makes `count` nodes.
    pub fn new(count: usize) -> Self {
        let since = Moment::now();
        let (list, slots): (Vec<_>, Vec<_>) = (0..count).map(|_| busy(since)).unzip();
        Self {
            list: ArcSwap::from_pointee(list),
            chooser: Chooser::new(Policy::PeakEwma, &mut fastrand::Rng::new()),
            since,
            _slots: slots.into_iter().flatten().collect(),
        }
    }

    /// Chooses a node by load and latency.
    pub fn pick(&self, times: u64) {
        for _ in 0..times {
            black_box(self.chosen(black_box(self.since)));
        }
    }

    /// Chooses a node, takes a slot on it and gives that back.
    pub fn pick_and_take(&self, times: u64) {
        for _ in 0..times {
            let node = self.chosen(black_box(self.since));
            drop(black_box(slot(&node)));
        }
    }

    /// Does all from the choice of a node to what its response changes.
    pub fn whole_request(&self, times: u64) {
        for _ in 0..times {
            let begun = Moment::now();
            let node = self.chosen(begun);
            let slot = slot(&node);
            node.load.begun(begun);
            let now = Moment::now();
            node.load.answered(now.since(begun), node.pool.in_flight(), now);
            node.health.succeeded();
            drop(slot);
        }
    }

    fn chosen(&self, now: Moment) -> Arc<Node> {
        let nodes = &**self.list.load();
        let context = PickContext { now, draw: fastrand::u64(..), tried: 0 };
        let index = self.chooser.next(nodes, |_| false, |_| false, context);
        Arc::clone(&nodes[index.unwrap_or_else(|| panic!("no node is chosen"))])
    }
}

/// Chooses a node as a request of the connector does that belongs to no key.
pub fn pick(connector: &AlternatorConnector) -> Option<SocketAddr> {
    connector.inner().ok()?.balancer.pick().map(|node| node.addr())
}

/// Reads the clock.
pub fn read_clock(times: u64) {
    for _ in 0..times {
        black_box(Moment::now());
    }
}
