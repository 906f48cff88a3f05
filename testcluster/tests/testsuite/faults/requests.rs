//! Faults between a request and its reply.

use std::io::Read;
use std::time::{Duration, Instant};

use alternator_testcluster::{ApiError, Cluster, Delay, Fault, Lie, Node, Scope};

use crate::faults::{exchange, is_reset, is_silent, start, wait};
use crate::raw::{
    Connection, LIMIT, NO_TABLES, Request, ask, create_table, get, list_tables, operation,
};

#[test]
fn a_reset_after_the_head_does_not_wait_for_the_body() {
    let (_cluster, node) = start();
    node.inject(Fault::ResetAfterHead);
    assert!(is_reset(exchange(node.addr(), list_tables().head()).1));
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
        let requests =
            [(list_tables(), data), (get("/localnodes"), localnodes), (get("/"), health)];
        let mut hung = Vec::new();
        for (request, hangs) in requests {
            let mut connection = Connection::open(node.addr());
            connection.send(request);
            assert_eq!(is_silent(&mut connection), hangs, "{scope:?}");
            if hangs {
                hung.push(connection);
            }
        }
        assert_eq!(node.stats().executed, executed + u64::from(!data));
        node.heal();
        for mut connection in hung {
            assert_eq!(connection.receive().status(), 200);
        }
    }
}

#[test]
fn a_reply_that_is_late_hangs_too() {
    let (_cluster, node) = start();
    let late = Duration::from_secs(1);
    node.inject(Fault::Slow(Delay::Fixed(late)));
    let mut connection = Connection::open(node.addr());
    connection.send(list_tables());
    assert!(wait(|| node.stats().executed == 1));
    node.inject(Fault::Hang(Scope::Data));
    connection.stream.set_read_timeout(Some(late * 2)).unwrap();
    assert!(connection.stream.read(&mut [0]).is_err(), "nothing comes");
    assert_eq!(node.stats().in_flight, 1);
    connection.stream.set_read_timeout(Some(LIMIT)).unwrap();
    node.heal();
    assert_eq!(connection.receive().status(), 200);
    assert!(wait(|| node.stats().in_flight == 0));
}

#[test]
fn a_hanging_request_goes_with_its_client() {
    let (_cluster, node) = start();
    node.inject(Fault::Hang(Scope::All));
    let mut connection = Connection::open(node.addr());
    connection.send(list_tables());
    assert!(wait(|| node.stats().requests_of("ListTables") == 1));
    assert_eq!(node.stats().open, 1);
    drop(connection);
    assert!(wait(|| node.stats().open == 0));
    assert_eq!(node.stats().executed, 0);
}

/// Returns how long a request takes, which succeeds.
fn timed(node: &Node, request: Request) -> Duration {
    let started = Instant::now();
    assert_eq!(ask(node.addr(), request).status(), 200);
    started.elapsed()
}

#[test]
fn slow_replies_are_as_late_as_told() {
    let (_cluster, node) = start();
    let late = Duration::from_millis(40);
    let timed = |request| timed(&node, request);
    node.inject(Fault::Slow(Delay::Fixed(late)));
    assert!(timed(list_tables()) >= late);
    assert!(timed(get("/localnodes")) >= late);
    node.inject(Fault::Slow(Delay::Uniform { min: late, max: late * 2 }));
    assert!(timed(list_tables()) >= late);
    node.inject(Fault::Slow(Delay::Sometimes { one_in: 1, delay: late }));
    assert!(timed(list_tables()) >= late);
    node.inject(Fault::Slow(Delay::Sometimes { one_in: u32::MAX, delay: LIMIT }));
    assert!(timed(list_tables()) < LIMIT);
    let stalls =
        |one_in| Fault::Slow(Delay::Stalls { min: late, max: late, one_in, stall: late * 2 });
    node.inject(stalls(1));
    assert!(timed(list_tables()) >= late * 2);
    node.inject(stalls(u32::MAX));
    assert!(timed(list_tables()) >= late);
}

#[test]
fn one_operation_is_as_late_as_told_and_the_others_are_not() {
    let (_cluster, node) = start();
    let late = Duration::from_millis(40);
    let timed = |request| timed(&node, request);
    node.inject(Fault::Slow(Delay::Fixed(LIMIT)));
    node.inject(Fault::SlowOperation { operation: "ListTables", delay: Delay::Fixed(late) });
    assert!((late..LIMIT).contains(&timed(list_tables())));
    node.inject(Fault::Slow(Delay::Fixed(Duration::ZERO)));
    node.inject(Fault::SlowOperation { operation: "Query", delay: Delay::Fixed(LIMIT) });
    assert!(timed(list_tables()) < LIMIT);
}

#[test]
fn a_node_serves_as_many_requests_at_once_as_it_has_workers() {
    const WORKERS: usize = 2;
    let late = Duration::from_millis(100);
    let cluster = Cluster::builder().workers(WORKERS).start().unwrap();
    let node = cluster.node(0);
    node.inject(Fault::Slow(Delay::Fixed(late)));
    let started = Instant::now();
    let mut waiting: Vec<_> = (0..2 * WORKERS)
        .map(|_| {
            let mut connection = Connection::open(node.addr());
            connection.send(list_tables());
            connection
        })
        .collect();
    assert!(wait(|| node.stats().in_flight == 2 * WORKERS as u64));
    for connection in &mut waiting {
        assert_eq!(connection.receive().status(), 200);
    }
    assert!(started.elapsed() >= 2 * late);
    assert_eq!(ask(node.addr(), get("/localnodes")).status(), 200);
}

#[test]
fn only_requests_that_satisfy_the_condition_get_its_error_and_at_once() {
    let (_cluster, node) = start();
    node.inject(Fault::AnswerIf {
        error: ApiError::new("InternalServerError", "told to"),
        condition: |body| body.windows(3).any(|part| part == b"odd"),
    });
    let get = |key: &str| operation("GetItem", format!(r#"{{"TableName":"{key}"}}"#));
    assert_eq!(ask(node.addr(), get("even")).status(), 400);
    assert_eq!(node.stats().executed, 1);
    node.inject(Fault::Slow(Delay::Fixed(LIMIT)));
    assert_eq!(ask(node.addr(), get("odd")).status(), 500);
    assert_eq!(node.stats().executed, 1);
}

#[test]
fn an_error_is_answered_without_executing_and_discovery_goes_on() {
    let (_cluster, node) = start();
    node.inject(Fault::Answer(ApiError::new("InternalServerError", "told to")));
    let response = ask(node.addr(), create_table());
    assert_eq!(response.status(), 500);
    assert_eq!(
        response.text(),
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"told to"}"#
    );
    assert_eq!(node.stats().executed, 0);
    assert_eq!(ask(node.addr(), get("/localnodes")).status(), 200);
}

#[test]
fn replies_break_off_in_the_head_or_in_the_body_after_the_request_took_effect() {
    let (_cluster, node) = start();
    let (whole, _) = exchange(node.addr(), list_tables().header("Connection", "close"));
    let body = |reply: &[u8]| {
        reply.windows(4).position(|window| window == b"\r\n\r\n").map(|at| reply.len() - at - 4)
    };
    assert!(body(&whole).is_some());

    node.inject(Fault::CloseMidHead);
    let (received, end) = exchange(node.addr(), list_tables());
    assert_eq!(end, Ok(()));
    assert!(received.starts_with(b"HTTP/1.1 200 OK") && body(&received).is_none());

    node.inject(Fault::Truncate);
    let (received, end) = exchange(node.addr(), list_tables());
    assert_eq!(end, Ok(()));
    assert!(body(&received).is_some_and(|length| 0 < length && length < body(&whole).unwrap()));
    assert_eq!(node.stats().executed, 3);
}

#[test]
fn a_reply_is_whole_before_a_close_that_it_did_not_announce() {
    let (_cluster, node) = start();
    node.inject(Fault::CloseAfterResponse);
    let (received, end) = exchange(node.addr(), list_tables());
    assert_eq!(end, Ok(()));
    let reply = String::from_utf8(received).unwrap();
    assert!(reply.ends_with(NO_TABLES));
    assert!(!reply.contains("Connection"), "{reply}");
}

#[test]
fn faults_of_different_kinds_add_up_and_of_the_same_kind_replace_each_other() {
    let (_cluster, node) = start();
    node.inject(Fault::LocalNodes(Lie::Empty));
    node.inject(Fault::Hang(Scope::Data));
    node.inject(Fault::Answer(ApiError::new("ThrottlingException", "")));
    assert_eq!(ask(node.addr(), list_tables()).status(), 400);
    assert_eq!(ask(node.addr(), get("/localnodes")).text(), "[]");
}

#[test]
fn an_answer_may_have_any_encoding_and_body() {
    let (_cluster, node) = start();
    let executed = node.stats().executed;
    node.inject(Fault::AnswerEncoded { encoding: "gzip".to_owned(), body: "not gzip".into() });
    let response = ask(node.addr(), list_tables());
    assert_eq!(response.status(), 200);
    assert_eq!(response.header("Content-Encoding"), Some("gzip"));
    assert_eq!(response.text(), "not gzip");
    assert_eq!(node.stats().executed, executed);
}
