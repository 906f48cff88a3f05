//! Requests reach nodes that hold their keys, whatever the operation, the map and the type of the
//! key.

use std::collections::HashMap;

use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, ComparisonOperator, Condition, Get, KeysAndAttributes, PutRequest, ReturnValue,
    ScalarAttributeType, TransactGetItem, WriteRequest,
};
use serde_json::{Value, json};

use crate::routing::{create_of_type, hits, hops, nine_nodes};
use crate::support::{alternator_client, connector, eventually, eventually_routes_to, s};

/// A table for each type of partition keys, which are called `pk`.
const TABLES: [(&str, ScalarAttributeType); 3] = [
    ("texts", ScalarAttributeType::S),
    ("numbers", ScalarAttributeType::N),
    ("blobs", ScalarAttributeType::B),
];

/// The tables, and a client of a connector that knows their replicas.
async fn learned(cluster: &Cluster) -> Client {
    let connector = connector(cluster).build().unwrap();
    let client = alternator_client(&connector).await;
    eventually_routes_to(&connector, &cluster.nodes()).await;
    for (table, key_type) in TABLES {
        create_of_type(&client, table, "pk", key_type).await;
        eventually("the table is known", async || {
            client.get_item().table_name(table).key("pk", value(table, 0)).send().await.unwrap();
            let routing = connector.routing(table);
            routing.is_some_and(|routing| routing.replica_source().is_some())
        })
        .await;
    }
    client
}

fn value(table: &str, n: u8) -> AttributeValue {
    match table {
        "texts" => s(format!("text {n}")),
        "numbers" => AttributeValue::N(format!("-{n}.250")),
        _ => AttributeValue::B(Blob::new([n, 0xff, 0x80, 0])),
    }
}

/// Sends every kind of request about one item, and tells how many those were.
async fn every_operation(client: &Client, table: &str, key: &AttributeValue) -> u64 {
    let one = AttributeValue::N("1".to_owned());
    let always = "attribute_exists(pk) OR attribute_not_exists(pk)";

    let get = client.get_item().table_name(table).key("pk", key.clone());
    get.clone().send().await.unwrap();
    get.consistent_read(true).send().await.unwrap();

    let put = client.put_item().table_name(table).item("pk", key.clone());
    put.clone().send().await.unwrap();
    put.condition_expression(always).send().await.unwrap();

    let update = client
        .update_item()
        .table_name(table)
        .key("pk", key.clone())
        .expression_attribute_values(":one", one);
    update.clone().update_expression("SET n = :one").send().await.unwrap();
    update.update_expression("ADD n :one").send().await.unwrap();

    let query = client.query().table_name(table);
    query
        .clone()
        .key_condition_expression("#p = :p")
        .expression_attribute_names("#p", "pk")
        .expression_attribute_values(":p", key.clone())
        .send()
        .await
        .unwrap();
    let equal = Condition::builder()
        .comparison_operator(ComparisonOperator::Eq)
        .attribute_value_list(key.clone())
        .build()
        .unwrap();
    query.key_conditions("pk", equal).send().await.unwrap();

    let delete = client.delete_item().table_name(table).key("pk", key.clone());
    delete.clone().send().await.unwrap();
    delete.return_values(ReturnValue::AllOld).send().await.unwrap();
    10
}

#[tokio::test]
async fn every_request_about_an_item_reaches_a_replica() {
    for builder in [nine_nodes().tablets(16), nine_nodes().vnodes(16)] {
        let cluster = builder.start().unwrap();
        let client = learned(&cluster).await;
        for (table, _) in TABLES {
            let before = (hits(&cluster), hops(&cluster));
            let mut sent = 0;
            for n in 0..6 {
                sent += every_operation(&client, table, &value(table, n)).await;
            }
            let after = (hits(&cluster) - before.0, hops(&cluster) - before.1);
            assert_eq!(after, (sent, 0), "{table}");
        }
    }
}

/// The most of these keys that one node holds.
fn held(cluster: &Cluster, keys: &[(&'static str, AttributeValue)]) -> u64 {
    let mut held = HashMap::<_, u64>::new();
    for (table, key) in keys {
        let key = match key {
            AttributeValue::S(text) => json!({ "S": text }),
            AttributeValue::N(number) => json!({ "N": number }),
            other => panic!("{other:?}"),
        };
        for node in cluster.replicas(table, &key) {
            *held.entry(node.addr()).or_default() += 1;
        }
    }
    *held.values().max().unwrap()
}

fn item(key: &AttributeValue) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), key.clone())])
}

async fn batch_write(client: &Client, keys: &[(&str, AttributeValue)]) {
    let mut requests = HashMap::<_, Vec<_>>::new();
    for (table, key) in keys {
        let put = PutRequest::builder().set_item(Some(item(key))).build();
        let write = WriteRequest::builder().put_request(put.unwrap());
        let table = (*table).to_owned();
        requests.entry(table).or_default().push(write.build());
    }
    client.batch_write_item().set_request_items(Some(requests)).send().await.unwrap();
}

async fn batch_get(client: &Client, keys: &[(&str, AttributeValue)]) {
    let mut requests = HashMap::<_, Vec<_>>::new();
    for (table, key) in keys {
        requests.entry(*table).or_default().push(item(key));
    }
    let of_table = |(table, keys): (&str, _)| {
        let keys = KeysAndAttributes::builder().set_keys(Some(keys)).build();
        (table.to_owned(), keys.unwrap())
    };
    let requests = requests.into_iter().map(of_table).collect();
    client.batch_get_item().set_request_items(Some(requests)).send().await.unwrap();
}

async fn transact_get(client: &Client, keys: &[(&str, AttributeValue)]) {
    let get = |(table, key): &(&str, AttributeValue)| {
        let get = Get::builder().table_name(*table).set_key(Some(item(key)));
        TransactGetItem::builder().get(get.build().unwrap()).build()
    };
    let items = Some(keys.iter().map(get).collect());
    client.transact_get_items().set_transact_items(items).send().await.unwrap();
}

#[tokio::test]
async fn a_request_about_many_items_reaches_a_node_that_holds_most_of_them() {
    for builder in [nine_nodes().tablets(16), nine_nodes().vnodes(16)] {
        let cluster = builder.start().unwrap();
        let client = learned(&cluster).await;
        for round in 0..8 {
            let of_round = round * 4..round * 4 + 4;
            let keys: Vec<_> = of_round
                .flat_map(|n| ["texts", "numbers"].map(|table| (table, value(table, n))))
                .collect();
            let expected = held(&cluster, &keys);
            for operation in ["BatchWriteItem", "BatchGetItem", "TransactGetItems"] {
                let before = (hits(&cluster), hops(&cluster));
                match operation {
                    "BatchWriteItem" => batch_write(&client, &keys).await,
                    "BatchGetItem" => batch_get(&client, &keys).await,
                    _ => transact_get(&client, &keys).await,
                }
                let after = (hits(&cluster) - before.0, hops(&cluster) - before.1);
                let all = keys.len() as u64;
                assert_eq!(after, (expected, all - expected), "{operation}");
            }
        }
    }
}

/// Whether the node that was sent this, and no other, holds a key.
#[track_caller]
fn assert_sent_to_a_replica(cluster: &Cluster, sent: &str, key: &Value) {
    let mut nodes = cluster.nodes();
    nodes.retain(|node| node.saw(sent.as_bytes()));
    assert_eq!(nodes.len(), 1, "{sent}");
    let replicas = cluster.replicas("texts", key);
    assert!(replicas.contains(&nodes[0]), "{sent}");
}

#[tokio::test]
async fn a_segment_of_a_scan_reaches_a_replica_of_where_it_begins() {
    const TABLETS: u64 = 16;
    let cluster = nine_nodes().tablets(TABLETS as usize).start().unwrap();
    let client = learned(&cluster).await;
    for segment in 0..TABLETS {
        // Segments are tablets.
        let size = u64::MAX / TABLETS + 1;
        let mut keys = (0..).map(|n| json!({ "S": format!("text {n}") }));
        let is_in_segment = |key: &Value| cluster.token(key).abs_diff(i64::MIN) / size == segment;
        let key = keys.find(is_in_segment).unwrap();
        // A limit by which the request is known.
        let limit = 100 + segment as i32;
        client
            .scan()
            .table_name("texts")
            .limit(limit)
            .segment(segment as i32)
            .total_segments(TABLETS as i32)
            .send()
            .await
            .unwrap();
        assert_sent_to_a_replica(&cluster, &format!("\"Limit\":{limit}"), &key);
    }
}

#[tokio::test]
async fn a_further_page_of_a_scan_reaches_a_replica_of_where_it_begins() {
    for builder in [nine_nodes().tablets(16), nine_nodes().vnodes(16)] {
        let cluster = builder.start().unwrap();
        let client = learned(&cluster).await;
        for n in 0..12 {
            let key = format!("start {n} of a page");
            client
                .scan()
                .table_name("texts")
                .exclusive_start_key("pk", s(&key))
                .send()
                .await
                .unwrap();
            assert_sent_to_a_replica(&cluster, &key, &json!({ "S": key }));
        }
    }
}
