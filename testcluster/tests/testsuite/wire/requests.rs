//! How a DynamoDB request is handled: what is checked first, which headers matter, and how errors
//! look.

use std::net::SocketAddr;

use alternator_testcluster::{Cluster, Version};

use crate::raw::{NO_TABLES, Response, ask, list_tables, operation, start, started};
use crate::wire::{enforcing, start_with_table};

const OVERSIZE: usize = 16 * 1024 * 1024 + 1;

fn do_ok(node: SocketAddr, name: &str, body: &str) -> Response {
    let response = ask(node, operation(name, body));
    assert_eq!(response.status(), 200, "{}", response.text());
    response
}

#[test]
fn a_reply_is_exact() {
    let (_cluster, node) = start_with_table();
    do_ok(node, "PutItem", r#"{"TableName":"tab","Item":{"p":{"S":"a"}}}"#);
    let response = do_ok(node, "GetItem", r#"{"TableName":"tab","Key":{"p":{"S":"a"}}}"#);
    assert_eq!(response.text(), r#"{"Item":{"p":{"S":"a"}}}"#);
    response.assert_head(
        "HTTP/1.1 200 OK",
        &["Content-Type: application/x-amz-json-1.0", "Content-Length: 24"],
    );
}

#[test]
fn an_error_is_exact() {
    let (_cluster, node) = start();
    let response = ask(node, operation("Dance", "{}"));
    assert_eq!(
        response.text(),
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#UnknownOperationException","message":"Unsupported operation Dance"}"#
    );
    response.assert_head(
        "HTTP/1.1 400 Bad Request",
        &["Content-Type: application/x-amz-json-1.0", "Content-Length: 111"],
    );
}

#[test]
fn a_failed_condition_shows_the_item_when_asked() {
    let (_cluster, node) = start_with_table();
    let put = r#"{"TableName":"tab","Item":{"p":{"S":"a"}},"ConditionExpression":"attribute_not_exists(p)",
        "ReturnValuesOnConditionCheckFailure":"ALL_OLD"}"#;
    do_ok(node, "PutItem", put);
    let response = ask(node, operation("PutItem", put));
    assert_eq!(response.status(), 400);
    assert_eq!(
        response.text(),
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed","Item":{"p":{"S":"a"}}}"#
    );
}

#[test]
fn the_operation_is_what_follows_the_first_dot() {
    let (_cluster, node) = start();
    let target =
        |target: &str| operation("", "{}").without("X-Amz-Target").header("X-Amz-Target", target);
    for name in ["Anything.ListTables", ".ListTables", "DynamoDBStreams_20120810.ListTables"] {
        assert_eq!(ask(node, target(name)).status(), 200, "{name}");
    }
    // Repeated headers are one header.
    let twice = list_tables().header("x-amz-target", "DynamoDB_20120810.GetItem");
    for (request, name) in [
        (target("A.B.ListTables"), "B.ListTables"),
        (target("ListTables"), ""),
        (target("DynamoDB_20120810.listtables"), "listtables"),
        (list_tables().without("X-Amz-Target"), ""),
        (twice, "ListTables,DynamoDB_20120810.GetItem"),
    ] {
        let message = ask(node, request).error(400, "UnknownOperationException");
        assert_eq!(message, format!("Unsupported operation {name}"));
    }
}

#[test]
fn header_names_have_no_case_and_blanks_around_values_do_not_count() {
    let (_cluster, node) = start();
    let request = operation("", "{}")
        .without("X-Amz-Target")
        .header("x-AMZ-target", " \t DynamoDB_20120810.ListTables \t ");
    assert_eq!(ask(node, request).text(), NO_TABLES);
}

#[test]
fn the_content_type_of_a_request_is_never_read() {
    let (_cluster, node) = start();
    for content_type in ["application/x-amz-json-1.0", "text/html", "nonsense"] {
        let request = list_tables().header("Content-Type", content_type);
        let response = ask(node, request);
        assert_eq!(response.text(), NO_TABLES, "{content_type}");
        assert_eq!(response.header("Content-Type"), Some("application/x-amz-json-1.0"));
    }
}

#[test]
fn replies_name_neither_a_request_nor_an_error() {
    let (_cluster, node) = start();
    for response in [ask(node, list_tables()), ask(node, operation("Dance", "{}"))] {
        let head = response.head.to_lowercase();
        assert!(!head.contains("\nx-amz"), "{head}");
    }
}

#[test]
fn cors_headers_come_with_an_origin() {
    let (_cluster, node) = start();
    let request = list_tables().header("Origin", "http://here");
    let response = ask(node, request);
    assert_eq!(response.header("Access-Control-Allow-Origin"), Some("*"));
    assert_eq!(
        response.header("Access-Control-Expose-Headers"),
        Some("x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date")
    );
}

#[test]
fn describe_endpoints_repeats_the_host() {
    let (_cluster, node) = start();
    assert_eq!(
        do_ok(node, "DescribeEndpoints", "{}").text(),
        r#"{"Endpoints":[{"Address":"db.test:8000","CachePeriodInMinutes":1440}]}"#
    );
}

#[test]
fn what_is_not_json_is_a_validation_error() {
    let (_cluster, node) = start();
    for body in ["", "nonsense", "{", "{}x", "\"text\"", "[]"] {
        ask(node, operation("ListTables", body)).error(400, "ValidationException");
    }
    let message = ask(node, operation("ListTables", "[]")).error(400, "ValidationException");
    assert_eq!(message, "Request content must be an object");
}

#[test]
fn checks_come_in_the_servers_order() {
    let (_cluster, node, signer) = enforcing(Cluster::builder());
    let everything_wrong = operation("Dance", "nonsense").header("Content-Encoding", "br");

    // The size comes before the signature.
    let oversize = everything_wrong.clone().header("Content-Length", &OVERSIZE.to_string());
    ask(node, oversize.head()).error(413, "PayloadTooLarge");

    // The signature comes before the encoding, which comes before the operation, which comes before
    // the body.
    ask(node, &everything_wrong).error(400, "MissingAuthenticationTokenException");
    let message =
        ask(node, everything_wrong.clone().signed(&signer)).error(500, "InternalServerError");
    assert_eq!(message, "Unsupported Content-Encoding");
    let wrong = everything_wrong.without("Content-Encoding").signed(&signer);
    let message = ask(node, wrong).error(400, "UnknownOperationException");
    assert_eq!(message, "Unsupported operation Dance");
    let nonsense = operation("ListTables", "nonsense").signed(&signer);
    ask(node, nonsense).error(400, "ValidationException");
    assert_eq!(ask(node, list_tables().signed(&signer)).status(), 200);
}

#[test]
fn shedding_comes_after_the_size_and_before_the_signature() {
    let (_cluster, node, _) = enforcing(Cluster::builder().shedding(0));
    ask(node, list_tables()).error(400, "RequestLimitExceeded");
    let oversize = list_tables().header("Content-Length", &OVERSIZE.to_string());
    assert_eq!(ask(node, oversize.head()).status(), 413);
}

#[test]
fn standard_headers_can_be_left_out_or_renamed() {
    for (builder, left_out) in [
        (Cluster::builder().version(Version::V2026_3), "Server"),
        (Cluster::builder().server_header(None), "Server"),
        (Cluster::builder().without_date_header(), "Date"),
        (Cluster::builder().without_content_type_header(), "Content-Type"),
    ] {
        let (_cluster, node) = started(builder);
        let response = ask(node, list_tables());
        // The status line, three headers and the empty line.
        let lines = response.head.lines().count();
        assert_eq!((response.header(left_out), lines), (None, 5), "{left_out}");
    }
    let bare = Cluster::builder().without_date_header().without_content_type_header();
    let (_cluster, node) = started(bare.server_header(None));
    ask(node, list_tables()).assert_whole_head("HTTP/1.1 200 OK", &["Content-Length: 17"]);
    let (_cluster, node) = started(Cluster::builder().server_header(Some("mine")));
    assert_eq!(ask(node, list_tables()).header("Server"), Some("mine"));
}
