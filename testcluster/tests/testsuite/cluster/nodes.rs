//! Nodes come, go, and share what they share.

use std::collections::BTreeSet;

use alternator_testcluster::{Cluster, Fault, Scope};

use crate::cluster::{listed_with, lists};
use crate::raw::{Connection, ask, create_table, list_tables, refuses};

#[test]
fn nodes_share_a_port_and_a_store() {
    let cluster = Cluster::builder().nodes(3).start().unwrap();
    let (ips, ports): (BTreeSet<_>, BTreeSet<_>) = cluster
        .nodes()
        .iter()
        .map(|node| (node.addr().ip().to_string(), node.addr().port()))
        .unzip();
    assert_eq!(ips, ["127.0.0.1", "127.0.0.2", "127.0.0.3"].map(str::to_owned).into());
    assert_eq!(ports, [cluster.port()].into());
    assert_eq!(ask(cluster.node(0).addr(), create_table()).status(), 200);
    assert_eq!(ask(cluster.node(2).addr(), list_tables()).text(), r#"{"TableNames":["tab"]}"#);
}

#[test]
fn the_port_is_the_one_that_was_asked_for() {
    let port = Cluster::builder().start().unwrap().port();
    let cluster = Cluster::builder().nodes(2).port(port).start().unwrap();
    assert_eq!(
        cluster.urls(),
        [format!("http://127.0.0.1:{port}"), format!("http://127.0.0.2:{port}")]
    );
    assert!(Cluster::builder().port(port).start().is_err(), "two clusters on one port");
}

#[test]
fn a_port_stays_the_clusters_while_its_nodes_are_down() {
    let cluster = Cluster::builder().start().unwrap();
    cluster.node(0).stop();
    assert!(Cluster::builder().port(cluster.port()).start().is_err());
    cluster.node(0).start().unwrap();
}

#[test]
fn nodes_come_and_go_and_addresses_are_not_used_again() {
    let cluster = Cluster::builder().rack("dc1", "a", 2).rack("dc2", "a", 1).start().unwrap();
    let first = cluster.node(0);
    let joined = cluster.add_node("dc1", "b").unwrap();
    assert_eq!(joined.addr().ip().to_string(), "127.0.0.4");
    assert_eq!((joined.datacenter(), joined.rack()), ("dc1", "b"));
    assert_eq!(listed_with(&first, "?rack=b"), ["127.0.0.4".to_owned()].into());

    let removed = cluster.node(1);
    cluster.remove_node(&removed);
    assert!(refuses(removed.addr()) && !lists(&first, &removed));
    assert_eq!(cluster.nodes().len(), 3);

    let replacement = cluster.replace_node(&joined).unwrap();
    assert_eq!(replacement.addr().ip().to_string(), "127.0.0.5");
    assert_eq!((replacement.datacenter(), replacement.rack()), ("dc1", "b"));
    assert!(lists(&first, &replacement) && !lists(&first, &joined) && refuses(joined.addr()));
}

#[test]
fn a_dropped_cluster_ends_connections_and_frees_its_port() {
    let cluster = Cluster::builder().nodes(2).start().unwrap();
    let (node, port) = (cluster.node(1), cluster.port());
    let mut connection = Connection::open(node.addr());
    connection.ask(list_tables());
    drop(cluster);
    connection.assert_closed();
    assert!(refuses(node.addr()));
    assert!(node.start().is_err());
    Cluster::builder().nodes(2).port(port).start().unwrap();
}

#[test]
fn it_works_within_a_runtime_of_either_kind() {
    let use_it = || {
        let cluster = Cluster::builder().nodes(1).start().unwrap();
        cluster.node(0).inject(Fault::Hang(Scope::All));
        cluster.node(0).heal();
        cluster.node(0).stop();
        cluster.node(0).start().unwrap();
        assert_eq!(ask(cluster.node(0).addr(), list_tables()).status(), 200);
    };
    for mut builder in
        [tokio::runtime::Builder::new_current_thread(), tokio::runtime::Builder::new_multi_thread()]
    {
        builder.enable_all().build().unwrap().block_on(async { use_it() });
    }
}

#[test]
fn many_connections_are_served_side_by_side() {
    let cluster = Cluster::builder().record(false).start().unwrap();
    let node = cluster.node(0);
    let mut connections: Vec<_> = (0..200).map(|_| Connection::open(node.addr())).collect();
    for connection in &mut connections {
        connection.send(list_tables());
    }
    for connection in &mut connections {
        assert_eq!(connection.receive().status(), 200);
    }
    assert_eq!(node.stats().open, 200);
}
