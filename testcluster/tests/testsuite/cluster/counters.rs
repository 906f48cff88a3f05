//! What a node counts and keeps, and how its replies can be set.

use alternator_testcluster::Cluster;

use crate::raw::{Connection, LIMIT, Signer, ask, get, list_tables, operation};

#[test]
fn everything_a_node_saw_is_counted() {
    let cluster = Cluster::builder().nodes(2).start().unwrap();
    let node = cluster.node(0);
    assert_eq!(node.stats(), Default::default());
    let mut connection = Connection::open(node.addr());
    let requests = [list_tables(), operation("Dance", "{}"), get("/localnodes?dc=x"), get("/no")];
    for request in &requests {
        connection.ask(request);
    }
    ask(node.addr(), list_tables());
    assert!(cluster.wait_until(LIMIT, || node.stats().open == 1));
    let stats = node.stats();
    assert_eq!(stats.connections, 2);
    assert_eq!(stats.requests_of("ListTables"), 2);
    assert_eq!(stats.requests_of("Dance"), 1);
    assert_eq!(stats.requests_of("GET /localnodes"), 1);
    assert_eq!(stats.requests_of("GET /no"), 1);
    assert_eq!(stats.data_requests(), 3);
    assert_eq!(stats.executed, 2);
    assert_eq!(stats.executed_by_operation, [("ListTables".to_owned(), 2)].into());
    let sent: usize = requests.iter().map(|request| request.bytes().len()).sum();
    assert_eq!(stats.bytes_in, (sent + list_tables().bytes().len()) as u64);
    assert!(stats.bytes_out > 0);
    assert_eq!(cluster.node(1).stats(), Default::default());
}

#[test]
fn heads_and_bytes_are_kept_as_they_came_unless_recording_is_off() {
    let cluster = Cluster::builder().start().unwrap();
    let node = cluster.node(0);
    let request = operation("ListTables", r#"{"Limit":7}"#).header("x-ODD", "  spaced ");
    let mut connection = Connection::open(node.addr());
    connection.ask(&request);
    connection.ask(get("/"));
    assert_eq!(node.heads(), [request.head(), get("/").head()]);
    assert!(node.saw(br#"{"Limit":7}GET / "#), "the stream of a connection is kept whole");
    assert!(!node.saw(b"Limit8"));

    let cluster = Cluster::builder().record(false).start().unwrap();
    ask(cluster.node(0).addr(), list_tables());
    assert!(cluster.node(0).heads().is_empty() && !cluster.node(0).saw(b"ListTables"));
}

#[test]
fn a_canned_operation_is_answered_without_the_store() {
    let cluster = Cluster::builder()
        .canned("GetItem", r#"{"Item":{}}"#)
        .auth("alice", "secret")
        .start()
        .unwrap();
    let node = cluster.node(0);
    let get_item = operation("GetItem", "not even JSON");
    ask(node.addr(), &get_item).error(400, "MissingAuthenticationTokenException");
    let response = ask(node.addr(), get_item.signed(&Signer::new("alice", "secret")));
    assert_eq!((response.status(), response.text()), (200, r#"{"Item":{}}"#));
    assert_eq!(node.stats().executed, 1);
}
