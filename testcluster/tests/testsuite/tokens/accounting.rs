//! What a node counts of the keys that it is asked for, and what those cost that it does not hold.

use std::time::{Duration, Instant};

use alternator_testcluster::{Cluster, Node};
use serde_json::{Value, json};

use crate::tokens::{
    answer, conditional_put, create, get, key, nine, put, run, stranger, table_request, with_table,
};

/// What a node has counted: keys that it holds, keys that it does not, and lightweight
/// transactions.
fn counts(node: &Node) -> (u64, u64, u64) {
    let stats = node.stats();
    (stats.replica_hits, stats.hops, stats.lwt)
}

/// What a request makes a node count.
#[track_caller]
fn counted(node: &Node, operation: &str, request: &Value) -> (u64, u64, u64) {
    let before = counts(node);
    run(node, operation, request);
    let after = counts(node);
    (after.0 - before.0, after.1 - before.1, after.2 - before.2)
}

#[test]
fn every_operation_on_a_key_is_a_hit_on_its_replicas_and_a_hop_elsewhere() {
    for builder in [nine().tablets(16), nine().vnodes(8)] {
        let cluster = with_table(builder);
        let replicas = cluster.replicas("tab", &key("a"));
        let by_key = get("tab", "a");
        let by_expression = json!({
            "TableName": "tab",
            "KeyConditionExpression": "#p = :p",
            "ExpressionAttributeNames": {"#p": "p"},
            "ExpressionAttributeValues": {":p": key("a")},
        });
        let by_condition = json!({
            "TableName": "tab",
            "KeyConditions": {"p": {"ComparisonOperator": "EQ", "AttributeValueList": [key("a")]}},
        });
        for (operation, request) in [
            ("PutItem", &put("a")),
            ("GetItem", &by_key),
            ("UpdateItem", &by_key),
            ("Query", &by_expression),
            ("Query", &by_condition),
            ("DeleteItem", &by_key),
        ] {
            for replica in &replicas {
                assert_eq!(counted(replica, operation, request), (1, 0, 0), "{operation}");
            }
            let other = stranger(&cluster, "a");
            assert_eq!(counted(&other, operation, request), (0, 1, 0), "{operation}");
        }
    }
}

#[test]
fn each_key_of_a_batch_counts() {
    let cluster = with_table(nine().tablets(16));
    let node = cluster.node(0);
    let names: Vec<_> = (0..20).map(|n| n.to_string()).collect();
    let held =
        names.iter().filter(|name| cluster.replicas("tab", &key(name)).contains(&node)).count()
            as u64;
    assert!(held > 0 && held < 20);
    let puts: Vec<_> =
        names.iter().map(|name| json!({"PutRequest": {"Item": {"p": key(name)}}})).collect();
    let deletes: Vec<_> =
        names.iter().map(|name| json!({"DeleteRequest": {"Key": {"p": key(name)}}})).collect();
    let keys: Vec<_> = names.iter().map(|name| json!({"p": key(name)})).collect();
    let items: Vec<_> = names.iter().map(|name| json!({"Put": put(name)})).collect();
    let gets: Vec<_> = names.iter().map(|name| json!({"Get": get("tab", name)})).collect();
    for (operation, request, lwt) in [
        ("BatchWriteItem", json!({"RequestItems": {"tab": puts}}), 0),
        ("BatchGetItem", json!({"RequestItems": {"tab": {"Keys": keys}}}), 0),
        ("BatchWriteItem", json!({"RequestItems": {"tab": deletes}}), 0),
        ("TransactWriteItems", json!({"TransactItems": items}), 20),
        ("TransactGetItems", json!({"TransactItems": gets}), 0),
    ] {
        let expected = (held, 20 - held, lwt);
        assert_eq!(counted(&node, operation, &request), expected, "{operation}");
    }
}

#[test]
fn what_names_no_key_counts_nothing() {
    let cluster = with_table(nine());
    let node = cluster.node(0);
    for (operation, request) in [
        ("Scan", json!({"TableName": "tab"})),
        ("DescribeTable", json!({"TableName": "tab"})),
        ("Scan", json!({"TableName": ".scylla.alternator.system.local"})),
    ] {
        assert_eq!(counted(&node, operation, &request), (0, 0, 0), "{operation}");
    }
    let before = counts(&node);
    assert_eq!(answer(&node, "GetItem", &get("absent", "a")).status(), 400);
    assert_eq!(counts(&node), before);
}

#[test]
fn canned_operations_count_keys_as_well() {
    let cluster = with_table(nine().canned("GetItem", "{}"));
    let replicas = cluster.replicas("tab", &key("a"));
    assert_eq!(counted(&replicas[0], "GetItem", &get("tab", "a")), (1, 0, 0));
    let other = stranger(&cluster, "a");
    assert_eq!(counted(&other, "GetItem", &get("tab", "a")), (0, 1, 0));
}

#[test]
fn isolation_decides_which_writes_are_lightweight_transactions() {
    let (put, conditional) = (put("a"), conditional_put("a"));
    let batch = json!({"RequestItems": {"tab": [{"PutRequest": {"Item": {"p": key("a")}}}]}});
    let transact = json!({"TransactItems": [{"Put": put}]});
    for (mode, blind, reading, batched, transacted) in
        [("always", 1, 1, 1, 1), ("only_rmw_uses_lwt", 0, 1, 0, 1), ("unsafe_rmw", 0, 0, 0, 0)]
    {
        let by_default = with_table(Cluster::builder().write_isolation(mode));
        let by_tag = Cluster::builder().start().unwrap();
        let tags = json!([{"Key": "system:write_isolation", "Value": mode}]);
        run(&by_tag.node(0), "CreateTable", &table_request("tab", "S", &tags));
        for cluster in [by_default, by_tag] {
            let lwt = |operation, request| counted(&cluster.node(0), operation, request).2;
            assert_eq!(lwt("PutItem", &put), blind, "{mode}");
            assert_eq!(lwt("PutItem", &conditional), reading, "{mode}");
            assert_eq!(lwt("BatchWriteItem", &batch), batched, "{mode}");
            assert_eq!(lwt("TransactWriteItems", &transact), transacted, "{mode}");
        }
    }
    let cluster = with_table(Cluster::builder().write_isolation("forbid"));
    let node = cluster.node(0);
    assert_eq!(counted(&node, "PutItem", &put).2, 0);
    assert_eq!(counted(&node, "TransactWriteItems", &transact).2, 0);
    answer(&node, "PutItem", &conditional).error(400, "ValidationException");
}

#[test]
fn a_tag_takes_precedence_until_it_is_taken_away() {
    let cluster = with_table(Cluster::builder());
    let node = cluster.node(0);
    let described = run(&node, "DescribeTable", &json!({"TableName": "tab"}));
    let arn = &described["Table"]["TableArn"];
    let put = put("a");
    let tag = |value: &str| json!({"ResourceArn": arn, "Tags": [{"Key": "system:write_isolation", "Value": value}]});
    run(&node, "TagResource", &tag("a"));
    assert_eq!(counted(&node, "PutItem", &put).2, 1);
    answer(&node, "TagResource", &tag("b")).error(400, "ValidationException");
    assert_eq!(counted(&node, "PutItem", &put).2, 1);
    let listed = run(&node, "ListTagsOfResource", &json!({"ResourceArn": arn}));
    assert_eq!(listed["Tags"][0]["Value"], "a");
    let untag = json!({"ResourceArn": arn, "TagKeys": ["system:write_isolation"]});
    run(&node, "UntagResource", &untag);
    assert_eq!(counted(&node, "PutItem", &put).2, 0);
}

#[test]
fn a_table_with_a_wrong_tag_is_not_created() {
    let cluster = Cluster::builder().start().unwrap();
    let node = cluster.node(0);
    let tags = json!([{"Key": "system:write_isolation", "Value": "sometimes"}]);
    let refused = answer(&node, "CreateTable", &table_request("tab", "S", &tags));
    refused.error(400, "ValidationException");
    assert_eq!(run(&node, "ListTables", &json!({})), json!({"TableNames": []}));
}

#[test]
fn keys_of_a_table_that_shares_tablets_are_found_where_those_are() {
    let cluster = nine().start().unwrap();
    create(&cluster, "base");
    create(&cluster, "shared");
    cluster.colocate("shared", "base");
    for n in 0..10 {
        let value = n.to_string();
        let replica = &cluster.replicas("base", &key(&value))[0];
        let request = get("shared", &value);
        assert_eq!(counted(replica, "GetItem", &request), (1, 0, 0));
    }
    // Without the tablets there is nothing to be found, nor missed.
    let node = cluster.node(0);
    run(&node, "DeleteTable", &json!({"TableName": "base"}));
    let request = get("shared", "0");
    assert_eq!(counted(&node, "GetItem", &request), (0, 0, 0));
}

#[test]
fn only_a_hop_costs_what_a_hop_costs() {
    const COST: Duration = Duration::from_millis(200);
    let cluster = with_table(nine().tablets(16).hop_cost(COST));
    let replicas = cluster.replicas("tab", &key("a"));
    let took = |node: &Node| {
        let began = Instant::now();
        run(node, "GetItem", &get("tab", "a"));
        began.elapsed()
    };
    assert!(took(&stranger(&cluster, "a")) >= COST);
    let fastest = (0..5).map(|_| took(&replicas[0])).min().unwrap();
    assert!(fastest < COST);
}
