//! How a node goes: drained, in the server's order, or stopped like a process that was killed.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use alternator_testcluster::{Cluster, Delay, Fault};

use crate::raw::{Connection, LIMIT, NO_TABLES, ask, create_table, get, list_tables, operation};

#[test]
fn a_drained_node_executes_what_it_read_and_answers_nothing() {
    let cluster = Cluster::builder().nodes(2).start().unwrap();
    let (drained, other) = (cluster.node(0), cluster.node(1));
    create_table(other.addr());
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
    let cluster = Cluster::builder().nodes(1).start().unwrap();
    let node = cluster.node(0).addr();
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
