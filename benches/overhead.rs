//! What the connector costs beside the SDK's default client: `get_item` through the whole SDK
//! against one node that gives a constant answer.
//!
//! `cargo bench -p alternator-benches --bench overhead` prints requests per second and CPU time per
//! request, then, where valgrind is installed, allocations and instructions per request. The last
//! two repeat exactly; the first two are for comparing the columns of one run.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::time::Duration;

use alternator_benches::arguments;
use alternator_benches::clients::{credentials, sdk};
use alternator_benches::cost::{self, thread_cpu};
use alternator_benches::requests::{repeat, runtime};
use alternator_benches::server::{Server, serve};
use alternator_connector::AlternatorConnector;
use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use clap::{Parser, Subcommand};
use criterion::{Criterion, Throughput};

const CLIENTS: [&str; 2] = ["connector", "sdk_default"];
const CONCURRENCY: [usize; 2] = [1, 32];

/// What a further process of the benchmark does.
#[derive(Parser)]
enum Part {
    /// Be the node
    Serve,
    /// Make requests, which valgrind watches
    Requests { which: String, url: String, requests: usize, at_once: usize },
}

fn main() {
    // All other arguments are criterion's.
    let is_part = std::env::args().nth(1).is_some_and(|first| Part::has_subcommand(&first));
    match is_part.then(arguments::parse) {
        Some(Part::Serve) => serve(&node()),
        Some(Part::Requests { which, url, requests, at_once }) => {
            requests_of(&which, &url, requests, at_once);
        }
        None => measure(),
    }
}

fn node() -> Cluster {
    let item = r#"{"Item":{"pk":{"S":"key"},"name":{"S":"a value of some length, as items have"},"n":{"N":"42"}}}"#;
    Cluster::builder().nodes(1).record(false).canned("GetItem", item).start().unwrap()
}

/// What valgrind watches.
fn requests_of(which: &str, url: &str, requests: usize, at_once: usize) {
    let runtime = runtime();
    let client = runtime.block_on(client(which, url));
    runtime.block_on(gets(&client, at_once, requests));
}

fn measure() {
    let cluster = node();
    let url = cluster.urls().remove(0);
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5))
        .configure_from_args();
    time(&mut criterion, &url);
    criterion.final_summary();
    cpu(&url);
    counts();
}

fn time(criterion: &mut Criterion, url: &str) {
    for concurrency in CONCURRENCY {
        let mut group = criterion.benchmark_group(format!("get_item/{concurrency}_at_once"));
        group.throughput(Throughput::Elements(1));
        for which in CLIENTS {
            let runtime = runtime();
            let client = runtime.block_on(client(which, url));
            group.bench_function(which, |b| {
                b.iter_custom(|n| runtime.block_on(gets(&client, concurrency, n as usize)));
            });
        }
    }
}

/// CPU time of the client's thread, user and system, best of several alternating rounds.
fn cpu(url: &str) {
    const ROUNDS: usize = 5;
    const REQUESTS: usize = 8_000;
    for concurrency in CONCURRENCY {
        let clients = CLIENTS.map(|which| {
            let runtime = runtime();
            let client = runtime.block_on(client(which, url));
            runtime.block_on(gets(&client, concurrency, 500));
            (which, runtime, client)
        });
        let mut best = [Duration::MAX; CLIENTS.len()];
        for _ in 0..ROUNDS {
            for ((_, runtime, client), best) in clients.iter().zip(&mut best) {
                let before = thread_cpu();
                runtime.block_on(gets(client, concurrency, REQUESTS));
                *best = (*best).min((thread_cpu() - before) / REQUESTS as u32);
            }
        }
        for ((which, ..), best) in clients.iter().zip(best) {
            println!(
                "cpu {which} at {concurrency}: {:.1} us per request",
                best.as_nanos() as f64 / 1000.0
            );
        }
    }
}

/// In user mode, and in processes of their own.
fn counts() {
    if !cost::has_valgrind() {
        println!("allocations and instructions: valgrind is not installed");
        return;
    }
    let server = Server::start_on(cost::CORE);
    let arguments = |which: &str, concurrency: usize, requests: usize| {
        let [requests, at_once] = [requests, concurrency].map(|n| n.to_string());
        ["requests", which, server.url(), &requests, &at_once].map(str::to_owned).to_vec()
    };
    for which in CLIENTS {
        let allocations = cost::allocations(|requests| arguments(which, 1, requests));
        println!("allocations {which}: {allocations:.0} per request");
    }
    for concurrency in CONCURRENCY {
        for which in CLIENTS {
            let instructions =
                cost::instructions(|requests| arguments(which, concurrency, requests));
            println!(
                "instructions {which} at {concurrency}: {:.1}k per request",
                instructions / 1000.0
            );
        }
    }
}

async fn client(which: &str, url: &str) -> Client {
    let config = sdk().credentials_provider(credentials());
    let config = match which {
        "connector" => config.http_client(AlternatorConnector::new([url])).load().await,
        "sdk_default" => config.endpoint_url(url).load().await,
        _ => panic!("no client is called {which}"),
    };
    Client::new(&config)
}

async fn get(client: &Client) {
    let answer = client
        .get_item()
        .table_name("table")
        .key("pk", AttributeValue::S("key".to_owned()))
        .send()
        .await
        .unwrap();
    assert!(answer.item.is_some());
}

async fn gets(client: &Client, concurrency: usize, requests: usize) -> Duration {
    repeat(async || get(client).await, concurrency, requests).await
}
