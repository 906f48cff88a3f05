//! The table, as text or for docs/faults.md, and the summary that says which bounds held.

use crate::calls::Mode;
use crate::row::Row;
use crate::scenarios::{Held, Scenario};

/// Each column and its width.
const COLUMNS: [(&str, usize); 17] = [
    ("fault", 16),
    ("client", 20),
    ("calls/s", 7),
    ("healthy", 7),
    ("ratio", 5),
    ("p99 ms", 7),
    ("healthy ms", 10),
    ("p99 ×", 6),
    ("max ms", 7),
    ("failed", 6),
    ("unsent", 6),
    ("stuck", 5),
    ("on node", 7),
    ("allowed", 7),
    ("reached", 7),
    ("extra", 6),
    ("busy", 5),
];

/// The columns that hold words.
const WORDS: usize = 2;

pub(crate) fn head(mode: Mode) {
    println!("\n{mode}");
    line(COLUMNS.map(|(name, _)| name.to_owned()));
}

pub(crate) fn row(row: &Row) {
    line(cells(row));
}

fn line(cells: [String; COLUMNS.len()]) {
    let padded =
        cells.iter().zip(COLUMNS).enumerate().map(|(at, (cell, (_, width)))| match at < WORDS {
            true => format!("{cell:<width$}"),
            false => format!("{cell:>width$}"),
        });
    println!("{}", padded.collect::<Vec<_>>().join(" "));
}

/// The rows of one load, fault by fault.
pub(crate) fn markdown(mode: Mode, scenarios: &[&Scenario], rows: &[Row]) {
    let cells_of = |cells: [String; COLUMNS.len()]| format!("| {} |", cells.join(" | "));
    println!("\n### {mode}\n");
    println!("{}", cells_of(COLUMNS.map(|(name, _)| name.to_owned())));
    let rule = |at| if at < WORDS { "---" } else { "---:" }.to_owned();
    println!("{}", cells_of(std::array::from_fn(rule)));
    for scenario in scenarios {
        let of = |row: &&Row| row.fault == scenario.name && row.mode.name == mode.name;
        for row in rows.iter().filter(of) {
            println!("{}", cells_of(cells(row)));
        }
    }
}

fn cells(row: &Row) -> [String; COLUMNS.len()] {
    let seen = &row.seen;
    let longest = seen.latency(1.0, std::time::Duration::ZERO);
    let known = |count: Option<u64>| count.map_or_else(String::new, |count| count.to_string());
    let extra = row.bounds.extra.map(|_| percent(seen.extra()));
    [
        row.fault.to_owned(),
        row.client.name().to_owned(),
        format!("{:.0}", row.throughput),
        format!("{:.0}", row.healthy_throughput),
        format!("{:.2}", row.ratio()),
        milliseconds(row.latency),
        milliseconds(row.healthy_latency),
        match row.latency_ratio() {
            f64::INFINITY => "fails".to_owned(),
            times => format!("{times:.2}"),
        },
        milliseconds(longest),
        seen.failed().to_string(),
        seen.unsent().to_string(),
        seen.stuck().to_string(),
        known(seen.on_node),
        known(row.allowed),
        known(seen.reached),
        extra.unwrap_or_default(),
        percent(seen.busy),
    ]
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

fn milliseconds(seconds: f64) -> String {
    match seconds {
        f64::INFINITY => "fails".to_owned(),
        _ => format!("{:.1}", 1000.0 * seconds),
    }
}

/// One line for each fault with the worst of all loads, then what did not hold. Whether everything
/// did.
pub(crate) fn summary(scenarios: &[&Scenario], rows: &[Row]) -> bool {
    println!();
    let mut broken = Vec::new();
    for scenario in scenarios {
        let judged: Vec<_> = rows
            .iter()
            .filter(|row| row.fault == scenario.name && row.client == scenario.clients[0])
            .collect();
        let most = |figure: fn(&Row) -> f64| {
            judged.iter().map(|row| figure(row)).fold(f64::NEG_INFINITY, f64::max)
        };
        let mut line = format!(
            "summary {} failed={} ratio={:.2} p99_ratio={:.2} unsent={} stuck={}",
            scenario.name,
            most(|row| row.seen.failed() as f64),
            -most(|row| -row.ratio()),
            most(Row::latency_ratio),
            most(|row| row.seen.unsent() as f64),
            most(|row| row.seen.stuck() as f64),
        );
        if scenario.bounds.held != Held::Anything {
            line += &format!(" reached={}", most(|row| row.seen.reached.unwrap_or(0) as f64));
        }
        if scenario.bounds.extra.is_some() {
            line += &format!(" extra={:.3}", most(|row| row.seen.extra()));
        }
        println!("{line}");
        for row in judged {
            let load = row.mode.load;
            for what in row.broken() {
                broken.push(format!("{} with {load}: {what}", row.fault));
            }
            if let Some(error) = &row.seen.report.error {
                println!("  an error with {load}: {error}");
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
