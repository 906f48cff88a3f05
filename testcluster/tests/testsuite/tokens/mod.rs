//! Who owns which tokens, how the cluster's own tables tell of it on the wire, and what it costs to
//! ask somebody else.

mod accounting;
mod contention;
mod internal_tables;
mod ownership;
mod paging;
mod permissions;
mod queries;
mod routing_header;
mod token_ring;

use crate::raw::{Response, ask, operation};
use alternator_testcluster::{Cluster, Node};
use serde_json::{Value, json};

/// What a node answers to an operation.
pub(crate) fn answer(node: &Node, name: &str, request: &Value) -> Response {
    ask(node.addr(), operation(name, request.to_string()).bytes())
}

/// The answer to an operation that succeeds.
#[track_caller]
pub(crate) fn run(node: &Node, name: &str, request: &Value) -> Value {
    let response = answer(node, name, request);
    assert_eq!(response.status(), 200, "{name} {request}: {}", response.text());
    serde_json::from_slice(&response.body).unwrap()
}

pub(crate) fn table_with(name: &str, kind: &str, tags: &Value) -> Value {
    json!({
        "TableName": name,
        "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": kind}],
        "BillingMode": "PAY_PER_REQUEST",
        "Tags": tags,
    })
}

/// Creates a table with a string key `p`, and tells its id.
pub(crate) fn create(cluster: &Cluster, name: &str) -> String {
    let created = run(&cluster.node(0), "CreateTable", &table_with(name, "S", &json!([])));
    created["TableDescription"]["TableId"].as_str().unwrap().to_owned()
}

/// The rows of one partition of an internal table.
#[track_caller]
pub(crate) fn partition(node: &Node, table: &str, column: &str, value: &str) -> Vec<Value> {
    let answer = run(
        node,
        "Query",
        &json!({
            "TableName": format!(".scylla.alternator.{table}"),
            "KeyConditionExpression": "#c = :v",
            "ExpressionAttributeNames": {"#c": column},
            "ExpressionAttributeValues": {":v": {"S": value}},
        }),
    );
    answer["Items"].as_array().unwrap().clone()
}

#[track_caller]
pub(crate) fn scan(node: &Node, table: &str) -> Vec<Value> {
    let answer = run(node, "Scan", &json!({"TableName": format!(".scylla.alternator.{table}")}));
    answer["Items"].as_array().unwrap().clone()
}

/// The text of a column, whose type is that of a string whatever it is.
#[track_caller]
pub(crate) fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    let cell = row[column].as_object().unwrap();
    assert_eq!(cell.len(), 1);
    cell["S"].as_str().unwrap()
}

pub(crate) fn key(value: &str) -> Value {
    json!({"S": value})
}

pub(crate) fn get(table: &str, value: &str) -> Value {
    json!({"TableName": table, "Key": {"p": key(value)}})
}

/// Three racks of three nodes.
pub(crate) fn nine() -> alternator_testcluster::Builder {
    Cluster::builder().rack("dc1", "rack1", 3).rack("dc1", "rack2", 3).rack("dc1", "rack3", 3)
}

/// Every node with its host id and its address among nodes, as the cluster's own tables tell.
pub(crate) fn hosts(cluster: &Cluster) -> Vec<Host> {
    let first = cluster.node(0);
    let mut rows = scan(&first, "system.peers");
    rows.extend(scan(&first, "system.local"));
    let host = |row: Value| {
        let address = text(&row, "rpc_address");
        let node = cluster.nodes().into_iter().find(|node| node.addr().ip().to_string() == address);
        let internal = row.get("peer").or_else(|| row.get("broadcast_address"));
        Host {
            node: node.unwrap(),
            id: text(&row, "host_id").to_owned(),
            internal: internal.unwrap()["S"].as_str().unwrap().to_owned(),
        }
    };
    rows.into_iter().map(host).collect()
}

pub(crate) struct Host {
    pub(crate) node: Node,
    pub(crate) id: String,
    pub(crate) internal: String,
}
