//! The table, and the summary that says which bounds held.

use std::time::Duration;

use crate::calls::Load;
use crate::clients::Client;
use crate::figures::Row;
use crate::measure::Seen;
use crate::scenarios::{Held, Scenario};

pub(crate) fn head(load: Load) {
    println!("\n{load}");
    println!(
        "{:<16} {:<20} {:>7} {:>6} {:>8} {:>8} {:>8} {:>7} {:>6} {:>6} {:>6} {:>9} {:>7}",
        "fault",
        "client",
        "calls/s",
        "ratio",
        "p50 ms",
        "p99 ms",
        "max ms",
        "p99 ×",
        "failed",
        "unsent",
        "stuck",
        "in flight",
        "reached"
    );
}

pub(crate) fn healthy(client: Client, load: Load, seen: &Seen) {
    let fault = match load {
        Load::Closed(workers) => format!("- ({workers})"),
        Load::Open(_) => "-".to_owned(),
    };
    let throughput = seen.throughput(Duration::ZERO);
    line(
        &fault,
        client,
        seen,
        throughput,
        seen.latency(0.99, Duration::ZERO),
        ["", ""],
    );
}

pub(crate) fn row(row: &Row) {
    let Row { seen, bounds, .. } = row;
    let ratios = [
        format!("{:.2}", row.ratio),
        format!("{:.1}", row.latency_ratio),
    ];
    line(
        row.fault,
        row.client,
        seen,
        seen.throughput(bounds.throughput.after),
        seen.latency(bounds.percentile, bounds.latency.after),
        ratios.each_ref().map(String::as_str),
    );
}

fn line(
    fault: &str,
    client: Client,
    seen: &Seen,
    throughput: f64,
    tail: f64,
    [ratio, slower]: [&str; 2],
) {
    let [p50, max] = [0.5, 1.0].map(|percentile| seen.latency(percentile, Duration::ZERO));
    let [p50, tail, max] = [p50, tail, max].map(milliseconds);
    let reached = seen
        .reached
        .map_or_else(|| "-".to_owned(), |n| n.to_string());
    println!(
        "{fault:<16} {:<20} {throughput:>7.0} {ratio:>6} {p50:>8} {tail:>8} {max:>8} {slower:>7} {:>6} {:>6} {:>6} {:>9} {reached:>7}",
        client.name(),
        seen.failed(),
        seen.unsent(),
        seen.stuck(),
        seen.in_flight,
    );
}

fn milliseconds(seconds: f64) -> String {
    if seconds.is_finite() {
        format!("{:.1}", 1000.0 * seconds)
    } else {
        "fails".to_owned()
    }
}

/// One line for each fault with the worst of all loads, then what did not hold. Whether everything did.
pub(crate) fn summary(scenarios: &[&Scenario], rows: &[Row]) -> bool {
    println!();
    let mut broken = Vec::new();
    for scenario in scenarios {
        let judged: Vec<_> = rows
            .iter()
            .filter(|row| row.fault == scenario.name && row.client == scenario.clients[0])
            .collect();
        if judged.is_empty() {
            println!(
                "summary {} not measured: the connector has no such option",
                scenario.name
            );
            continue;
        }
        let most = |figure: fn(&Row) -> f64| {
            judged
                .iter()
                .map(|row| figure(row))
                .fold(f64::NEG_INFINITY, f64::max)
        };
        let mut line = format!(
            "summary {} failed={} ratio={:.2} p99_ratio={:.2} unsent={} stuck={}",
            scenario.name,
            most(|row| row.seen.failed() as f64),
            -most(|row| -row.ratio),
            most(|row| row.latency_ratio),
            most(|row| row.seen.unsent() as f64),
            most(|row| row.seen.stuck() as f64),
        );
        if scenario.bounds.held != Held::Anything {
            line += &format!(" in_flight={}", most(|row| row.seen.in_flight as f64));
        }
        if scenario.bounds.extra.is_some() {
            line += &format!(" extra={:.3}", most(|row| row.seen.extra()));
        }
        println!("{line}");
        for row in judged {
            for what in row.broken() {
                broken.push(format!("{} with {}: {what}", row.fault, row.load));
            }
            if let Some(error) = &row.seen.error {
                println!("  an error with {}: {error}", row.load);
            }
        }
    }
    println!();
    for what in &broken {
        println!("broken: {what}");
    }
    if broken.is_empty() {
        println!("every bound held");
    } else {
        println!("{} bounds did not hold", broken.len());
    }
    broken.is_empty()
}
