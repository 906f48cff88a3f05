//! What may be asked of an internal table, and how much of it is answered.

use std::collections::BTreeSet;

use alternator_testcluster::{Cluster, Version};
use serde_json::{Value, json};

use crate::tokens::{answer, create, extend, nine, run, tablets_of, text};

#[test]
fn only_what_is_asked_for_is_answered() {
    let cluster = nine().start().unwrap();
    let id = create(&cluster, "tab");
    let node = cluster.node(0);
    let query = |more| tablets_of(&id.to_uppercase(), more);
    let columns = |answer: &Value| -> BTreeSet<String> {
        let row = answer["Items"][0].as_object().unwrap();
        row.keys().cloned().collect()
    };
    let wanted = ["last_token", "replicas"].map(str::to_owned).into();
    let projected = run(
        &node,
        "Query",
        &query(json!({
            "ProjectionExpression": "last_token, #r",
            "ExpressionAttributeNames": {"#r": "replicas"},
        })),
    );
    assert_eq!(columns(&projected), wanted);
    assert_eq!((&projected["Count"], &projected["ScannedCount"]), (&json!(8), &json!(8)));
    let named = run(
        &node,
        "Query",
        &query(json!({"AttributesToGet": ["replicas", "last_token", "stage"]})),
    );
    assert_eq!(columns(&named), wanted);
    let counted = run(&node, "Query", &query(json!({"Select": "COUNT"})));
    assert_eq!(counted, json!({"Count": 8, "ScannedCount": 8}));
    let spurious = query(json!({"ExpressionAttributeNames": {"#r": "replicas"}}));
    let message = answer(&node, "Query", &spurious).error(400, "ValidationException");
    assert!(message.contains("#r"), "{message}");
}

#[test]
fn conditions_are_on_the_partition_key_and_the_first_clustering_column() {
    let cluster = nine().tablets(4).start().unwrap();
    let id = create(&cluster, "tab");
    let node = cluster.node(0);
    let ends = |expression: &str, values: Value| {
        let mut given = json!({":id": {"S": id}});
        extend(&mut given, values);
        let request = json!({
            "TableName": ".scylla.alternator.system.tablets",
            "KeyConditionExpression": expression,
            "ExpressionAttributeValues": given,
        });
        let answer = answer(&node, "Query", &request);
        (answer.status() == 200).then(|| {
            let answer: Value = serde_json::from_slice(&answer.body).unwrap();
            let items = answer["Items"].as_array().unwrap();
            let ends = items.iter().map(|row| text(row, "last_token").to_owned());
            ends.collect::<Vec<_>>()
        })
    };
    let all = ends("table_id = :id", json!({})).unwrap();
    let at = |at: &str| json!({":t": {"S": at}});
    let case = |expression: &str, values: Value, expected: &[String]| {
        assert_eq!(ends(expression, values).unwrap(), expected, "{expression}");
    };
    case("table_id = :id AND last_token = :t", at("-1"), &all[1..2]);
    case("(last_token < :t) and (:id = table_id)", at("-1"), &all[..1]);
    case("table_id = :id AND last_token >= :t", at("0"), &all[2..]);
    case(
        "table_id = :id AND last_token BETWEEN :t AND :u",
        json!({":t": {"S": "-1"}, ":u": {"S": "9223372036854775806"}}),
        &all[1..3],
    );
    for refused in [
        ("last_token = :t", json!({":t": {"S": "-1"}})),
        ("table_id = :id AND replicas = :t", json!({":t": {"S": "x"}})),
        ("table_id = :id AND last_token = :t", json!({":t": {"N": "-1"}})),
        ("table_id = :id AND last_token = :t", json!({":t": {"S": "x"}})),
        ("table_id > :id", json!({})),
        ("table_id = :id AND", json!({})),
        ("table_id = :nothing", json!({})),
    ] {
        assert_eq!(ends(refused.0, refused.1), None, "{}", refused.0);
    }
    let legacy = json!({
        "TableName": ".scylla.alternator.system.tablets",
        "KeyConditions": {
            "table_id": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": id}]},
            "last_token": {"ComparisonOperator": "GT", "AttributeValueList": [{"S": "-1"}]},
        },
    });
    assert_eq!(run(&node, "Query", &legacy)["Count"], 2);
}

#[test]
fn what_is_no_internal_table_is_not_found() {
    let cluster = Cluster::builder().start().unwrap();
    let old = Cluster::builder().version(Version::V5).start().unwrap();
    let not_found = |node, name: &str, operation: &str| {
        let name = format!(".scylla.alternator.{name}");
        let request = json!({"TableName": name, "Key": {"p": {"S": "a"}}});
        let request = if operation == "Scan" { json!({"TableName": name}) } else { request };
        let response = answer(&node, operation, &request);
        let message = response.error(400, "ResourceNotFoundException");
        assert_eq!(message, format!("Requested resource not found: Table: {name} not found"));
    };
    not_found(cluster.node(0), "system.absent", "Scan");
    not_found(cluster.node(0), "alternator_tab.tab", "Scan");
    not_found(cluster.node(0), "system.local", "GetItem");
    not_found(old.node(0), "system.tablets", "Scan");
}
