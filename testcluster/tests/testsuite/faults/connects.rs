//! Faults of listeners and whole connections.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
#[cfg(target_os = "linux")]
use std::time::Duration;

use crate::raw::LIMIT;
use crate::raw::{Connection, ask};
use alternator_testcluster::{Cluster, Delay, Fault, Scope, Tls};
#[cfg(target_os = "linux")]
use socket2::SockRef;

use crate::faults::{
    SILENCE, answers, create_table, exchange, is_reset, is_silent, list_tables, open, start, wait,
};

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
    assert_eq!(TcpStream::connect(node.addr()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert!(wait(|| node.stats().open == 0));
    node.heal();
    node.start().unwrap();
    assert_eq!(ask(node.addr(), list_tables()).text(), r#"{"TableNames":["table"]}"#);
}

#[test]
fn refusing_keeps_the_connections_that_exist() {
    let (_cluster, node) = start();
    let mut before = Connection::open(node.addr());
    before.ask(list_tables());
    node.inject(Fault::Refuse);
    assert_eq!(TcpStream::connect(node.addr()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
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
    assert_eq!(node.stats().connections, 2, "the connections that filled the queue count");
}

#[test]
fn dropped_syns_go_with_the_node_that_stops() {
    let (_cluster, node) = start();
    node.inject(Fault::DropSyns);
    node.stop();
    assert_eq!(TcpStream::connect(node.addr()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
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
        let stream = open(node.addr());
        let socket = SockRef::from(&stream);
        socket.set_tcp_user_timeout(Some(timeout)).unwrap();
        stream
    };
    let (mut busy, mut written, mut idle) = (connected(), connected(), connected());
    node.inject(Fault::Hang(Scope::Data));
    busy.write_all(&list_tables()).unwrap();
    assert!(wait(|| node.stats().requests_of("ListTables") == 1));
    node.inject(Fault::Vanish);

    let hung = TcpStream::connect_timeout(&node.addr(), SILENCE).unwrap_err();
    assert_eq!(hung.kind(), ErrorKind::TimedOut);
    written.write_all(&list_tables()).unwrap();
    let unacknowledged = written.read(&mut [0]).unwrap_err();
    assert_eq!(unacknowledged.kind(), ErrorKind::TimedOut);
    assert!(is_silent(&mut busy) && is_silent(&mut idle));

    node.heal();
    for stream in [&mut busy, &mut idle] {
        assert!(is_reset(stream.read(&mut [0]).map(drop).map_err(|e| e.kind())));
    }
    assert_eq!((node.stats().open, node.stats().executed), (0, 0));
    assert!(answers(&node));
}

#[cfg(target_os = "linux")]
#[test]
fn a_host_is_back_when_its_node_is_stopped_and_gone_when_it_is_started() {
    let (_cluster, node) = start();
    let mut before = open(node.addr());
    node.inject(Fault::DropSyns);
    node.inject(Fault::Vanish);
    assert!(is_silent(&mut before));
    node.stop();
    assert!(is_reset(before.read(&mut [0]).map(drop).map_err(|e| e.kind())));
    let refused = TcpStream::connect(node.addr()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    node.start().unwrap();
    let hung = TcpStream::connect_timeout(&node.addr(), SILENCE).unwrap_err();
    assert_eq!(hung.kind(), ErrorKind::TimedOut);
    node.heal();
    assert!(answers(&node));
}
