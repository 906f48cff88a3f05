//! How a DynamoDB request is handled: what is checked first, which headers matter, and how errors
//! look.

use std::net::SocketAddr;

use alternator_testcluster::{Cluster, Version};

use crate::raw::{Request, Response, Signer, ask, create_table, operation};

const OVERSIZE: usize = 16 * 1024 * 1024 + 1;

fn open() -> (Cluster, SocketAddr) {
    let cluster = Cluster::builder().nodes(1).start().unwrap();
    let node = cluster.node(0).addr();
    (cluster, node)
}

fn do_ok(node: SocketAddr, name: &str, body: &str) -> Response {
    let response = ask(node, operation(name, body).bytes());
    assert_eq!(response.status(), 200, "{}", response.text());
    response
}

fn error(node: SocketAddr, request: &Request) -> (u16, String, String) {
    ask(node, request.bytes()).error()
}

fn expected(status: u16, kind: &str, message: &str) -> (u16, String, String) {
    (status, kind.to_owned(), message.to_owned())
}

#[test]
fn a_reply_is_exact() {
    let (_cluster, node) = open();
    create_table(node);
    do_ok(node, "PutItem", r#"{"TableName":"tab","Item":{"p":{"S":"a"}}}"#);
    let response = do_ok(node, "GetItem", r#"{"TableName":"tab","Key":{"p":{"S":"a"}}}"#);
    assert_eq!(response.text(), r#"{"Item":{"p":{"S":"a"}}}"#);
    response.assert_head(
        "HTTP/1.1 200 OK",
        &[
            "Content-Type: application/x-amz-json-1.0",
            "Server: Seastar httpd",
            "Date: <date>",
            "Content-Length: 24",
        ],
    );
}

#[test]
fn an_error_is_exact() {
    let (_cluster, node) = open();
    let response = ask(node, operation("Dance", "{}").bytes());
    assert_eq!(
        response.text(),
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#UnknownOperationException","message":"Unsupported operation Dance"}"#
    );
    response.assert_head(
        "HTTP/1.1 400 Bad Request",
        &[
            "Content-Type: application/x-amz-json-1.0",
            "Server: Seastar httpd",
            "Date: <date>",
            "Content-Length: 111",
        ],
    );
}

#[test]
fn a_failed_condition_shows_the_item_when_asked() {
    let (_cluster, node) = open();
    create_table(node);
    let put = r#"{"TableName":"tab","Item":{"p":{"S":"a"}},"ConditionExpression":"attribute_not_exists(p)",
        "ReturnValuesOnConditionCheckFailure":"ALL_OLD"}"#;
    do_ok(node, "PutItem", put);
    let response = ask(node, operation("PutItem", put).bytes());
    assert_eq!(response.status(), 400);
    assert_eq!(
        response.text(),
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed","Item":{"p":{"S":"a"}}}"#
    );
}

#[test]
fn the_operation_is_what_follows_the_first_dot() {
    let (_cluster, node) = open();
    let target =
        |target: &str| operation("", "{}").without("X-Amz-Target").header("X-Amz-Target", target);
    for name in ["Anything.ListTables", ".ListTables", "DynamoDBStreams_20120810.ListTables"] {
        assert_eq!(ask(node, target(name).bytes()).status(), 200, "{name}");
    }
    let unsupported = |name: &str| {
        expected(400, "UnknownOperationException", &format!("Unsupported operation {name}"))
    };
    assert_eq!(error(node, &target("A.B.ListTables")), unsupported("B.ListTables"));
    assert_eq!(error(node, &target("ListTables")), unsupported(""));
    assert_eq!(error(node, &target("DynamoDB_20120810.listtables")), unsupported("listtables"));
    assert_eq!(error(node, &operation("", "{}").without("X-Amz-Target")), unsupported(""));
    // Repeated headers are one header.
    let twice = operation("ListTables", "{}").header("x-amz-target", "DynamoDB_20120810.GetItem");
    assert_eq!(error(node, &twice), unsupported("ListTables,DynamoDB_20120810.GetItem"));
}

#[test]
fn header_names_have_no_case_and_blanks_around_values_do_not_count() {
    let (_cluster, node) = open();
    let request = operation("", "{}")
        .without("X-Amz-Target")
        .header("x-AMZ-target", " \t DynamoDB_20120810.ListTables \t ");
    assert_eq!(ask(node, request.bytes()).text(), r#"{"TableNames":[]}"#);
}

#[test]
fn the_content_type_of_a_request_is_never_read() {
    let (_cluster, node) = open();
    for content_type in ["application/x-amz-json-1.0", "text/html", "nonsense"] {
        let request = operation("ListTables", "{}").header("Content-Type", content_type);
        let response = ask(node, request.bytes());
        assert_eq!(response.text(), r#"{"TableNames":[]}"#, "{content_type}");
        assert_eq!(response.header("Content-Type"), Some("application/x-amz-json-1.0"));
    }
}

#[test]
fn replies_name_neither_a_request_nor_an_error() {
    let (_cluster, node) = open();
    for response in [
        ask(node, operation("ListTables", "{}").bytes()),
        ask(node, operation("Dance", "{}").bytes()),
    ] {
        let head = response.head.to_lowercase();
        assert!(!head.contains("\nx-amz"), "{head}");
    }
}

#[test]
fn cors_headers_come_with_an_origin() {
    let (_cluster, node) = open();
    let request = operation("ListTables", "{}").header("Origin", "http://here");
    let response = ask(node, request.bytes());
    assert_eq!(response.header("Access-Control-Allow-Origin"), Some("*"));
    assert_eq!(
        response.header("Access-Control-Expose-Headers"),
        Some("x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date")
    );
}

#[test]
fn describe_endpoints_repeats_the_host() {
    let (_cluster, node) = open();
    assert_eq!(
        do_ok(node, "DescribeEndpoints", "{}").text(),
        r#"{"Endpoints":[{"Address":"db.test:8000","CachePeriodInMinutes":1440}]}"#
    );
}

#[test]
fn what_is_not_json_is_a_validation_error() {
    let (_cluster, node) = open();
    for body in ["", "nonsense", "{", "{}x", "\"text\"", "[]"] {
        let (status, kind, _) = error(node, &operation("ListTables", body));
        assert_eq!((status, &*kind), (400, "ValidationException"), "{body}");
    }
    let (status, kind, message) = error(node, &operation("ListTables", "[]"));
    assert_eq!(
        (status, &*kind, &*message),
        (400, "ValidationException", "Request content must be an object")
    );
}

#[test]
fn checks_come_in_the_servers_order() {
    let cluster = Cluster::builder().nodes(1).auth("user", "secret").start().unwrap();
    let node = cluster.node(0).addr();
    let signer = Signer::new("user", "secret");
    let everything_wrong = operation("Dance", "nonsense").header("Content-Encoding", "br");

    // The size comes before the signature.
    let oversize = everything_wrong.clone().header("Content-Length", &OVERSIZE.to_string());
    let (status, kind, _) = ask(node, oversize.head()).error();
    assert_eq!((status, &*kind), (413, "PayloadTooLarge"));

    // The signature comes before the encoding, which comes before the operation, which comes before
    // the body.
    let (status, kind, _) = error(node, &everything_wrong);
    assert_eq!((status, &*kind), (400, "MissingAuthenticationTokenException"));
    assert_eq!(
        error(node, &everything_wrong.clone().signed(&signer)),
        expected(500, "InternalServerError", "Unsupported Content-Encoding")
    );
    assert_eq!(
        error(node, &everything_wrong.without("Content-Encoding").signed(&signer)),
        expected(400, "UnknownOperationException", "Unsupported operation Dance")
    );
    let (status, kind, _) = error(node, &operation("ListTables", "nonsense").signed(&signer));
    assert_eq!((status, &*kind), (400, "ValidationException"));
    assert_eq!(ask(node, operation("ListTables", "{}").signed(&signer).bytes()).status(), 200);
}

#[test]
fn shedding_comes_after_the_size_and_before_the_signature() {
    let cluster = Cluster::builder().nodes(1).auth("user", "secret").shedding(0).start().unwrap();
    let node = cluster.node(0).addr();
    let request = operation("ListTables", "{}");
    assert_eq!(
        error(node, &request),
        expected(
            400,
            "RequestLimitExceeded",
            "too many in-flight requests (configured via max_concurrent_requests_per_shard): 0"
        )
    );
    let oversize = request.header("Content-Length", &OVERSIZE.to_string());
    assert_eq!(ask(node, oversize.head()).status(), 413);
}

#[test]
fn standard_headers_can_be_left_out() {
    let lines = |response: &Response| response.head.lines().count();
    for (builder, left_out) in [
        (Cluster::builder().version(Version::V2026_3), "Server"),
        (Cluster::builder().server_header(None), "Server"),
        (Cluster::builder().without_date_header(), "Date"),
        (Cluster::builder().without_content_type_header(), "Content-Type"),
    ] {
        let cluster = builder.nodes(1).start().unwrap();
        let response = ask(cluster.node(0).addr(), operation("ListTables", "{}").bytes());
        // The status line, three headers and the empty line.
        assert_eq!((response.header(left_out), lines(&response)), (None, 5), "{left_out}");
    }
    let cluster = Cluster::builder().nodes(1).server_header(Some("mine")).start().unwrap();
    let response = ask(cluster.node(0).addr(), operation("ListTables", "{}").bytes());
    assert_eq!(response.header("Server"), Some("mine"));
}
