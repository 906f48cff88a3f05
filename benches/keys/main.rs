//! What routing by key gains and costs.
//!
//! `cargo bench -p alternator-benches --bench keys` prints lines `summary <measure> …`, and fails
//! if a bound does not hold. The names of sections after `--` choose some of them. Bounds are on
//! counts and ratios; times are for comparing the columns of one run.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod agreement;
mod clients;
mod cluster;
mod contended;
mod cost;
mod hits;
mod latency;
mod map;
mod moves;
mod outage;
mod recorder;
mod request;
mod workers;

use alternator_benches::arguments;
use clap::{Parser, Subcommand, ValueEnum};
use request::Routing;

/// What routing by key gains and costs.
#[derive(Parser)]
struct Arguments {
    /// Only these sections
    sections: Vec<Section>,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    Cost,
    Map,
    Request,
    Agreement,
    Hits,
    Moves,
    Latency,
    Contended,
    Outage,
}

/// What a further process of the benchmark does.
#[derive(Subcommand)]
enum Part {
    /// Be the node
    Serve,
    /// Make requests, which valgrind watches
    Gets { routing: Routing, url: String, requests: usize },
}

impl Section {
    /// Prints its lines, and is true where its bounds hold.
    fn print(self) -> bool {
        match self {
            Self::Cost => cost::print(),
            Self::Map => map::print(),
            Self::Request => request::print(),
            Self::Agreement => agreement::print(),
            Self::Hits => hits::print(),
            Self::Moves => moves::print(),
            Self::Latency => latency::print(),
            Self::Contended => contended::print(),
            Self::Outage => outage::print(),
        }
    }
}

fn main() {
    let Arguments { sections, part } = arguments::parse();
    match part {
        Some(Part::Serve) => request::serve(),
        Some(Part::Gets { routing, url, requests }) => request::gets(routing, &url, requests),
        None => {
            let all = Section::value_variants().iter();
            let chosen = all.filter(|section| sections.is_empty() || sections.contains(section));
            let held: Vec<_> = chosen.map(|section| section.print()).collect();
            if held.contains(&false) {
                std::process::exit(1);
            }
        }
    }
}

/// Says so where a bound does not hold.
fn holds(bound: &str, holds: bool) -> bool {
    if !holds {
        println!("DOES NOT HOLD: {bound}");
    }
    holds
}
