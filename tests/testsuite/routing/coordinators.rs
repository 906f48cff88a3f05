//! Each key has one coordinator, whoever writes to it, and it is the one that the order says.

use std::time::Duration;

use CoordinatorOrder::{PrimaryReplica, RustClient, Shared};
use alternator_connector::{CoordinatorOrder, LwtAffinity};
use alternator_testcluster::{ApiError, Cluster, Fault, Node};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use futures_util::future::join_all;
use serde_json::json;

use crate::routing::{
    actual_replicas, client_that_knows_replicas, differences, key, nine_nodes, requests_of_each,
    with_table,
};
use crate::support::direct::HOUR;
use crate::support::{
    TABLE, alternator_client, connector, eventually_returns, eventually_routes_to,
    retrying_at_once, s, sdk_config,
};

/// Keys, and the last parts of the addresses of twelve nodes in the order in which the clients for
/// other languages, and then the published client for Rust, try them.
const VECTORS: &str = include_str!("../../data/vectors/affinity-order.tsv");

/// Transactions contend with any other that a different node has ever coordinated for the same key.
fn contending() -> alternator_testcluster::Builder {
    nine_nodes().contention_window(HOUR).contention_retry(Duration::ZERO)
}

fn contended(cluster: &Cluster) -> u64 {
    let of = |node: &Node| node.stats().contended;
    cluster.nodes().iter().map(of).sum()
}

async fn write(client: &Client, table: &str, key: AttributeValue) {
    client
        .put_item()
        .table_name(table)
        .item("pk", key)
        .condition_expression("attribute_not_exists(absent)")
        .send()
        .await
        .unwrap();
}

const HOT: usize = 20;

/// Two clients write to the same keys, with several workers each.
async fn write_from_all_sides(cluster: &Cluster, affinity: LwtAffinity) {
    let all = &cluster.nodes();
    let builder = || connector(cluster).lwt_affinity(affinity.clone());
    let one = client_that_knows_replicas(cluster, all, builder()).await;
    let other = client_that_knows_replicas(cluster, all, builder()).await;
    let worker = async |worker: usize| {
        let (_, client) = [&one, &other][worker % 2];
        for n in 0..HOT {
            write(client, TABLE, s(key((n + worker * 3) % HOT))).await;
        }
    };
    join_all((0..8).map(worker)).await;
}

#[tokio::test]
async fn transactions_on_hot_keys_never_contend_in_any_order() {
    for order in [PrimaryReplica, Shared, RustClient] {
        for (map, builder) in
            [("tablets", contending().tablets(16)), ("vnodes", contending().vnodes(16))]
        {
            let cluster = with_table(builder).await;
            let affinity = LwtAffinity::read_modify_write().order(order);
            write_from_all_sides(&cluster, affinity).await;
            assert_eq!(contended(&cluster), 0, "{order:?} {map}");
            for n in 0..HOT {
                let turns = cluster.coordinators(TABLE, &json!({ "S": key(n) }));
                assert_eq!((turns.len(), turns[0].transactions), (1, 8));
                if (order, map) == (PrimaryReplica, "tablets") {
                    assert_eq!(turns[0].coordinator.ip(), actual_replicas(&cluster, n)[0]);
                }
            }
        }
    }
}

#[tokio::test]
async fn the_same_transactions_contend_without_affinity() {
    let cluster = with_table(contending()).await;
    write_from_all_sides(&cluster, LwtAffinity::off()).await;
    assert!(contended(&cluster) > HOT as u64);
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |digits| u8::from_str_radix(str::from_utf8(digits).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

/// The table of a type of keys, and the key, of a row of [`VECTORS`].
fn subject(key_type: &str, payload: &str) -> (&'static str, AttributeValue) {
    match key_type {
        "S" => ("texts", s(payload)),
        "N" => ("numbers", AttributeValue::N(payload.to_owned())),
        _ => ("blobs", AttributeValue::B(Blob::new(bytes(payload)))),
    }
}

/// How many requests each node has got of one write, whose coordinator fails so, in the order in
/// which they are to be tried.
async fn tried(fault: Fault) -> Vec<u64> {
    let cluster = with_table(nine_nodes()).await;
    let (connector, _) =
        client_that_knows_replicas(&cluster, &cluster.nodes(), connector(&cluster)).await;
    let sdk = sdk_config(&connector).await;
    let config = retrying_at_once(connector.dynamodb_config(&sdk), 2);
    let client = Client::from_conf(config.build());
    let replicas = cluster.replicas(TABLE, &json!({ "S": key(0) }));
    replicas[0].inject(fault);
    let put = client
        .put_item()
        .table_name(TABLE)
        .item("pk", s(key(0)))
        .condition_expression("attribute_not_exists(absent)");
    // Whether it is executed in the end depends on the fault.
    drop(put.send().await);
    let of = |node: &Node| node.stats().requests_of("PutItem");
    let elsewhere =
        cluster.nodes().iter().map(of).sum::<u64>() - replicas.iter().map(of).sum::<u64>();
    assert_eq!(elsewhere, 0);
    replicas.iter().map(of).collect()
}

#[tokio::test]
async fn a_coordinator_that_answers_is_tried_again_and_one_that_does_not_is_left() {
    for kind in ["InternalServerError", "RequestLimitExceeded"] {
        let answer = Fault::Answer(ApiError::new(kind, "perhaps later"));
        assert_eq!(tried(answer).await, [2, 0, 0]);
    }
    assert_eq!(tried(Fault::CloseMidHead).await, [1, 1, 0]);
    let reset = Fault::ResetAfterRequest { execute: false };
    assert_eq!(tried(reset).await, [1, 1, 0]);
}

#[tokio::test]
async fn keys_go_where_other_clients_send_them() {
    use alternator_connector::PartitionKeyType::{Binary, Number, String};
    let cluster = Cluster::builder()
        .nodes(12)
        .canned("PutItem", "{}")
        .failure_detection(HOUR)
        .start()
        .unwrap();
    let nodes = cluster.nodes();
    let node = |number: &str| &nodes[number.parse::<usize>().unwrap() - 1];
    for (order, column) in [(Shared, 4), (RustClient, 5)] {
        let connector = connector(&cluster)
            .lwt_affinity(LwtAffinity::read_modify_write().order(order))
            .table_partition_key("texts", "pk", String)
            .table_partition_key("numbers", "pk", Number)
            .table_partition_key("blobs", "pk", Binary)
            .build()
            .unwrap();
        let client = alternator_client(&connector).await;
        eventually_routes_to(&connector, &nodes).await;
        let written_to = async |(table, key): (&str, AttributeValue)| {
            let before = requests_of_each(&cluster, "PutItem");
            write(&client, table, key).await;
            let writes = differences(&requests_of_each(&cluster, "PutItem"), &before);
            nodes[writes.iter().position(|n| *n == 1).unwrap()].addr()
        };
        let mut rows = 0;
        for row in VECTORS.lines().skip(1) {
            let row: Vec<_> = row.split('\t').collect();
            let subject = subject(row[0], row[2]);
            let first = row[column].split(',').next().unwrap();
            assert_eq!(written_to(subject).await, node(first).addr(), "{row:?}");
            rows += 1;
        }
        assert_eq!(rows, 14);

        // The first row again, from one node that dies to the next.
        let row: Vec<_> = VECTORS.lines().nth(1).unwrap().split('\t').collect();
        let written = || written_to(subject(row[0], row[2]));
        let mut dead = Vec::new();
        for next in row[column].split(',').map(node).take(4) {
            assert_eq!(written().await, next.addr(), "{order:?}");
            next.stop();
            dead.push(next);
        }
        for back in dead.into_iter().rev() {
            back.start().unwrap();
            eventually_returns(&connector, back).await;
            assert_eq!(written().await, back.addr(), "{order:?}");
        }
    }
}

#[tokio::test]
async fn a_transaction_on_many_keys_goes_to_the_coordinator_of_most() {
    let cluster = with_table(nine_nodes().tablets(16)).await;
    let nodes = cluster.nodes();
    let (_, client) = client_that_knows_replicas(&cluster, &nodes, connector(&cluster)).await;
    for round in 0..20 {
        let keys = round * 5..round * 5 + 5;
        let votes = |node: &Node| {
            let ip = node.addr().ip();
            keys.clone()
                .map(|n| actual_replicas(&cluster, n)[0])
                .filter(|primary| *primary == ip)
                .count()
        };
        let most = nodes.iter().map(votes).max().unwrap();
        let winner = nodes.iter().filter(|node| votes(node) == most).map(Node::url).min().unwrap();
        let put = |n| {
            let put = Put::builder().table_name(TABLE).item("pk", s(key(n))).build().unwrap();
            TransactWriteItem::builder().put(put).build()
        };
        let before = requests_of_each(&cluster, "TransactWriteItems");
        let items = Some(keys.clone().map(put).collect());
        client.transact_write_items().set_transact_items(items).send().await.unwrap();
        let after = requests_of_each(&cluster, "TransactWriteItems");
        let at = differences(&after, &before).iter().position(|n| *n == 1).unwrap();
        assert_eq!(nodes[at].url(), winner, "of {keys:?}");
    }
}
