//! Connections: how long they last, what ends them, and how requests are framed on them.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod raw;

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use alternator_testcluster::{Cluster, Delay, Fault, Scope, Version};

use raw::{Connection, Request, ask, get, operation};

const LIMIT: Duration = Duration::from_secs(10);
const MAXIMUM: usize = 16 * 1024 * 1024;

fn start() -> (Cluster, SocketAddr) {
    let cluster = Cluster::builder().nodes(1).start().unwrap();
    let node = cluster.node(0).addr();
    (cluster, node)
}

fn list_tables() -> Request {
    operation("ListTables", "{}")
}

const NO_TABLES: &str = r#"{"TableNames":[]}"#;

#[test]
fn a_connection_is_kept_alive_through_every_kind_of_answer() {
    let (cluster, node) = start();
    let mut connection = Connection::open(node);
    for _ in 0..3 {
        assert_eq!(connection.ask(list_tables().bytes()).text(), NO_TABLES);
        assert_eq!(
            connection.ask(operation("Dance", "{}").bytes()).status(),
            400
        );
        assert_eq!(connection.ask(get("/").bytes()).status(), 200);
        assert_eq!(connection.ask(get("/nowhere").bytes()).status(), 404);
        assert_eq!(connection.ask(get("/localnodes").bytes()).status(), 200);
        let broken = list_tables().header("Content-Encoding", "br");
        assert_eq!(connection.ask(broken.bytes()).status(), 500);
    }
    assert_eq!(cluster.node(0).stats().connections, 1);
}

#[test]
fn only_the_whole_word_close_closes() {
    let (_cluster, node) = start();
    for word in ["close", "Close", "CLOSE"] {
        let mut connection = Connection::open(node);
        let response = connection.ask(list_tables().header("Connection", word).bytes());
        assert_eq!(response.text(), NO_TABLES, "{word}");
        connection.assert_closed();
    }
    let mut connection = Connection::open(node);
    for words in ["keep-alive", "close, TE", "keep-alive, close", "nonsense"] {
        let response = connection.ask(list_tables().header("Connection", words).bytes());
        assert_eq!(response.text(), NO_TABLES, "{words}");
    }
}

#[test]
fn http_1_0_is_kept_alive_only_on_request() {
    let (_cluster, node) = start();
    let old = list_tables().start("POST / HTTP/1.0");
    let mut connection = Connection::open(node);
    for _ in 0..2 {
        let response = connection.ask(old.clone().header("Connection", "Keep-Alive").bytes());
        response.assert_head(
            "HTTP/1.0 200 OK",
            &[
                "Content-Type: application/x-amz-json-1.0",
                "Connection: Keep-Alive",
                "Server: Seastar httpd",
                "Date: <date>",
                "Content-Length: 17",
            ],
        );
    }
    let response = connection.ask(old.bytes());
    assert!(response.head.starts_with("HTTP/1.0 200 OK\r\n"));
    connection.assert_closed();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let (_cluster, node) = start();
    let mut connection = Connection::open(node);
    let requests = [
        list_tables(),
        get("/"),
        operation("Dance", "{}"),
        list_tables(),
    ];
    connection.send(requests.map(|request| request.bytes()).concat());
    assert_eq!(connection.receive().text(), NO_TABLES);
    assert_eq!(connection.receive().text(), "healthy: db.test:8000");
    assert_eq!(connection.receive().error().1, "UnknownOperationException");
    assert_eq!(connection.receive().text(), NO_TABLES);
}

#[test]
fn one_connection_handles_one_request_at_a_time() {
    let (cluster, node) = start();
    let delay = Duration::from_millis(50);
    cluster.node(0).inject(Fault::Slow(Delay::Fixed(delay)));
    let mut connection = Connection::open(node);
    let begin = Instant::now();
    connection.send(list_tables().bytes().repeat(4));
    for _ in 0..4 {
        assert_eq!(connection.receive().status(), 200);
    }
    assert!(begin.elapsed() >= delay * 4);
}

#[test]
fn a_request_may_arrive_in_any_pieces() {
    let (_cluster, node) = start();
    let mut connection = Connection::open(node);
    for byte in list_tables().bytes() {
        connection.send([byte]);
    }
    assert_eq!(connection.receive().text(), NO_TABLES);
}

#[test]
fn request_bodies_may_be_chunked() {
    let (_cluster, node) = start();
    let mut connection = Connection::open(node);
    let chunked = list_tables().header("Transfer-Encoding", "chunked");
    for body in [
        "2\r\n{}\r\n0\r\n\r\n",
        "1\r\n{\r\n1;x=y\r\n}\r\n0\r\nTrailer: x\r\n\r\n",
    ] {
        let response = connection.ask(chunked.clone().body(body).bytes());
        assert_eq!(response.text(), NO_TABLES, "{body}");
    }
}

#[test]
fn other_transfer_encodings_are_not_implemented() {
    let (_cluster, node) = start();
    let mut connection = Connection::open(node);
    let response = connection.ask(list_tables().header("Transfer-Encoding", "gzip").head());
    assert!(
        response
            .head
            .starts_with("HTTP/1.1 501 Not Implemented\r\n"),
        "{}",
        response.head
    );
    assert_eq!(response.header("Connection"), Some("close"));
    connection.assert_closed();
}

#[test]
fn expect_continue_is_answered_before_the_body_is_sent() {
    let (_cluster, node) = start();
    let mut connection = Connection::open(node);
    let response = connection.ask(list_tables().header("Expect", "100-continue").head());
    assert!(
        response.head.starts_with("HTTP/1.1 100 Continue\r\n"),
        "{}",
        response.head
    );
    assert_eq!(connection.ask("{}").text(), NO_TABLES);
}

#[test]
fn what_is_no_request_is_answered_and_closed() {
    let (_cluster, node) = start();
    for garbage in [
        "nonsense\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\r\n\r\n",
    ] {
        let mut connection = Connection::open(node);
        let response = connection.ask(garbage);
        assert!(
            response.head.starts_with("HTTP/1.1 400 Bad Request\r\n"),
            "{}",
            response.head
        );
        assert_eq!(response.text(), "Can't parse the request", "{garbage}");
        assert_eq!(response.header("Connection"), Some("close"));
        assert_eq!(response.header("Content-Type"), None);
        connection.assert_closed();
    }
}

#[test]
fn heads_have_no_limit() {
    let (_cluster, node) = start();
    let mut request = list_tables().header("X-Long", &"x".repeat(1_000_000));
    for n in 0..2_000 {
        request = request.header(&format!("X-{n}"), "many");
    }
    assert_eq!(ask(node, request.bytes()).text(), NO_TABLES);
}

#[test]
fn a_body_at_the_limit_is_taken_and_one_above_is_refused_unread() {
    let (_cluster, node) = start();
    let mut body = vec![b' '; MAXIMUM];
    body[..2].copy_from_slice(b"{}");
    assert_eq!(
        ask(node, operation("ListTables", body).bytes()).text(),
        NO_TABLES
    );

    let mut connection = Connection::open(node);
    let head = list_tables()
        .header("Content-Length", &(MAXIMUM + 1).to_string())
        .head();
    let response = connection.ask([&*head, b"{}"].concat());
    assert_eq!(
        response.text(),
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#PayloadTooLarge","message":"Request content length limit of 16777216 bytes exceeded"}"#
    );
    response.assert_head(
        "HTTP/1.1 413 Content Too Large",
        &[
            "Content-Type: application/x-amz-json-1.0",
            "Server: Seastar httpd",
            "Date: <date>",
            "Content-Length: 129",
        ],
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
    assert_eq!(
        (response.status(), &*response.error().1),
        (413, "PayloadTooLarge")
    );
    connection.try_send("\r\n0\r\n\r\n").ok();
    connection.assert_closed();
}

#[test]
fn older_releases_refuse_a_large_body_in_plain_text() {
    let cluster = Cluster::builder()
        .nodes(1)
        .version(Version::V2025)
        .start()
        .unwrap();
    let mut connection = Connection::open(cluster.node(0).addr());
    let head = list_tables()
        .header("Content-Length", &(MAXIMUM + 1).to_string())
        .head();
    let response = connection.ask(head);
    assert_eq!(response.status(), 413);
    assert_eq!(response.header("Connection"), Some("close"));
    assert_eq!(response.header("Content-Type"), None);
    assert_eq!(
        response.text(),
        "Content length limit (16777216) exceeded: 16777217"
    );
    connection.assert_closed();
}

const SHED: &str = "too many in-flight requests (configured via max_concurrent_requests_per_shard)";

#[test]
fn shedding_closes_a_connection_whose_request_was_not_read_without_saying_so() {
    let cluster = Cluster::builder().nodes(1).shedding(0).start().unwrap();
    let mut connection = Connection::open(cluster.node(0).addr());
    let response = connection.ask(list_tables().bytes());
    let message = format!("{SHED}: 0");
    assert_eq!(
        response.error(),
        (400, "RequestLimitExceeded".to_owned(), message)
    );
    assert_eq!(response.header("Connection"), None);
    connection.assert_closed();
    assert_eq!(cluster.node(0).stats().executed, 0);
}

#[test]
fn shedding_keeps_a_connection_whose_request_had_no_body() {
    let cluster = Cluster::builder().nodes(1).shedding(0).start().unwrap();
    let mut connection = Connection::open(cluster.node(0).addr());
    let empty = operation("ListTables", "");
    for _ in 0..2 {
        assert_eq!(
            connection.ask(empty.bytes()).error().1,
            "RequestLimitExceeded"
        );
    }
    assert_eq!(connection.ask(get("/localnodes").bytes()).status(), 200);
}

#[test]
fn older_releases_read_the_body_before_shedding_and_keep_the_connection() {
    let cluster = Cluster::builder()
        .nodes(1)
        .shedding(0)
        .version(Version::V2026_1)
        .start()
        .unwrap();
    let mut connection = Connection::open(cluster.node(0).addr());
    for _ in 0..2 {
        assert_eq!(
            connection.ask(list_tables().bytes()).error().1,
            "RequestLimitExceeded"
        );
    }
}

#[test]
fn requests_in_flight_count_towards_shedding() {
    let cluster = Cluster::builder().nodes(1).shedding(1).start().unwrap();
    let node = cluster.node(0);
    assert_eq!(ask(node.addr(), list_tables().bytes()).text(), NO_TABLES);
    node.inject(Fault::Hang(Scope::Data));
    let mut hung = Connection::open(node.addr());
    hung.send(list_tables().bytes());
    let seen = || node.stats().requests.get("ListTables").copied() == Some(2);
    assert!(cluster.wait_until(LIMIT, seen));
    let error = ask(node.addr(), list_tables().bytes()).error();
    assert_eq!(
        error,
        (400, "RequestLimitExceeded".to_owned(), format!("{SHED}: 1"))
    );
    node.heal();
    assert_eq!(hung.receive().text(), NO_TABLES);
    assert_eq!(ask(node.addr(), list_tables().bytes()).text(), NO_TABLES);
}

#[test]
fn a_drained_node_executes_what_it_read_and_answers_nothing() {
    let cluster = Cluster::builder().nodes(2).start().unwrap();
    let (drained, other) = (cluster.node(0), cluster.node(1));
    let table = r#"{"TableName":"tab","BillingMode":"PAY_PER_REQUEST",
        "KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],
        "AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"}]}"#;
    assert_eq!(
        ask(other.addr(), operation("CreateTable", table).bytes()).status(),
        200
    );
    let mut idle = Connection::open(drained.addr());
    assert_eq!(idle.ask(list_tables().bytes()).status(), 200);

    drained.inject(Fault::Slow(Delay::Fixed(Duration::from_millis(100))));
    let mut busy = Connection::open(drained.addr());
    busy.send(operation("PutItem", r#"{"TableName":"tab","Item":{"p":{"S":"a"}}}"#).bytes());
    let seen = || drained.stats().requests.contains_key("PutItem");
    assert!(cluster.wait_until(LIMIT, seen));
    drained.drain();

    idle.assert_closed();
    busy.assert_closed();
    let get_item = operation("GetItem", r#"{"TableName":"tab","Key":{"p":{"S":"a"}}}"#);
    let written = || ask(other.addr(), get_item.bytes()).text() == r#"{"Item":{"p":{"S":"a"}}}"#;
    assert!(cluster.wait_until(LIMIT, written));
    assert_eq!(connect_error(drained.addr()), ErrorKind::ConnectionRefused);
    let listed = || {
        let response = ask(other.addr(), get("/localnodes").bytes());
        response.text() == format!(r#"["{}"]"#, other.addr().ip())
    };
    assert!(cluster.wait_until(LIMIT, listed));
}

#[test]
fn a_stopped_node_closes_everything_at_once() {
    let (cluster, node) = start();
    let mut idle = Connection::open(node);
    assert_eq!(idle.ask(list_tables().bytes()).status(), 200);
    cluster.node(0).stop();
    idle.assert_closed();
    assert_eq!(connect_error(node), ErrorKind::ConnectionRefused);
    cluster.node(0).start().unwrap();
    assert_eq!(ask(node, list_tables().bytes()).text(), NO_TABLES);
}

fn connect_error(node: SocketAddr) -> ErrorKind {
    TcpStream::connect_timeout(&node, LIMIT).unwrap_err().kind()
}

#[test]
fn a_client_that_goes_away_does_no_harm() {
    let (_cluster, node) = start();
    let mut half = Connection::open(node);
    let request = list_tables().bytes();
    half.send(&request[..request.len() / 2]);
    drop(half);
    let mut finished = Connection::open(node);
    finished.send(list_tables().bytes());
    finished.finish_sending();
    assert_eq!(finished.receive().text(), NO_TABLES);
    finished.assert_closed();
    assert_eq!(ask(node, list_tables().bytes()).text(), NO_TABLES);
}
