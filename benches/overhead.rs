//! What the connector costs beside the SDK's default client: `get_item` through the whole SDK against one node that gives a
//! constant answer.
//!
//! `cargo bench --bench overhead` prints requests per second and CPU time per request, then allocations per request and, where
//! valgrind is installed, instructions per request. The last two repeat exactly; the first two are for comparing the columns of
//! one run.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods
)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use alternator_connector::AlternatorConnector;
use alternator_testcluster::Cluster;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::types::AttributeValue;
use criterion::{Criterion, Throughput};
use tokio::runtime::Runtime;

const CLIENTS: [&str; 2] = ["connector", "sdk_default"];
const CONCURRENCY: [usize; 2] = [1, 32];

fn main() {
    let args: Vec<_> = std::env::args().collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[1..] {
        ["--serve", ..] => serve(),
        ["--requests", which, url, requests, at_once] => {
            requests_of(
                which,
                url,
                requests.parse().unwrap(),
                at_once.parse().unwrap(),
            );
        }
        _ => measure(),
    }
}

/// A node in a process of its own, until standard input ends.
fn serve() {
    let cluster = node();
    println!("{}", cluster.urls()[0]);
    std::io::stdin().lines().for_each(drop);
}

fn node() -> Cluster {
    let item = r#"{"Item":{"pk":{"S":"key"},"name":{"S":"a value of some length, as items have"},"n":{"N":"42"}}}"#;
    Cluster::builder()
        .nodes(1)
        .record(false)
        .canned("GetItem", item)
        .start()
        .unwrap()
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
    allocations(&url);
    instructions();
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

fn thread_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

fn allocations(url: &str) {
    const REQUESTS: usize = 1_000;
    for which in CLIENTS {
        let runtime = runtime();
        let client = runtime.block_on(client(which, url));
        // The background refresh would add its own, now and then.
        let least = (0..10).map(|_| {
            let counted = allocation_counter::measure(|| {
                runtime.block_on(gets(&client, 1, REQUESTS));
            });
            counted.count_total / REQUESTS as u64
        });
        println!("allocations {which}: {} per request", least.min().unwrap());
    }
}

/// Instructions in user mode, as the difference between a long and a short run, so that starting up does not count.
fn instructions() {
    const SHORT: u64 = 500;
    const LONG: u64 = 2_500;
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("instructions: valgrind is not installed");
        return;
    }
    let mut server = Server::start();
    for (which, at_once) in CONCURRENCY
        .iter()
        .flat_map(|n| CLIENTS.map(|which| (which, *n)))
    {
        let [short, long] = [SHORT, LONG].map(|n| server.instructions(which, n, at_once));
        println!(
            "instructions {which} at {at_once}: {:.1}k per request",
            (long - short) as f64 / (LONG - SHORT) as f64 / 1000.0
        );
    }
}

struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .arg("--serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        Self {
            process,
            url: url.trim().to_owned(),
        }
    }

    fn instructions(&mut self, which: &str, requests: u64, at_once: usize) -> u64 {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().unwrap())
            .args([
                "--requests",
                which,
                &self.url,
                &requests.to_string(),
                &at_once.to_string(),
            ])
            .output()
            .unwrap();
        let report = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{report}");
        let total = report
            .split("Collected :")
            .nth(1)
            .expect("callgrind reports what it collected");
        total.split_whitespace().next().unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

async fn client(which: &str, url: &str) -> Client {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("user", "secret", None, None, "bench"));
    let config = match which {
        "connector" => {
            config
                .http_client(AlternatorConnector::new([url]))
                .load()
                .await
        }
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
    let begun = Instant::now();
    let each = async |n: usize| {
        for _ in 0..n {
            get(client).await;
        }
    };
    if concurrency == 1 {
        each(requests).await;
    } else {
        let per_worker = requests.div_ceil(concurrency);
        futures_util::future::join_all((0..concurrency).map(|_| each(per_worker))).await;
        // Criterion is told what the asked number would have taken.
        return begun
            .elapsed()
            .mul_f64(requests as f64 / (per_worker * concurrency) as f64);
    }
    begun.elapsed()
}
