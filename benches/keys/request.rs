//! What routing by key adds to a request: a whole `get_item` of a key of 100 bytes, of a table that
//! is known, against the same with everything off. Each of the three nodes holds each key, so that
//! the requests of both go to as many nodes.
//!
//! Allocations are those of single requests, the median of many, so that neither refreshes nor
//! lookups count. Instructions are counted where valgrind is installed; they include what refreshes
//! and lookups there are in the meantime. The bound on time is checked by them, as the noise of a
//! machine is as large as what is looked for: an instruction takes what it does on average in such
//! a request. Beside it is the median difference of many rounds.

use std::time::Duration;

use alternator_benches::arguments::name;
use alternator_benches::cost::{self, thread_cpu};
use alternator_benches::figures::median;
use alternator_benches::requests::{repeat, runtime};
use alternator_benches::server::{self, Server};
use alternator_connector::{AlternatorConnector, LwtAffinity, TokenAwareness};
use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType};
use clap::ValueEnum;
use tokio::runtime::Runtime;

use crate::clients::{self, ours};
use crate::cluster::{create, known, until};
use crate::holds;

const NODES: usize = 3;
const TABLE: &str = "table";
const SINGLE: usize = 1_001;
const ROUNDS: usize = 41;
const REQUESTS: usize = 1_000;

const MOST_MICROSECONDS: f64 = 2.0;
const MOST_ALLOCATIONS: i64 = 1;

/// The node's side: a table, and an answer that does not depend on it.
pub(crate) fn serve() {
    let cluster =
        Cluster::builder().nodes(NODES).record(false).canned("GetItem", "{}").start().unwrap();
    let runtime = runtime();
    runtime.block_on(async {
        let connector = ours(&cluster.urls()).build().unwrap();
        let client = clients::Client::routed(&connector).await;
        create(client.sdk(), TABLE, ScalarAttributeType::S).await;
    });
    server::serve(&cluster);
}

/// The client's side, for valgrind.
pub(crate) fn gets(routing: Routing, url: &str, requests: usize) {
    routing.requester(url).gets(requests);
}

pub(crate) fn print() -> bool {
    let server = Server::start();
    let url = server.url();
    let [routed, plain] = Routing::BOTH.map(|routing| routing.requester(url));
    let [routed_allocations, plain_allocations] = [&routed, &plain].map(Requester::allocations);
    let allocations = routed_allocations - plain_allocations;
    assert_eq!([routed.routes(), plain.routes()], [true, false]);
    let rounds = [(); ROUNDS].map(|()| (plain.microseconds(), routed.microseconds()));
    let without = median(rounds.map(|(without, _)| without));
    let measured = median(rounds.map(|(without, with)| with - without));
    let few = holds("routing by key adds one allocation at most", allocations <= MOST_ALLOCATIONS);
    if !cost::has_valgrind() {
        println!(
            "summary key_cost of=get_item_routed measured_us={measured:.2} allocations={allocations} (instructions: not measured, as valgrind is not installed)"
        );
        return few;
    }
    let [all, others] = Routing::BOTH.map(|routing| {
        cost::instructions(|requests| {
            vec!["gets".to_owned(), name(routing), url.to_owned(), requests.to_string()]
        })
    });
    let added = all - others;
    let us = added / others * without;
    println!(
        "summary key_cost of=get_item_routed us={us:.2} measured_us={measured:.2} instructions={added:.0} allocations={allocations} (a request without: {without:.1} us, {others:.0} instructions, {plain_allocations} allocations)"
    );
    let fast = holds("routing by key adds 2 us at most", us <= MOST_MICROSECONDS);
    few && fast
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Routing {
    On,
    Off,
}

impl Routing {
    const BOTH: [Self; 2] = [Self::On, Self::Off];

    fn requester(self, url: &str) -> Requester {
        let builder = ours(&[url.to_owned()]);
        let builder = match self {
            Self::On => builder,
            Self::Off => {
                builder.token_awareness(TokenAwareness::off()).lwt_affinity(LwtAffinity::off())
            }
        };
        let connector = builder.build().unwrap();
        let runtime = runtime();
        let client = runtime.block_on(async {
            let client = clients::Client::routed(&connector).await.sdk().clone();
            every_node(&connector).await;
            if self == Self::On {
                known(&connector, &client, TABLE, &ScalarAttributeType::S).await;
            }
            client
        });
        Requester { connector, runtime, client }
    }
}

async fn every_node(connector: &AlternatorConnector) {
    let is_known = || connector.known_nodes().len() == NODES;
    until(is_known, async || connector.refresh().await.unwrap()).await;
}

struct Requester {
    connector: AlternatorConnector,
    runtime: Runtime,
    client: Client,
}

impl Requester {
    fn gets(&self, requests: usize) -> Duration {
        let key = "k".repeat(100);
        let get = async || {
            self.client
                .get_item()
                .table_name(TABLE)
                .key("pk", AttributeValue::S(key.clone()))
                .send()
                .await
                .unwrap();
        };
        self.runtime.block_on(repeat(get, 1, requests))
    }

    /// Whether its requests so far went to a node because of their key.
    fn routes(&self) -> bool {
        self.connector.stats().nodes.iter().any(|node| node.chosen_by_key > 0)
    }

    /// Of one request.
    fn allocations(&self) -> i64 {
        self.gets(SINGLE);
        let one = || {
            allocation_counter::measure(|| {
                self.gets(1);
            })
            .count_total
        };
        median((0..SINGLE).map(|_| one() as i64))
    }

    /// CPU time of each request.
    fn microseconds(&self) -> f64 {
        let before = thread_cpu();
        self.gets(REQUESTS);
        (thread_cpu() - before).as_secs_f64() * 1e6 / REQUESTS as f64
    }
}
