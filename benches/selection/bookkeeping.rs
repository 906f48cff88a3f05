//! What a request costs beside being sent: the choice by load and latency among nodes that have
//! both, the permit that it takes on its node, and what its response changes.

use std::time::{Duration, Instant};

use alternator_connector::internals::bookkeeping::{Nodes, read_clock};
use criterion::Criterion;

use crate::NODES;

/// Returns how long it takes to do something so many times.
fn timed(times: u64, work: impl Fn(u64)) -> Duration {
    let begun = Instant::now();
    work(times);
    begun.elapsed()
}

pub(crate) fn time(c: &mut Criterion) {
    let mut group = c.benchmark_group("bookkeeping");
    group.bench_function("clock", |b| b.iter_custom(|times| timed(times, read_clock)));
    for count in NODES {
        let nodes = Nodes::new(count);
        group.bench_function(format!("pick/{count}_nodes"), |b| {
            b.iter_custom(|times| timed(times, |times| nodes.pick(times)));
        });
        group.bench_function(format!("pick_and_place/{count}_nodes"), |b| {
            b.iter_custom(|times| timed(times, |times| nodes.pick_and_take(times)));
        });
        group.bench_function(format!("whole_request/{count}_nodes"), |b| {
            b.iter_custom(|times| timed(times, |times| nodes.whole_request(times)));
        });
    }
}
