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

use alternator_testcluster::{Builder, Cluster, Node};
use serde_json::{Value, json};

use crate::raw::{Response, ask, operation};

/// What a node answers to an operation.
pub(crate) fn answer(node: &Node, name: &str, request: &Value) -> Response {
    ask(node.addr(), operation(name, request.to_string()))
}

/// The answer to an operation that succeeds.
#[track_caller]
pub(crate) fn run(node: &Node, name: &str, request: &Value) -> Value {
    let response = answer(node, name, request);
    assert_eq!(response.status(), 200, "{name} {request}: {}", response.text());
    serde_json::from_slice(&response.body).unwrap()
}

pub(crate) fn table_request(name: &str, kind: &str, tags: &Value) -> Value {
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
    let created = run(&cluster.node(0), "CreateTable", &table_request(name, "S", &json!([])));
    created["TableDescription"]["TableId"].as_str().unwrap().to_owned()
}

/// A cluster that has the table `tab`.
pub(crate) fn with_table(builder: Builder) -> Cluster {
    let cluster = builder.start().unwrap();
    create(&cluster, "tab");
    cluster
}

/// A node without this key of the table `tab`.
pub(crate) fn stranger(cluster: &Cluster, value: &str) -> Node {
    let replicas = cluster.replicas("tab", &key(value));
    cluster.nodes().into_iter().find(|node| !replicas.contains(node)).unwrap()
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

/// A query for the tablets of a table, by its id, with `more` members.
pub(crate) fn tablets_of(id: &str, more: Value) -> Value {
    let mut request = json!({
        "TableName": ".scylla.alternator.system.tablets",
        "KeyConditionExpression": "table_id = :id",
        "ExpressionAttributeValues": {":id": {"S": id}},
    });
    extend(&mut request, more);
    request
}

pub(crate) fn extend(object: &mut Value, more: Value) {
    let Value::Object(more) = more else {
        panic!("{more}");
    };
    object.as_object_mut().unwrap().extend(more);
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

pub(crate) fn put(value: &str) -> Value {
    json!({"TableName": "tab", "Item": {"p": key(value)}})
}

/// A write that has to read first, and always succeeds.
pub(crate) fn conditional_put(value: &str) -> Value {
    let mut put = put(value);
    put["ConditionExpression"] = "attribute_exists(p) OR attribute_not_exists(p)".into();
    put
}

/// Three racks of three nodes.
pub(crate) fn nine() -> Builder {
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
