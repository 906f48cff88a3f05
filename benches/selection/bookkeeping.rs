//! What a request costs beside being sent: the choice by load and latency among nodes that have
//! both, the place that it takes on its node, and what its answer changes.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use criterion::Criterion;

use crate::NODES;
use crate::balance::health::Health;
use crate::balance::load::Load;
use crate::balance::moment::Moment;
use crate::balance::policy::Policy;
use crate::balance::policy::{Candidate, Chooser, PickContext};
use crate::permits::Permits;

const PLACES: usize = 1024;

/// A node without its connections.
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
    /// A node in use: it has answered lately, and has requests in flight.
    fn busy() -> Arc<Self> {
        let node = Self {
            load: Load::default(),
            health: Health::good(),
            permits: Permits::new(PLACES, 0),
        };
        let now = Moment::now();
        node.load.answered(Duration::from_millis(1), 1, now);
        for _ in 0..fastrand::usize(1..10) {
            assert!(node.permits.try_take());
        }
        Arc::new(node)
    }
}

struct Cluster {
    nodes: ArcSwapOption<Box<[Arc<Node>]>>,
    chooser: Chooser,
}

impl Cluster {
    fn pick(&self, now: Moment) -> Arc<Node> {
        let snapshot = self.nodes.load();
        let nodes = snapshot.as_ref().unwrap();
        let context = PickContext { now, draw: fastrand::u64(..), tried: 0 };
        let index = self.chooser.next(nodes, |_| false, |_| false, context);
        Arc::clone(&nodes[index.unwrap()])
    }

    /// From the choice of the node to the answer.
    fn whole_life(&self) {
        let begun = Moment::now();
        let node = self.pick(begun);
        assert!(node.permits.try_take());
        node.load.begun(begun);
        let now = Moment::now();
        node.load.answered(now.since(begun), node.permits.taken(), now);
        node.health.succeeded();
        node.permits.give_back();
    }
}

pub(crate) fn time(c: &mut Criterion) {
    let mut group = c.benchmark_group("bookkeeping");
    group.bench_function("clock", |b| b.iter(|| black_box(Moment::now())));
    for nodes in NODES {
        let list: Box<[_]> = (0..nodes).map(|_| Node::busy()).collect();
        let cluster = Cluster {
            nodes: ArcSwapOption::from_pointee(list),
            chooser: Chooser::new(Policy::PeakEwma, &mut fastrand::Rng::new()),
        };
        let now = Moment::now();
        group.bench_function(format!("pick/{nodes}_nodes"), |b| {
            b.iter(|| black_box(cluster.pick(black_box(now))));
        });
        group.bench_function(format!("pick_and_place/{nodes}_nodes"), |b| {
            b.iter(|| {
                let node = cluster.pick(black_box(now));
                assert!(node.permits.try_take());
                black_box(&node).permits.give_back();
            });
        });
        group.bench_function(format!("whole_request/{nodes}_nodes"), |b| {
            b.iter(|| cluster.whole_life());
        });
    }
}
