//! What one bad node of three costs an application: the same calls with three clients, side by
//! side, for each fault.
//!
//! ```text
//! cargo bench -p alternator-benches --bench faults    every fault and load
//!     -- slow                       only the faults with this in their names
//!     -- --mode 16                  one load: 16 or 256 workers, or open
//!     -- --ours                     without the clients that it is compared with
//!     -- --seconds 10               how long to measure each, instead of 4
//!     -- --draw ../docs/faults.svg  also draws the first load
//!     -- --table                    prints the tables of docs/faults.md in the end, too
//! ```
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

use std::time::Duration;

use calls::{Load, Mode};
use clients::Client;
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

struct Options {
    name: String,
    modes: Vec<Mode>,
    measured: Duration,
    ours: bool,
    drawing: Option<String>,
    table: bool,
}

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    if let [flag, client, load, measured, grace, read_timeout, urls @ ..] = &args[..]
        && flag == "--client"
    {
        let time = |text: &str| Duration::from_secs_f64(text.parse().unwrap());
        let read_timeout = Some(time(read_timeout)).filter(|timeout| !timeout.is_zero());
        let client = Client::named(client);
        load::run(client, load.parse().unwrap(), time(measured), time(grace), read_timeout, urls);
    }
    if !run(&Options::parse(args)) {
        std::process::exit(1);
    }
}

impl Options {
    fn parse(args: Vec<String>) -> Self {
        let mut options = Self {
            name: String::new(),
            modes: MODES.to_vec(),
            measured: Duration::from_secs(4),
            ours: false,
            drawing: None,
            table: false,
        };
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().unwrap_or_else(|| panic!("{arg} needs a value"));
            match &*arg {
                // What cargo says to every benchmark.
                "--bench" => {}
                "--mode" => {
                    let name = value();
                    let mode = MODES.into_iter().find(|mode| mode.name == name);
                    options.modes = vec![mode.expect("--mode is 16, 256 or open")];
                }
                "--seconds" => options.measured = Duration::from_secs_f64(value().parse().unwrap()),
                "--ours" => options.ours = true,
                "--draw" => options.drawing = Some(value()),
                "--table" => options.table = true,
                option if option.starts_with('-') => panic!("{option} is no option"),
                name => options.name = name.to_owned(),
            }
        }
        options
    }
}

/// Whether every bound held.
fn run(options: &Options) -> bool {
    let scenarios: Vec<_> =
        SCENARIOS.iter().filter(|scenario| scenario.name.contains(&options.name)).collect();
    assert!(!scenarios.is_empty(), "no fault is called {}", options.name);
    let busy = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load of the machine before it began: {}", busy.trim());
    let mut rows = Vec::new();
    for &mode in &options.modes {
        print::head(mode);
        let mut comparison = Comparison::new(mode, options.measured);
        for scenario in &scenarios {
            let row = comparison.judged(scenario);
            print::row(&row);
            rows.push(row);
        }
        for scenario in scenarios.iter().filter(|_| !options.ours) {
            let others = comparison.others(scenario);
            others.iter().for_each(print::row);
            rows.extend(others);
        }
    }
    if let Some(path) = &options.drawing {
        std::fs::write(path, draw::draw(&scenarios, &rows)).unwrap();
    }
    if options.table {
        for &mode in &options.modes {
            print::markdown(mode, &scenarios, &rows);
        }
    }
    print::summary(&scenarios, &rows)
}
