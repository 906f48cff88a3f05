//! Every way in which a node can be told to fail, as a client's socket sees it.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod raw;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use alternator_testcluster::{ApiError, Cluster, Delay, Fault, Lie, Node, Scope, Tls, View};
use raw::{Connection, ask, get, operation};

const LIMIT: Duration = Duration::from_secs(10);

/// How long silence must last to be taken for silence.
const SILENCE: Duration = Duration::from_millis(150);

fn start() -> (Cluster, Node) {
    let cluster = Cluster::builder().nodes(3).start().unwrap();
    let node = cluster.node(0);
    (cluster, node)
}

fn list_tables() -> Vec<u8> {
    operation("ListTables", "{}").bytes()
}

fn create_table() -> Vec<u8> {
    let body = r#"{"TableName":"table","KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}"#;
    operation("CreateTable", body).bytes()
}

fn open(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&addr, LIMIT).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

/// Sends a request and reads to the end of the connection: what came, and how it ended.
fn exchange(addr: SocketAddr, request: &[u8]) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut received = Vec::new();
    // A reset may be quick enough to be met by any of these.
    let end = TcpStream::connect(addr).and_then(|mut stream| {
        stream.set_read_timeout(Some(LIMIT))?;
        stream.write_all(request)?;
        stream.read_to_end(&mut received).map(drop)
    });
    (received, end.map_err(|error| error.kind()))
}

fn is_reset(end: Result<(), ErrorKind>) -> bool {
    matches!(end, Err(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe))
}

fn is_silent(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    let read = stream.read(&mut [0]);
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

fn answers(node: &Node) -> bool {
    ask(node.addr(), list_tables()).status() == 200
}

#[test]
fn a_stopped_node_refuses_connections_and_ends_those_it_had() {
    let (cluster, node) = start();
    let mut idle = Connection::open(node.addr());
    idle.ask(list_tables());
    node.stop();
    idle.assert_closed();
    assert_eq!(node.stats().open, 0);
    let refused = TcpStream::connect_timeout(&node.addr(), LIMIT).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    node.start().unwrap();
    assert!(answers(&node));
    assert!(answers(&cluster.node(1)));
}

#[test]
fn a_stopped_node_answers_nothing_that_is_in_flight() {
    let (_cluster, node) = start();
    node.inject(Fault::Slow(Delay::Fixed(LIMIT)));
    let mut stream = open(node.addr());
    stream.write_all(&list_tables()).unwrap();
    assert!(wait(|| node.stats().executed == 1));
    node.stop();
    let mut received = Vec::new();
    // Reset or closed, as the kernel finds it; but nothing was said.
    let _ = stream.read_to_end(&mut received);
    assert_eq!(received, b"");
}

#[test]
fn a_draining_node_executes_what_is_in_flight_and_loses_the_reply() {
    let (_cluster, node) = start();
    node.inject(Fault::Slow(Delay::Fixed(SILENCE)));
    let mut stream = open(node.addr());
    stream.write_all(&create_table()).unwrap();
    assert!(wait(|| node.stats().requests_of("CreateTable") == 1));
    node.drain();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    assert_eq!(received, b"");
    assert_eq!(
        TcpStream::connect(node.addr()).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    assert!(wait(|| node.stats().open == 0));
    node.heal();
    node.start().unwrap();
    assert_eq!(
        ask(node.addr(), list_tables()).text(),
        r#"{"TableNames":["table"]}"#
    );
}

#[test]
fn refusing_keeps_the_connections_that_exist() {
    let (_cluster, node) = start();
    let mut before = Connection::open(node.addr());
    before.ask(list_tables());
    node.inject(Fault::Refuse);
    assert_eq!(
        TcpStream::connect(node.addr()).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    assert_eq!(before.ask(list_tables()).status(), 200);
    node.heal();
    assert!(answers(&node));
}

#[test]
fn dropped_syns_make_connects_hang_until_healed_and_keep_what_exists() {
    let (_cluster, node) = start();
    let mut before = Connection::open(node.addr());
    before.ask(list_tables());
    node.inject(Fault::DropSyns);
    for _ in 0..3 {
        let hung = TcpStream::connect_timeout(&node.addr(), SILENCE).unwrap_err();
        assert_eq!(hung.kind(), ErrorKind::TimedOut);
    }
    assert_eq!(before.ask(list_tables()).status(), 200);
    node.heal();
    assert!(answers(&node));
    assert_eq!(before.ask(list_tables()).status(), 200);
    assert_eq!(
        node.stats().connections,
        2,
        "the connections that filled the queue count"
    );
}

#[test]
fn dropped_syns_go_with_the_node_that_stops() {
    let (_cluster, node) = start();
    node.inject(Fault::DropSyns);
    node.stop();
    assert_eq!(
        TcpStream::connect(node.addr()).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    node.start().unwrap();
    let hung = TcpStream::connect_timeout(&node.addr(), SILENCE).unwrap_err();
    assert_eq!(hung.kind(), ErrorKind::TimedOut);
}

#[test]
fn connections_are_reset_where_they_are_told_to_be() {
    let (_cluster, node) = start();
    let request = list_tables();
    for (fault, executed) in [
        (Fault::ResetOnAccept, 0),
        (Fault::ResetDuringTls, 0),
        (Fault::ResetAfterHead, 0),
        (Fault::ResetAfterRequest { execute: false }, 0),
        (Fault::ResetAfterRequest { execute: true }, 1),
    ] {
        node.heal();
        node.inject(fault.clone());
        let (received, end) = exchange(node.addr(), &request);
        assert_eq!(received, b"", "{fault:?}");
        assert!(is_reset(end), "{fault:?}: {end:?}");
        assert_eq!(node.stats().executed, executed, "{fault:?}");
    }
    node.heal();
    assert!(answers(&node));
}

#[test]
fn a_reset_after_the_head_does_not_wait_for_the_body() {
    let (_cluster, node) = start();
    node.inject(Fault::ResetAfterHead);
    let head = operation("ListTables", "{}").head();
    assert!(is_reset(exchange(node.addr(), &head).1));
}

#[test]
fn tls_handshakes_are_reset_and_hang() {
    let cluster = Cluster::builder().tls(Tls::Server).start().unwrap();
    let node = cluster.node(0);
    node.inject(Fault::ResetDuringTls);
    assert!(is_reset(exchange(node.addr(), b"\x16\x03\x01").1));
    node.inject(Fault::ResetOnAccept);
    assert!(is_reset(exchange(node.addr(), b"\x16\x03\x01").1));
    node.heal();
    node.inject(Fault::Hang(Scope::All));
    let mut stream = open(node.addr());
    // No handshake begins like this, and a server that listens says so.
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(is_silent(&mut stream));
    node.heal();
    let mut received = Vec::new();
    let _ = stream.read_to_end(&mut received);
    assert!(!received.is_empty(), "no alert");
}

#[test]
fn what_hangs_is_what_was_told_to_and_goes_on_when_healed() {
    let (_cluster, node) = start();
    for (scope, data, localnodes, health) in [
        (Scope::All, true, true, true),
        (Scope::Data, true, false, false),
        (Scope::LocalNodes, false, true, false),
    ] {
        node.inject(Fault::Hang(scope));
        let executed = node.stats().executed;
        let requests = [
            (list_tables(), data),
            (get("/localnodes").bytes(), localnodes),
            (get("/").bytes(), health),
        ];
        let mut hung = Vec::new();
        for (request, hangs) in requests {
            let mut stream = open(node.addr());
            stream.write_all(&request).unwrap();
            assert_eq!(is_silent(&mut stream), hangs, "{scope:?}");
            if hangs {
                hung.push(stream);
            }
        }
        assert_eq!(node.stats().executed, executed + u64::from(!data));
        node.heal();
        for mut stream in hung {
            let mut status = [0; 15];
            stream.read_exact(&mut status).unwrap();
            assert_eq!(&status, b"HTTP/1.1 200 OK");
        }
    }
}

#[test]
fn a_hanging_request_goes_with_its_client() {
    let (_cluster, node) = start();
    node.inject(Fault::Hang(Scope::All));
    let mut stream = open(node.addr());
    stream.write_all(&list_tables()).unwrap();
    assert!(wait(|| node.stats().requests_of("ListTables") == 1));
    assert_eq!(node.stats().open, 1);
    drop(stream);
    assert!(wait(|| node.stats().open == 0));
    assert_eq!(node.stats().executed, 0);
}

#[test]
fn slow_replies_are_as_late_as_told() {
    let (_cluster, node) = start();
    let late = Duration::from_millis(40);
    let timed = |request: &[u8]| {
        let started = Instant::now();
        assert_eq!(ask(node.addr(), request).status(), 200);
        started.elapsed()
    };
    node.inject(Fault::Slow(Delay::Fixed(late)));
    assert!(timed(&list_tables()) >= late);
    assert!(timed(&get("/localnodes").bytes()) >= late);
    node.inject(Fault::Slow(Delay::Uniform {
        min: late,
        max: late * 2,
    }));
    assert!(timed(&list_tables()) >= late);
    node.inject(Fault::Slow(Delay::Sometimes {
        one_in: 1,
        delay: late,
    }));
    assert!(timed(&list_tables()) >= late);
    node.inject(Fault::Slow(Delay::Sometimes {
        one_in: u32::MAX,
        delay: LIMIT,
    }));
    assert!(timed(&list_tables()) < LIMIT);
}

#[test]
fn an_error_is_answered_without_executing_and_discovery_goes_on() {
    let (_cluster, node) = start();
    node.inject(Fault::Answer(ApiError::new(
        "InternalServerError",
        "told to",
    )));
    let response = ask(node.addr(), create_table());
    assert_eq!(response.status(), 500);
    assert_eq!(
        response.text(),
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"told to"}"#
    );
    assert_eq!(node.stats().executed, 0);
    assert_eq!(ask(node.addr(), get("/localnodes").bytes()).status(), 200);
}

#[test]
fn replies_break_off_in_the_head_or_in_the_body_after_the_request_took_effect() {
    let (_cluster, node) = start();
    let (whole, _) = exchange(
        node.addr(),
        &operation("ListTables", "{}")
            .header("Connection", "close")
            .bytes(),
    );
    let body = |reply: &[u8]| {
        reply
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .map(|at| reply.len() - at - 4)
    };
    assert!(body(&whole).is_some());

    node.inject(Fault::CloseMidHead);
    let (received, end) = exchange(node.addr(), &list_tables());
    assert_eq!(end, Ok(()));
    assert!(received.starts_with(b"HTTP/1.1 200 OK") && body(&received).is_none());

    node.inject(Fault::Truncate);
    let (received, end) = exchange(node.addr(), &list_tables());
    assert_eq!(end, Ok(()));
    assert!(body(&received).is_some_and(|length| 0 < length && length < body(&whole).unwrap()));
    assert_eq!(node.stats().executed, 3);
}

#[test]
fn a_reply_is_whole_before_a_close_that_it_did_not_announce() {
    let (_cluster, node) = start();
    node.inject(Fault::CloseAfterResponse);
    let (received, end) = exchange(node.addr(), &list_tables());
    assert_eq!(end, Ok(()));
    let reply = String::from_utf8(received).unwrap();
    assert!(reply.ends_with(r#"{"TableNames":[]}"#));
    assert!(!reply.contains("Connection"), "{reply}");
}

#[test]
fn closing_what_is_idle_spares_what_is_not() {
    let (_cluster, node) = start();
    let mut idle = Connection::open(node.addr());
    idle.ask(list_tables());
    node.inject(Fault::Hang(Scope::Data));
    let mut busy = Connection::open(node.addr());
    busy.send(list_tables());
    assert!(wait(|| node.stats().requests_of("ListTables") == 2));
    node.close_idle();
    idle.assert_closed();
    node.heal();
    assert_eq!(busy.receive().status(), 200);
}

#[test]
fn localnodes_lies_as_told() {
    let (cluster, node) = start();
    let ask_nodes = || ask(node.addr(), get("/localnodes").bytes());
    let lie = |lie| {
        node.inject(Fault::LocalNodes(lie));
        ask_nodes()
    };
    assert_eq!(
        lie(Lie::Only(vec!["::1".into(), "nonsense".into()])).text(),
        r#"["::1","nonsense"]"#
    );
    assert_eq!(lie(Lie::Garbage(b"<html>".to_vec())).text(), "<html>");
    assert_eq!(lie(Lie::Empty).text(), "[]");
    assert_eq!(lie(Lie::Status(503)).status(), 503);
    assert_eq!(lie(Lie::Huge(100_000)).text().matches(',').count(), 99_999);
    cluster.node(1).stop();
    assert!(lie(Lie::Everyone).text().contains("127.0.0.2"));
    node.heal();
    let truth = ask_nodes().text().to_owned();
    assert!(
        truth.contains("127.0.0.1") && truth.contains("127.0.0.3") && !truth.contains("127.0.0.2"),
        "{truth}"
    );
    // Data is not concerned.
    node.inject(Fault::LocalNodes(Lie::Reset));
    assert!(is_reset(
        exchange(node.addr(), &get("/localnodes").bytes()).1
    ));
    assert!(answers(&node));
    node.inject(Fault::LocalNodes(Lie::Truncated));
    let (received, end) = exchange(node.addr(), &get("/localnodes").bytes());
    assert!(end == Ok(()) && !received.ends_with(b"]"));
}

#[test]
fn an_answer_without_end_goes_on_until_the_client_or_the_node_ends_it() {
    let (_cluster, node) = start();
    node.inject(Fault::LocalNodes(Lie::NeverEnding));
    let mut stream = open(node.addr());
    stream.write_all(&get("/localnodes").bytes()).unwrap();
    let mut much = vec![0; 1 << 20];
    stream.read_exact(&mut much).unwrap();
    assert!(
        much.windows(13)
            .any(|window| window == br#","127.0.0.1","#[..13].as_ref())
    );
    drop(stream);
    assert!(wait(|| node.stats().open == 0));
    let mut stream = open(node.addr());
    stream.write_all(&get("/localnodes").bytes()).unwrap();
    stream.read_exact(&mut [0; 1000]).unwrap();
    node.stop();
    assert_eq!(node.stats().open, 0);
}

#[test]
fn faults_of_different_kinds_add_up_and_of_the_same_kind_replace_each_other() {
    let (_cluster, node) = start();
    node.inject(Fault::LocalNodes(Lie::Empty));
    node.inject(Fault::Hang(Scope::Data));
    node.inject(Fault::Answer(ApiError::new("ThrottlingException", "")));
    assert_eq!(ask(node.addr(), list_tables()).status(), 400);
    assert_eq!(ask(node.addr(), get("/localnodes").bytes()).text(), "[]");
}

#[test]
fn a_partitioned_node_sees_its_own_side_and_is_seen_by_the_others() {
    let (cluster, node) = start();
    let entries = |node: &Node| {
        ask(node.addr(), get("/localnodes").bytes())
            .text()
            .matches("127.")
            .count()
    };
    node.set_view(View::Only(Vec::new()));
    assert_eq!((entries(&node), entries(&cluster.node(1))), (1, 3));
    node.set_view(View::Only(vec![cluster.node(2).addr().ip()]));
    assert_eq!(entries(&node), 2);
    node.set_view(View::Cluster);
    assert_eq!(entries(&node), 3);
}

/// Waits for a condition without a cluster at hand.
fn wait(condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + LIMIT;
    while !condition() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    condition()
}
