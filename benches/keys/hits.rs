//! How many requests for one item go to a node that holds it, once the table is known.

use alternator_benches::requests::runtime;
use alternator_testcluster::{Builder, Cluster};
use aws_sdk_dynamodb::Client as SdkClient;
use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType};

use crate::clients::{Client, ours};
use crate::cluster::{Counts, TABLETS, create, key, known, nine};
use crate::{holds, workers};

const WORKERS: usize = 8;
const KEYS: usize = 400;

/// Each key is put, got, updated, queried and deleted.
const OPERATIONS: usize = 5;

/// A replica in three of nine, give or take four standard deviations of so many keys.
const ONE_IN_THREE: std::ops::Range<f64> = 24.0..43.0;

pub(crate) fn print() -> bool {
    runtime().block_on(async {
        let tablets = of_map("tablets", nine().tablets(TABLETS)).await;
        let vnodes = of_map("vnodes", nine().vnodes(16)).await;
        tablets && vnodes
    })
}

async fn of_map(map: &str, cluster: Builder) -> bool {
    let cluster = cluster.start().unwrap();
    let mut held = true;
    for (name, kind) in [
        ("string", ScalarAttributeType::S),
        ("number", ScalarAttributeType::N),
        ("binary", ScalarAttributeType::B),
    ] {
        let connector = ours(&cluster.urls()).build().unwrap();
        let routed = Client::routed(&connector).await;
        create(routed.sdk(), name, kind.clone()).await;
        known(&connector, routed.sdk(), name, &kind).await;
        let round_robin = Client::round_robin(&cluster.urls()).await;
        let [ours, turns] = [
            counted(&cluster, routed.sdk(), name, &kind).await,
            counted(&cluster, round_robin.sdk(), name, &kind).await,
        ];
        println!(
            "summary replica_hits ours={:.2} round_robin={:.2} unit=percent map={map} key={name} requests={}",
            ours.hits_percent(),
            turns.hits_percent(),
            ours.requests(),
        );
        held &= holds("every request goes to a replica", ours.hops == 0);
        held &= holds(
            "one request in three of round robin does",
            ONE_IN_THREE.contains(&turns.hits_percent()),
        );
    }
    held
}

async fn counted(
    cluster: &Cluster,
    client: &SdkClient,
    table: &str,
    kind: &ScalarAttributeType,
) -> Counts {
    let before = Counts::of(cluster);
    workers::all(WORKERS, async |worker| {
        for number in (worker..KEYS).step_by(WORKERS) {
            every_operation(client, table, key(kind, number)).await;
        }
    })
    .await;
    let counts = Counts::of(cluster) - before;
    assert_eq!(counts.requests(), (KEYS * OPERATIONS) as u64);
    counts
}

async fn every_operation(client: &SdkClient, table: &str, key: AttributeValue) {
    let one = AttributeValue::N("1".to_owned());
    client.put_item().table_name(table).item("pk", key.clone()).send().await.unwrap();
    client.get_item().table_name(table).key("pk", key.clone()).send().await.unwrap();
    client
        .update_item()
        .table_name(table)
        .key("pk", key.clone())
        .update_expression("ADD n :one")
        .expression_attribute_values(":one", one)
        .send()
        .await
        .unwrap();
    client
        .query()
        .table_name(table)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", key.clone())
        .send()
        .await
        .unwrap();
    client.delete_item().table_name(table).key("pk", key).send().await.unwrap();
}
