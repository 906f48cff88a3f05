//! What one bad node of three costs an application: the same calls with three clients, side by side, for each fault.
//!
//! ```text
//! cargo bench --bench faults                            every fault and load, which takes some eight minutes
//! cargo bench --bench faults -- slow                    only the faults with this in their names
//! cargo bench --bench faults -- --mode 16               one load: 16 or 256 workers, or open
//! cargo bench --bench faults -- --seconds 10            how long to measure each, instead of 3
//! cargo bench --bench faults -- --draw docs/faults.svg  also draws the first load
//! ```
//!
//! It prints a table for each load and a summary, and fails if a bound of `scenarios.rs` does not hold. Each measurement has
//! a cluster of its own in this process and a client in a process of its own: a client that hangs is ended, and none finds
//! the SDK's tokens for retries, which belong to the process, spent by another. What each figure means: docs/faults.md.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods
)]

mod calls;
mod clients;
mod draw;
mod figures;
mod load;
mod measure;
mod print;
mod scenarios;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use calls::Load;
use clients::Client;
use figures::Row;
use measure::{Seen, Setting, Trouble, measure};
use scenarios::{Held, SCENARIOS, Scenario};

const LOADS: [(&str, Load); 3] = [
    ("16", Load::Closed(16)),
    ("256", Load::Closed(256)),
    ("open", Load::Open(1000)),
];

const NODES: usize = 3;

/// For how long the healthy figures of the client that is judged are taken for those of the present. Machines change.
const FRESH: Duration = Duration::from_secs(60);

struct Options {
    name: String,
    loads: Vec<Load>,
    measured: Duration,
    drawing: Option<String>,
}

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    if let [flag, client, load, measured, read_timeout, urls @ ..] = &args[..]
        && flag == "--client"
    {
        let time = |text: &str| Duration::from_secs_f64(text.parse().unwrap());
        let read_timeout = Some(time(read_timeout)).filter(|timeout| !timeout.is_zero());
        let client = Client::named(client);
        load::run(
            client,
            load.parse().unwrap(),
            time(measured),
            read_timeout,
            urls,
        );
    }
    if !run(&Options::parse(args)) {
        std::process::exit(1);
    }
}

impl Options {
    fn parse(args: Vec<String>) -> Self {
        let mut options = Self {
            name: String::new(),
            loads: LOADS.map(|(_, load)| load).to_vec(),
            measured: Duration::from_secs(3),
            drawing: None,
        };
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().unwrap_or_else(|| panic!("{arg} needs a value"));
            match &*arg {
                // What cargo says to every benchmark.
                "--bench" => {}
                "--mode" => {
                    let mode = value();
                    let load = LOADS.iter().find(|(name, _)| *name == mode);
                    options.loads = vec![load.expect("--mode is 16, 256 or open").1];
                }
                "--seconds" => options.measured = Duration::from_secs_f64(value().parse().unwrap()),
                "--draw" => options.drawing = Some(value()),
                option if option.starts_with('-') => panic!("{option} is no option"),
                name => options.name = name.to_owned(),
            }
        }
        options
    }
}

/// Whether every bound held.
fn run(options: &Options) -> bool {
    let scenarios: Vec<_> = SCENARIOS
        .iter()
        .filter(|scenario| scenario.name.contains(&options.name))
        .collect();
    assert!(!scenarios.is_empty(), "no fault is called {}", options.name);
    let busy = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load of the machine before it began: {}", busy.trim());
    let mut rows = Vec::new();
    for &load in &options.loads {
        print::head(load);
        let mut healthy = Healthy {
            measured: options.measured,
            known: HashMap::new(),
        };
        for scenario in &scenarios {
            for &client in scenario.clients.iter().filter(|c| c.is_available()) {
                let row = compare(scenario, client, load, &mut healthy);
                print::row(&row);
                rows.push(row);
            }
        }
    }
    if let Some(path) = &options.drawing {
        std::fs::write(path, draw::draw(&scenarios, &rows)).unwrap();
    }
    print::summary(&scenarios, &rows)
}

fn compare(scenario: &Scenario, client: Client, load: Load, healthy: &mut Healthy) -> Row {
    let seen = measure(&Setting {
        client,
        load,
        nodes: NODES,
        measured: healthy.measured.max(scenario.at_least),
        read_timeout: scenario.read_timeout,
        trouble: scenario.trouble,
    });
    let judged = client == scenario.clients[0];
    // Workers whose calls the node took with it are not there to call again; without any there is nothing to compare.
    let like = match load {
        Load::Closed(workers) if judged && scenario.bounds.held == Held::Stuck => {
            let taken = seen.stuck().min(seen.in_flight as usize);
            Load::Closed(workers.saturating_sub(taken).max(1))
        }
        _ => load,
    };
    let healthy = healthy.of(client, like, judged);
    Row::new(scenario, client, load, seen, healthy)
}

/// What each client does with all nodes but the one that becomes faulty.
struct Healthy {
    measured: Duration,
    known: HashMap<(Client, Load), (Instant, Seen)>,
}

impl Healthy {
    fn of(&mut self, client: Client, load: Load, fresh: bool) -> &Seen {
        let known = self.known.get(&(client, load));
        let stale = known.is_none_or(|(at, _)| fresh && at.elapsed() > FRESH);
        if stale {
            let seen = measure(&Setting {
                client,
                load,
                nodes: client.healthy_nodes(),
                measured: self.measured,
                read_timeout: None,
                trouble: Trouble::Moves(|_, _| {}),
            });
            print::healthy(client, load, &seen);
            self.known.insert((client, load), (Instant::now(), seen));
        }
        &self.known[&(client, load)].1
    }
}
