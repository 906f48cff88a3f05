//! Faults of listeners and whole connections.

#[cfg(target_os = "linux")]
use std::io::ErrorKind;
use std::io::Read;
#[cfg(target_os = "linux")]
use std::time::Duration;

use alternator_testcluster::{Cluster, Delay, Fault, Scope, Tls};
#[cfg(target_os = "linux")]
use socket2::SockRef;

use crate::faults::{
    SILENCE, answers, exchange, hangs, is_reset, is_silent, meets_reset, start, wait,
};
use crate::raw::{Connection, LIMIT, ask, create_table, get, list_tables, refuses};

#[test]
fn a_stopped_node_refuses_connections_and_ends_those_it_had() {
    let (cluster, node) = start();
    let mut idle = Connection::open(node.addr());
    idle.ask(list_tables());
    node.stop();
    idle.assert_closed();
    assert_eq!(node.stats().open, 0);
    assert!(refuses(node.addr()));
    node.start().unwrap();
    assert!(answers(&node));
    assert!(answers(&cluster.node(1)));
}

#[test]
fn a_stopped_node_answers_nothing_that_is_in_flight() {
    let (_cluster, node) = start();
    node.inject(Fault::Slow(Delay::Fixed(LIMIT)));
    let mut busy = Connection::open(node.addr());
    busy.send(list_tables());
    assert!(wait(|| node.stats().executed == 1));
    node.stop();
    busy.assert_closed();
}

#[test]
fn a_draining_node_executes_what_is_in_flight_and_loses_the_reply() {
    let (cluster, node) = start();
    let mut idle = Connection::open(node.addr());
    assert_eq!(idle.ask(list_tables()).status(), 200);
    node.inject(Fault::Slow(Delay::Fixed(SILENCE)));
    let mut busy = Connection::open(node.addr());
    busy.send(create_table());
    assert!(wait(|| node.stats().requests_of("CreateTable") == 1));
    node.drain();
    idle.assert_closed();
    assert_eq!(busy.stream.read(&mut [0]).unwrap(), 0);
    assert!(refuses(node.addr()));
    assert!(wait(|| node.stats().open == 0));
    let other = cluster.node(1).addr();
    let tables = r#"{"TableNames":["tab"]}"#;
    assert!(wait(|| ask(other, list_tables()).text() == tables));
    let listed = format!(r#""{}""#, node.addr().ip());
    assert!(wait(|| !ask(other, get("/localnodes")).text().contains(&listed)));
    node.heal();
    node.start().unwrap();
    assert_eq!(ask(node.addr(), list_tables()).text(), tables);
}

#[test]
fn refusing_keeps_the_connections_that_exist() {
    let (_cluster, node) = start();
    let mut before = Connection::open(node.addr());
    before.ask(list_tables());
    node.inject(Fault::Refuse);
    assert!(refuses(node.addr()));
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
        assert!(hangs(&node));
    }
    assert_eq!(before.ask(list_tables()).status(), 200);
    node.heal();
    assert!(answers(&node));
    assert_eq!(before.ask(list_tables()).status(), 200);
    assert_eq!(node.stats().connections, 2, "the connections that filled the queue count");
}

#[test]
fn dropped_syns_go_with_the_node_that_stops() {
    let (_cluster, node) = start();
    node.inject(Fault::DropSyns);
    node.stop();
    assert!(refuses(node.addr()));
    node.start().unwrap();
    assert!(hangs(&node));
}

#[test]
fn connections_are_reset_where_they_are_told_to_be() {
    let (_cluster, node) = start();
    for (fault, executed) in [
        (Fault::ResetOnAccept, 0),
        (Fault::ResetDuringTls, 0),
        (Fault::ResetAfterHead, 0),
        (Fault::ResetAfterRequest { execute: false }, 0),
        (Fault::ResetAfterRequest { execute: true }, 1),
    ] {
        node.heal();
        node.inject(fault.clone());
        let (received, end) = exchange(node.addr(), list_tables());
        assert_eq!(received, b"", "{fault:?}");
        assert!(is_reset(end), "{fault:?}: {end:?}");
        assert_eq!(node.stats().executed, executed, "{fault:?}");
    }
    node.heal();
    assert!(answers(&node));
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
    let mut connection = Connection::open(node.addr());
    // No handshake begins like this, and a server that listens says so.
    connection.send(get("/"));
    assert!(is_silent(&mut connection));
    node.heal();
    assert_eq!(connection.stream.read(&mut [0]).unwrap(), 1, "no alert");
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

#[cfg(target_os = "linux")]
#[test]
fn a_host_that_vanishes_acknowledges_nothing_and_has_restarted_when_healed() {
    let (_cluster, node) = start();
    let timeout = Duration::from_secs(1);
    let connected = || {
        let connection = Connection::open(node.addr());
        SockRef::from(&connection.stream).set_tcp_user_timeout(Some(timeout)).unwrap();
        connection
    };
    let (mut busy, mut written, mut idle) = (connected(), connected(), connected());
    node.inject(Fault::Hang(Scope::Data));
    busy.send(list_tables());
    assert!(wait(|| node.stats().requests_of("ListTables") == 1));
    node.inject(Fault::Vanish);

    assert!(hangs(&node));
    written.send(list_tables());
    let unacknowledged = written.stream.read(&mut [0]).unwrap_err();
    assert_eq!(unacknowledged.kind(), ErrorKind::TimedOut);
    assert!(is_silent(&mut busy) && is_silent(&mut idle));

    node.heal();
    assert!(meets_reset(&mut busy) && meets_reset(&mut idle));
    assert_eq!((node.stats().open, node.stats().executed), (0, 0));
    assert!(answers(&node));
}

#[cfg(target_os = "linux")]
#[test]
fn a_host_is_back_when_its_node_is_stopped_and_gone_when_it_is_started() {
    let (_cluster, node) = start();
    let mut before = Connection::open(node.addr());
    node.inject(Fault::DropSyns);
    node.inject(Fault::Vanish);
    assert!(is_silent(&mut before));
    node.stop();
    assert!(meets_reset(&mut before));
    assert!(refuses(node.addr()));
    node.start().unwrap();
    assert!(hangs(&node));
    node.heal();
    assert!(answers(&node));
}
