//! What is done for a request beside sending it, on nodes without connections. Each function does
//! it again and again, as a call from outside would be a part of the time measured.

use std::fmt;
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;

use crate::balance::health::Health;
use crate::balance::load::Load;
use crate::balance::moment::Moment;
use crate::balance::policy::{Candidate, Chooser, PickContext, Policy};
use crate::connector::AlternatorConnector;
use crate::transport::pool::permits::Permits;

const PERMITS: usize = 1024;

struct Node {
    load: Load,
    health: Health,
    permits: Permits,
}

impl Candidate for Arc<Node> {
    fn in_flight(&self) -> usize {
        self.permits.wanted()
    }

    fn cost(&self, in_flight: usize, now: Moment) -> f32 {
        self.load.cost(in_flight, now)
    }

    fn serves(&self) -> bool {
        self.health.out().is_none()
    }

    fn admits(&self, now: Moment, draw: u64, rivals: usize) -> bool {
        self.health.admits(now, draw, rivals)
    }
}

impl Node {
    /// A node in use: it has answered, and has requests in flight.
    fn busy(now: Moment) -> Arc<Self> {
        let node = Self {
            load: Load::default(),
            health: Health::good(),
            permits: Permits::new(PERMITS, 0),
        };
        node.load.answered(Duration::from_millis(1), 1, now);
        for _ in 0..fastrand::usize(1..10) {
            assert!(node.permits.try_take());
        }
        Arc::new(node)
    }
}

/// Nodes in use, and the default policy to choose among them.
pub struct Nodes {
    list: ArcSwapOption<Box<[Arc<Node>]>>,
    chooser: Chooser,
    since: Moment,
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
        let list: Box<[_]> = (0..count).map(|_| Node::busy(since)).collect();
        Self {
            list: ArcSwapOption::from_pointee(list),
            chooser: Chooser::new(Policy::PeakEwma, &mut fastrand::Rng::new()),
            since,
        }
    }

    /// Chooses a node by load and latency.
    pub fn pick(&self, times: u64) {
        for _ in 0..times {
            black_box(self.chosen(black_box(self.since)));
        }
    }

    /// Chooses a node, takes a permit on it and gives that back.
    pub fn pick_and_take(&self, times: u64) {
        for _ in 0..times {
            let node = self.taken(black_box(self.since));
            black_box(&node).permits.give_back();
        }
    }

    /// Does all from the choice of a node to what its response changes.
    pub fn whole_request(&self, times: u64) {
        for _ in 0..times {
            let begun = Moment::now();
            let node = self.taken(begun);
            node.load.begun(begun);
            let now = Moment::now();
            node.load.answered(now.since(begun), node.permits.taken(), now);
            node.health.succeeded();
            node.permits.give_back();
        }
    }

    fn chosen(&self, now: Moment) -> Option<Arc<Node>> {
        let snapshot = self.list.load();
        let nodes = snapshot.as_deref()?;
        let context = PickContext { now, draw: fastrand::u64(..), tried: 0 };
        let index = self.chooser.next(nodes, |_| false, |_| false, context)?;
        Some(Arc::clone(&nodes[index]))
    }

    /// A node with a permit taken.
    fn taken(&self, now: Moment) -> Arc<Node> {
        let node = self.chosen(now).filter(|node| node.permits.try_take());
        node.unwrap_or_else(|| panic!("no node has a permit to spare"))
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
