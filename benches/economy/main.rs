//! What a request costs on the wire and on the processor with three clients: the SDK's with this
//! connector and its configuration (`dynamodb_config`), the SDK's by itself, and
//! `alternator-client`; and beside them the SDK's with nothing but the connector (the drop-in).
//!
//! `cargo bench -p alternator-benches --bench economy` prints a table, one line
//! `summary <measure> ours=… stock=… peer=…` for each measure that has a bound, and what
//! compression saves; it fails if a bound does not hold. Bytes repeat exactly; allocations and
//! instructions vary by some thousandths, with hash seeds and the refreshes of the node list.
//! Throughput is for comparing the columns of one run. Instructions and allocations are counted
//! where valgrind is installed. Valgrind knows no instructions for SHA-256, so that signatures
//! count for more there than they take of the time on a processor that has them.
//!
//! All settings of all clients are at their defaults. The heads are those of a `put_item` whose
//! body has 157 bytes, as a node at `http://127.0.0.1:<five digits>` receives them. Everything else
//! is of `get_item`, one node in another process answering it with 154 constant bytes.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod clients;
mod compressed;
mod figure;
mod heads;
mod throughput;

use alternator_benches::arguments::{self, name};
use alternator_benches::cost;
use alternator_benches::requests::{repeat, runtime};
use alternator_benches::server::{Server, serve};
use alternator_testcluster::Cluster;
use clap::{Parser, Subcommand};
use clients::{Client, Connected, Signing};
use figure::{Bound, Figure};

/// What a request costs on the wire and on the processor.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
}

/// What a further process of the benchmark does.
#[derive(Subcommand)]
enum Part {
    /// Be the node
    Serve,
    /// Make requests, which valgrind watches
    Requests { client: Client, signing: Signing, url: String, requests: usize },
    /// Measure throughput
    Throughput { url: String },
}

fn main() {
    match arguments::parse::<Arguments>().part {
        Some(Part::Serve) => serve(&node()),
        Some(Part::Requests { client, signing, url, requests }) => {
            gets(client, signing, &url, requests);
        }
        Some(Part::Throughput { url }) => throughput::rounds(&url),
        None => {
            let figures = figures();
            println!();
            figures.iter().for_each(Figure::summarize);
            println!();
            compressed::print();
            if !figures.iter().all(Figure::holds) {
                std::process::exit(1);
            }
        }
    }
}

fn node() -> Cluster {
    Cluster::builder().nodes(1).record(false).canned("GetItem", clients::answer()).start().unwrap()
}

fn gets(client: Client, signing: Signing, url: &str, requests: usize) {
    let runtime = runtime();
    let client = runtime.block_on(Connected::new(client, signing, url));
    runtime.block_on(repeat(async || client.get().await, 1, requests));
}

/// Every figure, printed as soon as it is known.
fn figures() -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut add = |figure: Figure| {
        figure.print();
        figures.push(figure);
    };
    figure::titles();
    for (name, signing, bound) in
        [("head_signed", Signing::Signed, 410.0), ("head_unsigned", Signing::Unsigned, 145.0)]
    {
        add(Figure {
            name,
            unit: "bytes",
            values: Client::ALL.map(|client| heads::bytes(client, signing)),
            bound: Bound::AtMost(bound),
        });
    }
    if cost::has_valgrind() {
        let server = Server::start_on(cost::CORE);
        let url = server.url();
        let each = |measure: fn(Client, Signing, &str) -> f64, signing| {
            Client::ALL.map(|client| measure(client, signing, url))
        };
        for (name, signing, bound) in [
            ("instructions_signed", Signing::Signed, 215_000.0),
            ("instructions_unsigned", Signing::Unsigned, 180_000.0),
        ] {
            add(Figure {
                name,
                unit: "per request",
                values: each(instructions, signing),
                bound: Bound::AtMost(bound),
            });
        }
        add(Figure {
            name: "allocations_signed",
            unit: "per request",
            values: each(allocations, Signing::Signed),
            bound: Bound::AtMost(280.0),
        });
    } else {
        println!("instructions and allocations: not measured, as valgrind is not installed");
    }
    add(Figure {
        name: "throughput_signed",
        unit: "per second",
        values: throughput::measure(),
        bound: Bound::TimesStock(throughput::bound()),
    });
    figures
}

fn instructions(client: Client, signing: Signing, url: &str) -> f64 {
    cost::instructions(|requests| arguments(client, signing, url, requests))
}

fn allocations(client: Client, signing: Signing, url: &str) -> f64 {
    cost::allocations(|requests| arguments(client, signing, url, requests))
}

fn arguments(client: Client, signing: Signing, url: &str, requests: usize) -> Vec<String> {
    let [client, signing] = [name(client), name(signing)];
    vec!["requests".to_owned(), client, signing, url.to_owned(), requests.to_string()]
}
