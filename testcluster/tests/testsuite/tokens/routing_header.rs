//! What a reply tells a client that asked a node without the key.

use alternator_testcluster::{Cluster, Node};
use serde_json::{Value, json};

use crate::raw::{ask, list_tables};
use crate::tokens::{answer, get, key, nine, put, stranger, with_table};

const HEADER: &str = "X-Scylla-Alternator-Routing-V1";

fn hint(node: &Node, operation: &str, request: &Value) -> Option<String> {
    let answer = answer(node, operation, request);
    answer.header(HEADER).map(str::to_owned)
}

/// The range of a hint, and the addresses.
fn parsed(hint: &str) -> (i64, i64, Vec<String>) {
    let mut parts = hint.split(',');
    let mut token = || parts.next().unwrap().parse().unwrap();
    let (start, end) = (token(), token());
    (start, end, parts.map(str::to_owned).collect())
}

#[test]
fn a_node_without_the_key_tells_of_its_range_and_of_its_replicas_nearby() {
    let datacenters = nine().rack("dc2", "rack1", 3).tablets(8);
    let cluster = with_table(datacenters.routing_header(true).internal_addresses());
    for n in 0..20 {
        let value = n.to_string();
        let nodes = cluster.nodes();
        let replicas = cluster.replicas("tab", &key(&value));
        let other = nodes[..9].iter().find(|node| !replicas.contains(node)).unwrap();
        let hint = hint(other, "GetItem", &get("tab", &value)).unwrap();
        let (start, end, addresses) = parsed(&hint);
        let token = cluster.token(&key(&value));
        assert!(start < token && token <= end, "{hint}");
        assert_eq!(end.wrapping_sub(start) as u64, (1 << 61) - u64::from(start == i64::MIN));
        let nearby: Vec<_> = replicas
            .iter()
            .filter(|node| node.datacenter() == "dc1")
            .map(|node| node.addr().ip().to_string())
            .collect();
        assert_eq!(addresses, nearby);
    }
}

#[test]
fn nobody_tells_where_the_key_is_found_or_the_header_is_off() {
    let cluster = with_table(nine().routing_header(true));
    for replica in cluster.replicas("tab", &key("a")) {
        assert_eq!(hint(&replica, "GetItem", &get("tab", "a")), None);
    }
    let off = with_table(nine());
    assert_eq!(hint(&stranger(&off, "a"), "GetItem", &get("tab", "a")), None);
}

#[test]
fn single_item_operations_tell_and_others_do_not() {
    let cluster = with_table(nine().routing_header(true));
    let node = stranger(&cluster, "a");
    let query = json!({
        "TableName": "tab",
        "KeyConditionExpression": "p = :p",
        "ExpressionAttributeValues": {":p": key("a")},
    });
    let batch = json!({"RequestItems": {"tab": {"Keys": [{"p": key("a")}]}}});
    for (operation, request, tells) in [
        ("PutItem", put("a"), true),
        ("GetItem", get("tab", "a"), true),
        ("UpdateItem", get("tab", "a"), true),
        ("Query", query, true),
        ("BatchGetItem", batch, false),
        ("Scan", json!({"TableName": "tab"}), false),
        ("DeleteItem", get("tab", "a"), true),
        ("GetItem", json!({"TableName": "tab", "Key": {"q": key("a")}}), false),
    ] {
        let hint = hint(&node, operation, &request);
        assert_eq!(hint.is_some(), tells, "{operation} {request}");
    }
    let mut wrong = put("a");
    wrong["ConditionExpression"] = "nonsense(".into();
    let refused = answer(&node, "PutItem", &wrong);
    refused.error(400, "ValidationException");
    assert_eq!(refused.header(HEADER), None, "a refusal is no answer");
    let mut failing = put("a");
    failing["ConditionExpression"] = "attribute_exists(p)".into();
    let failed = answer(&node, "PutItem", &failing);
    failed.error(400, "ConditionalCheckFailedException");
    assert!(failed.header(HEADER).is_some(), "a failed condition is an answer");
}

#[test]
fn a_hint_about_the_wrapping_range_may_miss_the_key() {
    let cluster = with_table(nine().vnodes(1).routing_header(true));
    let mut missed = 0;
    for n in 0..300 {
        let value = n.to_string();
        let hint = hint(&stranger(&cluster, &value), "GetItem", &get("tab", &value)).unwrap();
        let (start, end, addresses) = parsed(&hint);
        assert_eq!(addresses.len(), 3);
        let token = cluster.token(&key(&value));
        if !(start < token && token <= end) {
            assert_eq!(start, i64::MIN);
            missed += 1;
        }
    }
    assert!(missed > 0 && missed < 150, "{missed}");
}

#[test]
fn scripts_of_other_origins_may_read_it() {
    for (sent, ends_with) in [(true, HEADER), (false, "Date")] {
        let cluster = Cluster::builder().routing_header(sent).start().unwrap();
        let request = list_tables().header("Origin", "http://a.test");
        let response = ask(cluster.node(0).addr(), request);
        let exposed = response.header("Access-Control-Expose-Headers").unwrap();
        assert!(exposed.ends_with(ends_with), "{exposed}");
    }
}
