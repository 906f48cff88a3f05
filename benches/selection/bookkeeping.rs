//! What a request costs beside being sent: the choice by load and latency among nodes that have both, the place that it takes on
//! its node, and what its answer changes.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use criterion::Criterion;
use tokio::sync::Semaphore;

use crate::NODES;
use crate::config::Policy;
use crate::health::Health;
use crate::load::Load;
use crate::moment::Moment;
use crate::policy::{Candidate, Chooser, Circumstances};

const PLACES: usize = 1024;

/// A node without its connections.
struct Node {
    load: Load,
    health: Health,
    places: Semaphore,
}

impl Candidate for Arc<Node> {
    fn cost(&self, now: Moment) -> f32 {
        self.load
            .cost(PLACES - self.places.available_permits(), now)
    }

    fn serves(&self) -> bool {
        self.health.out().is_none()
    }

    fn admits(&self, now: Moment, draw: u64) -> bool {
        self.health.admits(now, draw)
    }
}

impl Node {
    /// A node in use: it has answered lately, and has requests in flight.
    fn busy() -> Arc<Self> {
        let node = Self {
            load: Load::default(),
            health: Health::good(),
            places: Semaphore::new(PLACES),
        };
        let now = Moment::now();
        node.load.answered(Duration::from_millis(1), now);
        node.places.forget_permits(fastrand::usize(1..10));
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
        let circumstances = Circumstances {
            now,
            draw: fastrand::u64(..),
            tried: 0,
        };
        let index = self
            .chooser
            .next(nodes, |_| false, |_| false, circumstances);
        Arc::clone(&nodes[index.unwrap()])
    }

    /// From the choice of the node to the answer.
    fn whole_life(&self) {
        let begun = Moment::now();
        let node = self.pick(begun);
        node.places.try_acquire().unwrap().forget();
        node.load.begun(false, begun);
        let now = Moment::now();
        node.load.answered(now.since(begun), now);
        node.health.succeeded();
        node.places.add_permits(1);
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
                node.places.try_acquire().unwrap().forget();
                black_box(&node).places.add_permits(1);
            });
        });
        group.bench_function(format!("whole_request/{nodes}_nodes"), |b| {
            b.iter(|| cluster.whole_life());
        });
    }
}
