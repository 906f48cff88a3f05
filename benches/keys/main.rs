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

use alternator_benches::server::SERVE;
use request::GETS;

/// Its name, and what prints its lines and is true where its bounds hold.
type Section = (&'static str, fn() -> bool);

const SECTIONS: [Section; 9] = [
    ("cost", cost::print),
    ("map", map::print),
    ("request", request::print),
    ("agreement", agreement::print),
    ("hits", hits::print),
    ("moves", moves::print),
    ("latency", latency::print),
    ("contended", contended::print),
    ("outage", outage::print),
];

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [SERVE] => request::serve(),
        [GETS, routing, url, requests] => request::gets(routing, url, requests.parse().unwrap()),
        ref args => {
            let chosen: Vec<_> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
            let is_chosen = |name: &str| chosen.is_empty() || chosen.iter().any(|c| **c == name);
            let held: Vec<_> = SECTIONS
                .iter()
                .filter(|(name, _)| is_chosen(name))
                .map(|(_, print)| print())
                .collect();
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
