//! Connections: how long they last, what ends them, and how requests are framed on them.

use std::time::{Duration, Instant};

use alternator_testcluster::{Delay, Fault};

use crate::raw::{Connection, NO_TABLES, ask, get, list_tables, operation, start};

#[test]
fn a_connection_is_kept_alive_through_every_kind_of_answer() {
    let (cluster, node) = start();
    let mut connection = Connection::open(node);
    for _ in 0..3 {
        assert_eq!(connection.ask(list_tables()).text(), NO_TABLES);
        assert_eq!(connection.ask(operation("Dance", "{}")).status(), 400);
        assert_eq!(connection.ask(get("/")).status(), 200);
        assert_eq!(connection.ask(get("/nowhere")).status(), 404);
        assert_eq!(connection.ask(get("/localnodes")).status(), 200);
        let broken = list_tables().header("Content-Encoding", "br");
        assert_eq!(connection.ask(broken).status(), 500);
    }
    assert_eq!(cluster.node(0).stats().connections, 1);
}

#[test]
fn only_the_whole_word_close_closes() {
    let (_cluster, node) = start();
    for word in ["close", "Close", "CLOSE"] {
        let mut connection = Connection::open(node);
        let response = connection.ask(list_tables().header("Connection", word));
        assert_eq!(response.text(), NO_TABLES, "{word}");
        connection.assert_closed();
    }
    let mut connection = Connection::open(node);
    for words in ["keep-alive", "close, TE", "keep-alive, close", "nonsense"] {
        let response = connection.ask(list_tables().header("Connection", words));
        assert_eq!(response.text(), NO_TABLES, "{words}");
    }
}

#[test]
fn http_1_0_is_kept_alive_only_on_request() {
    let (_cluster, node) = start();
    let old = list_tables().start("POST / HTTP/1.0");
    let mut connection = Connection::open(node);
    for _ in 0..2 {
        let response = connection.ask(old.clone().header("Connection", "Keep-Alive"));
        response.assert_head(
            "HTTP/1.0 200 OK",
            &[
                "Content-Type: application/x-amz-json-1.0",
                "Connection: Keep-Alive",
                "Content-Length: 17",
            ],
        );
    }
    let response = connection.ask(old);
    assert!(response.head.starts_with("HTTP/1.0 200 OK\r\n"));
    connection.assert_closed();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let (_cluster, node) = start();
    let mut connection = Connection::open(node);
    let requests = [list_tables(), get("/"), operation("Dance", "{}"), list_tables()];
    connection.send(requests.map(|request| request.bytes()).concat());
    assert_eq!(connection.receive().text(), NO_TABLES);
    assert_eq!(connection.receive().text(), "healthy: db.test:8000");
    connection.receive().error(400, "UnknownOperationException");
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
    for body in ["2\r\n{}\r\n0\r\n\r\n", "1\r\n{\r\n1;x=y\r\n}\r\n0\r\nTrailer: x\r\n\r\n"] {
        let response = connection.ask(chunked.clone().body(body));
        assert_eq!(response.text(), NO_TABLES, "{body}");
    }
}

#[test]
fn other_transfer_encodings_are_not_implemented() {
    let (_cluster, node) = start();
    let mut connection = Connection::open(node);
    let response = connection.ask(list_tables().header("Transfer-Encoding", "gzip").head());
    assert!(response.head.starts_with("HTTP/1.1 501 Not Implemented\r\n"), "{}", response.head);
    assert_eq!(response.header("Connection"), Some("close"));
    connection.assert_closed();
}

#[test]
fn expect_continue_is_answered_before_the_body_is_sent() {
    let (_cluster, node) = start();
    let mut connection = Connection::open(node);
    let response = connection.ask(list_tables().header("Expect", "100-continue").head());
    assert!(response.head.starts_with("HTTP/1.1 100 Continue\r\n"), "{}", response.head);
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
        assert!(response.head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{}", response.head);
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
    assert_eq!(ask(node, request).text(), NO_TABLES);
}

#[test]
fn a_client_that_goes_away_does_no_harm() {
    let (_cluster, node) = start();
    let mut half = Connection::open(node);
    let request = list_tables().bytes();
    half.send(&request[..request.len() / 2]);
    drop(half);
    let mut finished = Connection::open(node);
    finished.send(list_tables());
    finished.finish_sending();
    assert_eq!(finished.receive().text(), NO_TABLES);
    finished.assert_closed();
    assert_eq!(ask(node, list_tables()).text(), NO_TABLES);
}

#[test]
fn http_2_is_not_found() {
    let (_cluster, node) = start();
    let response = ask(node, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(response.head.starts_with("HTTP/2.0 404 Not Found\r\n"), "{}", response.head);
}
