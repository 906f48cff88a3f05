//! What choosing a node costs: per policy, at 3, 30 and 1,000 nodes, on one thread and on two at
//! once, beside the bare atomic increment that any shared round robin needs; and all that a request
//! costs for being counted and measured.
//!
//! `cargo bench -p alternator-benches --bench selection`
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod bookkeeping;

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use alternator_connector::internals::bookkeeping::pick;
use alternator_connector::{AlternatorConnector, Policy};
use criterion::Criterion;

const POLICIES: [(&str, Policy); 2] =
    [("peak_ewma", Policy::PeakEwma), ("round_robin", Policy::RoundRobin)];
const NODES: [usize; 3] = [3, 30, 1000];

fn connector(policy: Policy, nodes: usize) -> AlternatorConnector {
    let seeds = (0..nodes).map(|i| format!("http://10.0.{}.{}:8000", i / 250, i % 250 + 1));
    AlternatorConnector::builder().seeds(seeds).policy(policy).build().unwrap()
}

/// The longest time that any of the threads needed, as that is when the work was done.
fn side_by_side(threads: usize, iterations: u64, work: impl Fn() + Sync) -> Duration {
    let barrier = Barrier::new(threads);
    let run = || {
        barrier.wait();
        let begun = Instant::now();
        for _ in 0..iterations {
            work();
        }
        begun.elapsed()
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mine = run();
        others.into_iter().map(|t| t.join().unwrap()).fold(mine, Duration::max)
    })
}

fn time(c: &mut Criterion) {
    for threads in [1, 2] {
        let mut group = c.benchmark_group(format!("{threads}_threads"));
        let counter = AtomicUsize::new(0);
        group.bench_function("bare_fetch_add", |b| {
            b.iter_custom(|n| {
                side_by_side(threads, n, || _ = black_box(counter.fetch_add(1, Ordering::Relaxed)))
            });
        });
        for (name, policy) in POLICIES {
            for nodes in NODES {
                let connector = connector(policy, nodes);
                group.bench_function(format!("{name}/{nodes}_nodes"), |b| {
                    b.iter_custom(|n| side_by_side(threads, n, || _ = black_box(pick(&connector))));
                });
            }
        }
    }
}

fn allocations() {
    for (name, policy) in POLICIES {
        for nodes in NODES {
            let connector = connector(policy, nodes);
            black_box(pick(&connector));
            let counted = allocation_counter::measure(|| {
                for _ in 0..1000 {
                    black_box(pick(&connector));
                }
            });
            println!("allocations {name}/{nodes}_nodes: {} in 1000 picks", counted.count_total);
            assert_eq!(counted.count_total, 0, "a pick allocates nothing");
        }
    }
}

/// How uneven a policy is in the short run, which is what makes one node queue while another idles:
/// the busiest node's requests as a multiple of its fair share, on average over many windows of ten
/// requests per node.
fn evenness() {
    const WINDOWS: usize = 1000;
    for (name, policy) in POLICIES {
        for nodes in NODES {
            let connector = connector(policy, nodes);
            let busiest = (0..WINDOWS).map(|_| {
                let mut requests = HashMap::new();
                for _ in 0..10 * nodes {
                    *requests.entry(pick(&connector).unwrap()).or_insert(0) += 1;
                }
                requests.into_values().max().unwrap()
            });
            let mean = busiest.sum::<usize>() as f64 / WINDOWS as f64 / 10.0;
            println!("busiest node {name}/{nodes}_nodes: {mean:.2} of its fair share");
        }
    }
}

fn main() {
    allocations();
    evenness();
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    time(&mut criterion);
    bookkeeping::time(&mut criterion);
    criterion.final_summary();
}
