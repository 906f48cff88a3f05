//! How many lightweight transactions meet one of another coordinator on their partition, where many
//! workers update few keys.
//!
//! The peer is `alternator-client` with its key affinity on. Its order is its own, whichever ours
//! is.

use std::time::Duration;

use alternator_benches::requests::runtime;
use alternator_connector::{AlternatorConnector, CoordinatorOrder, LwtAffinity};
use alternator_driver::KeyRouteAffinityType as Affinity;
use alternator_testcluster::{Builder, Cluster};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType};
use fastrand::Rng;

use crate::clients::{Client, ours};
use crate::cluster::{Counts, TABLETS, create, key, known, nine};
use crate::{holds, workers};

pub(crate) const WORKERS: usize = 64;
pub(crate) const KEYS: usize = 100;
pub(crate) const ORDERS: [(&str, CoordinatorOrder); 3] = [
    ("primary_replica", CoordinatorOrder::PrimaryReplica),
    ("shared", CoordinatorOrder::Shared),
    ("rust_client", CoordinatorOrder::RustClient),
];

const UPDATES: usize = 50;

/// About as long as the rounds of a transaction take between the replicas of a datacenter.
pub(crate) const WINDOW: Duration = Duration::from_millis(10);

pub(crate) fn print() -> bool {
    runtime().block_on(compared())
}

async fn compared() -> bool {
    let cluster = contending().start().unwrap();
    let urls = cluster.urls();
    let turns = Client::round_robin(&urls).await;
    for table in ["turns", "peer", "mixed"] {
        create(turns.sdk(), table, ScalarAttributeType::S).await;
    }
    let peer = Client::peer_with_affinity(&urls, Affinity::Rmw, &["peer", "mixed"]);
    let of = WORKERS * UPDATES;
    let [round_robin, peers] = [
        contended(&cluster, "turns", &[&turns]).await,
        contended(&cluster, "peer", &[&peer]).await,
    ];
    let mut held = true;
    for (order, coordinators) in ORDERS {
        let (_connector, client) = affine(&urls, coordinators, order).await;
        let ours = contended(&cluster, order, &[&client]).await;
        println!(
            "summary lwt_contended order={order} ours={} round_robin={} peer={} of={of} hops_each={:.2},{:.2},{:.2}",
            ours.contended,
            round_robin.contended,
            peers.contended,
            ours.hops_per_request(),
            round_robin.hops_per_request(),
            peers.hops_per_request(),
        );
        held &= holds("no transaction contends with affinity", ours.contended == 0);
    }
    let connector = with_order(&urls, CoordinatorOrder::RustClient);
    let client = Client::routed(&connector).await;
    known(&connector, client.sdk(), "mixed", &ScalarAttributeType::S).await;
    let mixed = contended(&cluster, "mixed", &[&client, &peer]).await.contended;
    println!("summary lwt_mixed_fleet order=rust_client ours_and_peer={mixed} of={of}");
    held & holds("none does in a fleet of ours and the peer", mixed == 0)
}

/// A cluster in which transactions contend.
pub(crate) fn contending() -> Builder {
    nine().tablets(TABLETS).contention_window(WINDOW)
}

/// A client whose transactions have this order of coordinators, for a new table that it knows.
pub(crate) async fn affine(
    urls: &[String],
    order: CoordinatorOrder,
    table: &str,
) -> (AlternatorConnector, Client) {
    let connector = with_order(urls, order);
    let client = Client::routed(&connector).await;
    create(client.sdk(), table, ScalarAttributeType::S).await;
    known(&connector, client.sdk(), table, &ScalarAttributeType::S).await;
    (connector, client)
}

fn with_order(urls: &[String], order: CoordinatorOrder) -> AlternatorConnector {
    let affinity = LwtAffinity::read_modify_write().order(order);
    ours(urls).lwt_affinity(affinity).build().unwrap()
}

/// What the transactions of all workers came to, which are shared out among the clients.
async fn contended(cluster: &Cluster, table: &str, clients: &[&Client]) -> Counts {
    let before = Counts::of(cluster);
    workers::all(WORKERS, async |worker| {
        let mut rng = Rng::with_seed(worker as u64);
        for _ in 0..UPDATES {
            let client = clients[worker % clients.len()];
            update(client, table, rng.usize(..KEYS)).await.unwrap();
        }
    })
    .await;
    let counts = Counts::of(cluster) - before;
    assert_eq!(counts.transactions, (WORKERS * UPDATES) as u64);
    counts
}

/// A lightweight transaction: it has a condition, and depends on what is there.
pub(crate) async fn update(
    client: &Client,
    table: &str,
    number: usize,
) -> Result<(), SdkError<UpdateItemError>> {
    let one = AttributeValue::N("1".to_owned());
    client
        .update_item()
        .table_name(table)
        .key("pk", key(&ScalarAttributeType::S, number))
        .update_expression("ADD n :one")
        .condition_expression("attribute_not_exists(locked)")
        .expression_attribute_values(":one", one)
        .send()
        .await
        .map(drop)
}
