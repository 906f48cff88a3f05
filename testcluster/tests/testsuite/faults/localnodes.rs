//! Nodes that lie about the others.

use std::io::Read;

use alternator_testcluster::{Fault, Lie, Node, View};

use crate::faults::{answers, exchange, is_reset, start, wait};
use crate::raw::{Connection, ask, get};

#[test]
fn localnodes_lies_as_told() {
    let (cluster, node) = start();
    let ask_nodes = || ask(node.addr(), get("/localnodes"));
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
    assert!(is_reset(exchange(node.addr(), get("/localnodes")).1));
    assert!(answers(&node));
    node.inject(Fault::LocalNodes(Lie::Truncated));
    let (received, end) = exchange(node.addr(), get("/localnodes"));
    assert!(end == Ok(()) && !received.ends_with(b"]"));
}

#[test]
fn an_answer_without_end_goes_on_until_the_client_or_the_node_ends_it() {
    let (_cluster, node) = start();
    node.inject(Fault::LocalNodes(Lie::NeverEnding));
    let asked = || {
        let mut connection = Connection::open(node.addr());
        connection.send(get("/localnodes"));
        connection.stream
    };
    let mut stream = asked();
    let mut much = vec![0; 1 << 20];
    stream.read_exact(&mut much).unwrap();
    assert!(much.windows(13).any(|window| window == br#","127.0.0.1","#[..13].as_ref()));
    drop(stream);
    assert!(wait(|| node.stats().open == 0));
    let mut stream = asked();
    stream.read_exact(&mut [0; 1000]).unwrap();
    node.stop();
    assert_eq!(node.stats().open, 0);
}

#[test]
fn a_partitioned_node_sees_its_own_side_and_is_seen_by_the_others() {
    let (cluster, node) = start();
    let entries = |node: &Node| ask(node.addr(), get("/localnodes")).text().matches("127.").count();
    node.set_view(View::Only(Vec::new()));
    assert_eq!((entries(&node), entries(&cluster.node(1))), (1, 3));
    node.set_view(View::Only(vec![cluster.node(2).addr().ip()]));
    assert_eq!(entries(&node), 2);
    node.set_view(View::Cluster);
    assert_eq!(entries(&node), 3);
}
