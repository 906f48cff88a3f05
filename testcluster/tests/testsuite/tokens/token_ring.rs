//! The table of ranges, which knows tablets and vnodes alike, and no order of replicas.

use std::collections::BTreeSet;

use alternator_testcluster::{Cluster, Node, Version};
use serde_json::{Value, json};

use crate::tokens::{answer, hosts, key, nine, partition, run, table_request, text, with_table};

fn number(row: &Value, column: &str) -> i64 {
    text(row, column).parse().unwrap()
}

/// Where the ring says that a token is, by the addresses that nodes know each other by.
fn found(rows: &[Value], token: i64) -> BTreeSet<String> {
    let holds = |row: &&Value| {
        let (start, end) = (number(row, "start_token"), number(row, "end_token"));
        if start < end { start < token && token <= end } else { token > start || token <= end }
    };
    rows.iter().filter(holds).map(|row| text(row, "endpoint").to_owned()).collect()
}

fn expected(cluster: &Cluster, table: &str, value: &str) -> BTreeSet<String> {
    let hosts = hosts(cluster);
    let internal =
        |node: &Node| hosts.iter().find(|host| host.node == *node).unwrap().internal.clone();
    cluster.replicas(table, &key(value)).iter().map(internal).collect()
}

fn request(keyspace: &str, table: &str) -> Value {
    json!({
        "TableName": ".scylla.alternator.system.token_ring",
        "KeyConditionExpression": "keyspace_name = :k AND table_name = :t",
        "ExpressionAttributeValues": {":k": {"S": keyspace}, ":t": {"S": table}},
    })
}

fn query(node: &Node, keyspace: &str, table: &str) -> Vec<Value> {
    let answer = run(node, "Query", &request(keyspace, table));
    answer["Items"].as_array().unwrap().clone()
}

#[test]
fn vnodes_make_one_ring_for_all_tables_which_wraps() {
    let cluster = with_table(nine().vnodes(8).internal_addresses());
    let node = cluster.node(2);
    assert_eq!(query(&node, "alternator_tab", "tab"), [] as [Value; 0]);
    let rows = query(&node, "alternator_tab", "<ALL>");
    assert_eq!(rows.len(), 9 * 8 * 3);
    let wraps = rows.iter().filter(|row| number(row, "start_token") >= number(row, "end_token"));
    assert_eq!(wraps.count(), 3);
    for n in 0..50 {
        let value = format!("key {n}");
        let found = found(&rows, cluster.token(&key(&value)));
        assert_eq!(found, expected(&cluster, "tab", &value));
        assert_eq!(found.len(), 3);
    }
    let id = &run(&node, "DescribeTable", &json!({"TableName": "tab"}))["Table"]["TableId"];
    assert!(partition(&node, "system.tablets", "table_id", id.as_str().unwrap()).is_empty());
}

#[test]
fn tablets_of_a_table_are_ranges_from_end_to_end() {
    let cluster = with_table(nine().tablets(8).internal_addresses());
    let node = cluster.node(2);
    assert_eq!(query(&node, "alternator_tab", "<ALL>"), [] as [Value; 0]);
    let rows = query(&node, "alternator_tab", "tab");
    assert_eq!(rows.len(), 8 * 3);
    for (column, end) in [("start_token", i64::MIN), ("end_token", i64::MAX)] {
        let ends = rows.iter().filter(|row| number(row, column) == end);
        assert_eq!(ends.count(), 3, "{column}");
    }
    for n in 0..50 {
        let value = format!("key {n}");
        let found = found(&rows, cluster.token(&key(&value)));
        assert_eq!(found, expected(&cluster, "tab", &value));
    }
}

#[test]
fn rows_are_in_the_order_of_texts_and_of_addresses() {
    let cluster = with_table(nine().tablets(8));
    let rows = query(&cluster.node(0), "alternator_tab", "tab");
    let order: Vec<_> = rows
        .iter()
        .map(|row| {
            let address: std::net::Ipv4Addr = text(row, "endpoint").parse().unwrap();
            (text(row, "start_token").to_owned(), address)
        })
        .collect();
    assert!(order.is_sorted());
    let starts: Vec<_> = rows.iter().map(|row| number(row, "start_token")).collect();
    assert!(!starts.is_sorted(), "texts and numbers have one order");
    for row in &rows {
        assert_eq!(row.as_object().unwrap().len(), 7);
        assert_eq!(text(row, "dc"), "dc1");
        assert!(text(row, "rack").starts_with("rack"));
    }
}

#[test]
fn releases_and_tags_decide_between_tablets_and_vnodes() {
    let tag = |value: &str| json!([{"Key": "system:initial_tablets", "Value": value}]);
    for (version, tags, tablets) in [
        (Version::V2026_2, json!([]), Some(8)),
        (Version::V2026_2, tag("4"), Some(4)),
        (Version::V2026_2, tag("none"), None),
        (Version::V2025, json!([]), None),
        (Version::V2025, tag("4"), Some(4)),
    ] {
        let cluster = nine().version(version).start().unwrap();
        let node = cluster.node(0);
        run(&node, "CreateTable", &table_request("tab", "S", &tags));
        let ranges = query(&node, "alternator_tab", "tab").len() / 3;
        assert_eq!(ranges, tablets.unwrap_or(0), "{version:?} {tags}");
        let ring = query(&node, "alternator_tab", "<ALL>");
        assert_eq!(ring.is_empty(), tablets.is_some(), "{version:?} {tags}");
    }
}

#[test]
fn before_there_were_tablets_the_ring_was_the_keyspaces() {
    let cluster = with_table(Cluster::builder().nodes(3).version(Version::V5));
    let node = cluster.node(0);
    let rows = partition(&node, "system.token_ring", "keyspace_name", "alternator_tab");
    assert_eq!(rows.len(), 3 * 16 * 3);
    assert!(rows.iter().all(|row| row.get("table_name").is_none()));
    let response = answer(&node, "Query", &request("alternator_tab", "<ALL>"));
    response.error(400, "ValidationException");
}
