//! What a node refuses because it is too large or too much, and what becomes of the connection.

use std::sync::mpsc;
use std::thread;

use alternator_testcluster::{Cluster, Fault, Scope, Version};

use crate::raw::{Connection, LIMIT, NO_TABLES, ask, get, list_tables, operation, start, started};

const MAXIMUM: usize = 16 * 1024 * 1024;
const SHED: &str = "too many in-flight requests (configured via max_concurrent_requests_per_shard)";

#[test]
fn a_body_at_the_limit_is_taken_and_one_above_is_refused_unread() {
    let (_cluster, node) = start();
    let mut body = vec![b' '; MAXIMUM];
    body[..2].copy_from_slice(b"{}");
    assert_eq!(ask(node, operation("ListTables", body)).text(), NO_TABLES);

    let mut connection = Connection::open(node);
    let head = list_tables().header("Content-Length", &(MAXIMUM + 1).to_string()).head();
    let response = connection.ask([&*head, b"{}"].concat());
    assert_eq!(
        response.text(),
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#PayloadTooLarge","message":"Request content length limit of 16777216 bytes exceeded"}"#
    );
    response.assert_head(
        "HTTP/1.1 413 Content Too Large",
        &["Content-Type: application/x-amz-json-1.0", "Content-Length: 129"],
    );
    // The reply did not say so.
    connection.assert_closed();
}

#[test]
fn a_chunked_body_above_the_limit_is_refused() {
    let (_cluster, node) = start();
    let mut connection = Connection::open(node);
    connection.send(list_tables().header("Transfer-Encoding", "chunked").head());
    connection.send(format!("{:x}\r\n", MAXIMUM + 1));
    // The last byte tips it over, and nothing after it is read.
    connection.send(vec![b' '; MAXIMUM + 1]);
    let response = connection.receive();
    response.error(413, "PayloadTooLarge");
    connection.try_send("\r\n0\r\n\r\n").ok();
    connection.assert_closed();
}

#[test]
fn older_releases_refuse_a_large_body_in_plain_text() {
    let (_cluster, node) = started(Cluster::builder().version(Version::V2025));
    let mut connection = Connection::open(node);
    let head = list_tables().header("Content-Length", &(MAXIMUM + 1).to_string()).head();
    let response = connection.ask(head);
    assert_eq!(response.status(), 413);
    assert_eq!(response.header("Connection"), Some("close"));
    assert_eq!(response.header("Content-Type"), None);
    assert_eq!(response.text(), "Content length limit (16777216) exceeded: 16777217");
    connection.assert_closed();
}

#[test]
fn shedding_closes_a_connection_whose_request_was_not_read_without_saying_so() {
    let (cluster, node) = started(Cluster::builder().shedding(0));
    let mut connection = Connection::open(node);
    let response = connection.ask(list_tables());
    assert_eq!(response.error(400, "RequestLimitExceeded"), format!("{SHED}: 0"));
    assert_eq!(response.header("Connection"), None);
    connection.assert_closed();
    assert_eq!(cluster.node(0).stats().executed, 0);
}

#[test]
fn shedding_keeps_a_connection_whose_request_had_no_body() {
    let (_cluster, node) = started(Cluster::builder().shedding(0));
    let mut connection = Connection::open(node);
    let empty = operation("ListTables", "");
    for _ in 0..2 {
        connection.ask(&empty).error(400, "RequestLimitExceeded");
    }
    assert_eq!(connection.ask(get("/localnodes")).status(), 200);
}

#[test]
fn older_releases_read_the_body_before_shedding_and_keep_the_connection() {
    let (_cluster, node) = started(Cluster::builder().shedding(0).version(Version::V2026_1));
    let mut connection = Connection::open(node);
    for _ in 0..2 {
        connection.ask(list_tables()).error(400, "RequestLimitExceeded");
    }
}

#[test]
fn requests_in_flight_count_towards_shedding() {
    let cluster = Cluster::builder().shedding(1).start().unwrap();
    let node = cluster.node(0);
    assert_eq!(ask(node.addr(), list_tables()).text(), NO_TABLES);
    node.inject(Fault::Hang(Scope::Data));
    let mut hung = Connection::open(node.addr());
    hung.send(list_tables());
    assert!(cluster.wait_until(LIMIT, || node.stats().requests_of("ListTables") == 2));
    let message = ask(node.addr(), list_tables()).error(400, "RequestLimitExceeded");
    assert_eq!(message, format!("{SHED}: 1"));
    node.heal();
    assert_eq!(hung.receive().text(), NO_TABLES);
    assert_eq!(ask(node.addr(), list_tables()).text(), NO_TABLES);
}

#[test]
fn exactly_as_many_requests_as_the_limit_are_in_flight() {
    let cluster = Cluster::builder().shedding(3).start().unwrap();
    let node = cluster.node(0);
    node.inject(Fault::Hang(Scope::Data));
    let (sender, answers) = mpsc::channel();
    for _ in 0..10 {
        let (sender, addr) = (sender.clone(), node.addr());
        thread::spawn(move || sender.send(ask(addr, list_tables())));
    }
    for _ in 0..7 {
        let answer = answers.recv_timeout(LIMIT).unwrap();
        assert_eq!(answer.error(400, "RequestLimitExceeded"), format!("{SHED}: 3"));
    }
    node.heal();
    for _ in 0..3 {
        assert_eq!(answers.recv_timeout(LIMIT).unwrap().text(), NO_TABLES);
    }
}

#[test]
fn requests_for_the_node_list_count_but_are_not_shed() {
    let cluster = Cluster::builder().shedding(1).start().unwrap();
    let node = cluster.node(0);
    node.inject(Fault::Hang(Scope::LocalNodes));
    let mut hung = Connection::open(node.addr());
    hung.send(get("/localnodes"));
    assert!(cluster.wait_until(LIMIT, || node.stats().requests_of("GET /localnodes") == 1));
    let message = || ask(node.addr(), list_tables()).text().contains("RequestLimitExceeded");
    assert!(cluster.wait_until(LIMIT, message));
    assert_eq!(ask(node.addr(), get("/")).status(), 200);
    node.heal();
    assert_eq!(hung.receive().status(), 200);
}
