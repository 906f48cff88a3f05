//! What one bad node of three costs an application: the same calls with three clients, side by
//! side, for each fault.
//!
//! `cargo bench -p alternator-benches --bench faults -- --help` tells of what can be chosen.
//!
//! It prints a line for each measurement and a summary, and fails if a bound of `scenarios.rs` does
//! not hold. Each measurement has a cluster of its own in this process and a client in a process of
//! its own: a client that hangs is ended, and none finds the SDK's tokens for retries, which belong
//! to the process, spent by another. What each figure means: docs/faults.md.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod calls;
mod clients;
mod compare;
mod draw;
mod figures;
mod load;
mod machine;
mod measure;
mod pace;
mod print;
mod row;
mod scenarios;

use std::path::PathBuf;
use std::time::Duration;

use alternator_benches::arguments;
use calls::{Job, Load, Mode};
use clap::Parser;
use compare::Comparison;
use pace::Pace;
use scenarios::SCENARIOS;

/// Nodes are the slower the more workers there are, so that two processors are far from busy: it is
/// the client that is measured, and not the machine.
const MODES: [Mode; 3] = [
    Mode { name: "16", load: Load::Closed(16), pace: Pace::milliseconds(3) },
    Mode { name: "256", load: Load::Closed(256), pace: Pace::milliseconds(20) },
    Mode { name: "open", load: Load::Open(1000), pace: Pace::milliseconds(1) },
];

const NODES: usize = 3;

/// What one bad node of three costs an application.
#[derive(Parser)]
struct Arguments {
    /// Only the faults with this in their names
    #[arg(default_value = "")]
    fault: String,

    /// Only one load: 16 or 256 workers, or open
    #[arg(long, value_parser = ["16", "256", "open"])]
    mode: Option<String>,

    /// How many seconds to measure each
    #[arg(long, default_value = "4", value_parser = parse_seconds)]
    seconds: Duration,

    /// Without the clients that it is compared with
    #[arg(long)]
    ours: bool,

    /// Also draw the first load, in this file
    #[arg(long, value_name = "FILE")]
    draw: Option<PathBuf>,

    /// Print the tables of docs/faults.md in the end, too
    #[arg(long)]
    table: bool,

    /// Be a client
    #[arg(long, hide = true, value_parser = |job: &str| serde_json::from_str::<Job>(job))]
    client: Option<Job>,
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn main() {
    let arguments: Arguments = arguments::parse();
    if let Some(job) = &arguments.client {
        load::run(job);
    }
    if !run(&arguments) {
        std::process::exit(1);
    }
}

/// Whether every bound held.
fn run(arguments: &Arguments) -> bool {
    let Arguments { fault, .. } = arguments;
    let scenarios: Vec<_> =
        SCENARIOS.iter().filter(|scenario| scenario.name.contains(fault)).collect();
    assert!(!scenarios.is_empty(), "no fault is called {fault}");
    let is_chosen = |mode: &Mode| arguments.mode.as_ref().is_none_or(|name| name == mode.name);
    let modes: Vec<_> = MODES.into_iter().filter(is_chosen).collect();
    let busy = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load of the machine before it began: {}", busy.trim());
    let mut rows = Vec::new();
    for &mode in &modes {
        print::head(mode);
        let mut comparison = Comparison::new(mode, arguments.seconds);
        for scenario in &scenarios {
            let row = comparison.judged(scenario);
            print::row(&row);
            rows.push(row);
        }
        for scenario in scenarios.iter().filter(|_| !arguments.ours) {
            let others = comparison.others(scenario);
            others.iter().for_each(print::row);
            rows.extend(others);
        }
    }
    if let Some(path) = &arguments.draw {
        std::fs::write(path, draw::draw(&scenarios, &rows)).unwrap();
    }
    if arguments.table {
        for &mode in &modes {
            print::markdown(mode, &scenarios, &rows);
        }
    }
    print::summary(&scenarios, &rows)
}
