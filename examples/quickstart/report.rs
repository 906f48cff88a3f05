//! What is printed: a line a second, a table, and a last line for machines.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use alternator_connector::AlternatorConnector;

use crate::record::{Phase, Record};
use crate::stage::Requests;

/// Prints how things are going, once a second.
pub(crate) async fn progress(
    record: Record,
    connector: AlternatorConnector,
    stop: Arc<AtomicBool>,
) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.tick().await;
    let mut before = 0;
    for elapsed in 1.. {
        second.tick().await;
        if stop.load(Relaxed) {
            return;
        }
        let (phase, operations, failed) = record.so_far();
        println!(
            "{elapsed:>3} s  {phase:<16} {:>6} requests/s, {} nodes known, {} moved on to another node, {failed} failed",
            operations - before,
            connector.known_nodes().len(),
            connector.stats().redispatched,
        );
        before = operations;
    }
}

pub(crate) fn table(phases: &[Phase], requests: &[Requests]) {
    println!(
        "\n{:<16} {:<22} {:>9} {:>7} {:>7} {:>10} {:>10}",
        "phase", "node", "requests", "share", "errors", "p50", "p99"
    );
    for (phase, requests) in phases.iter().zip(requests) {
        let all: u64 = requests.values().sum();
        for (at, (node, count)) in requests.iter().enumerate() {
            let name = if at == 0 { phase.name } else { "" };
            let attempts = || phase.attempts.iter().filter(|a| a.node == Some(*node));
            let times = sorted(attempts().filter(|a| a.ok).map(|a| a.took));
            let errors = attempts().filter(|a| !a.ok).count();
            let share = 100.0 * *count as f64 / all.max(1) as f64;
            println!(
                "{name:<16} {:<22} {count:>9} {share:>6.1}% {errors:>7} {:>10} {:>10}",
                node.to_string(),
                milliseconds(quantile(&times, 0.50)),
                milliseconds(quantile(&times, 0.99)),
            );
        }
        let times = sorted(phase.operations.iter().copied());
        println!(
            "{:<16} {:<22} {:>9} {:>7} {:>7} {:>10} {:>10}",
            "",
            "for the application",
            times.len(),
            "",
            phase.failed,
            milliseconds(quantile(&times, 0.50)),
            milliseconds(quantile(&times, 0.99)),
        );
    }
    println!(
        "\nA node's errors are requests that it did not answer; the SDK sent them again, and its waiting before that \
         is in the times for the application."
    );
}

pub(crate) fn summary(phases: &[Phase], requests: &[Requests], redispatched: u64) {
    let times = sorted(phases.iter().flat_map(|p| p.operations.iter().copied()));
    let failed: u64 = phases.iter().map(|p| p.failed).sum();
    let mut nodes: Vec<_> = requests.iter().flatten().filter(|(_, n)| **n > 0).collect();
    nodes.sort_unstable_by_key(|(node, _)| *node);
    nodes.dedup_by_key(|(node, _)| *node);
    println!(
        "summary requests={} failed={failed} redispatched={redispatched} nodes={} p50_us={} p99_us={}",
        times.len(),
        nodes.len(),
        quantile(&times, 0.50).as_micros(),
        quantile(&times, 0.99).as_micros(),
    );
}

fn sorted(times: impl Iterator<Item = Duration>) -> Vec<Duration> {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    times
}

fn quantile(sorted: &[Duration], q: f64) -> Duration {
    let at = (sorted.len() as f64 * q) as usize;
    sorted.get(at).or_else(|| sorted.last()).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> String {
    if time.is_zero() {
        return "-".to_owned();
    }
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
