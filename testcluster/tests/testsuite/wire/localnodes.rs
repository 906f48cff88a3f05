//! The routes that need no signature: `/localnodes`, the health check, CORS, and everything that is
//! not there.

use std::collections::BTreeSet;

use alternator_testcluster::{Cluster, Gossip, Node};

use crate::raw::{Connection, ask, get, start};
use crate::wire::enforcing;

/// Two datacenters; "dc1" has two racks and "dc2" one of the same name.
fn cluster() -> Cluster {
    Cluster::builder()
        .rack("dc1", "rack1", 2)
        .rack("dc1", "rack2", 1)
        .rack("dc2", "rack1", 1)
        .start()
        .unwrap()
}

/// What a node answers to a target, by the index of the node that each entry names.
fn named(cluster: &Cluster, node: usize, target: &str) -> Vec<usize> {
    let response = ask(cluster.node(node).addr(), get(target));
    assert_eq!(response.status(), 200, "{target}");
    let entries: Vec<String> = serde_json::from_slice(&response.body).unwrap();
    let quoted: Vec<String> = entries.iter().map(|entry| format!("\"{entry}\"")).collect();
    assert_eq!(response.text(), format!("[{}]", quoted.join(",")), "no blanks");
    let index = |entry: &String| {
        let is_named = |node: &Node| node.addr().ip().to_string() == *entry;
        cluster.nodes().iter().position(is_named).unwrap()
    };
    let mut indices: Vec<usize> = entries.iter().map(index).collect();
    indices.sort_unstable();
    indices
}

#[test]
fn the_head_is_exact_and_the_body_never_compressed() {
    let (_cluster, node, _) = enforcing(Cluster::builder().response_compression_threshold(1));
    let request =
        get("/localnodes").header("Accept-Encoding", "gzip").header("Origin", "http://here");
    let response = ask(node, request);
    response
        .assert_head("HTTP/1.1 200 OK", &["Content-Type: application/json", "Content-Length: 13"]);
    assert_eq!(response.text(), r#"["127.0.0.1"]"#);
}

#[test]
fn nodes_are_chosen_by_datacenter_and_rack() {
    let cluster = cluster();
    let cases: [(usize, &str, &[usize]); 16] = [
        (0, "/localnodes", &[0, 1, 2]),
        (3, "/localnodes", &[3]),
        (3, "/localnodes?dc=dc1", &[0, 1, 2]),
        (0, "/localnodes?dc=dc2", &[3]),
        (0, "/localnodes?rack=rack1", &[0, 1]),
        (3, "/localnodes?rack=rack1", &[3]),
        (3, "/localnodes?rack=rack2", &[]),
        (3, "/localnodes?dc=dc1&rack=rack2", &[2]),
        (0, "/localnodes?dc=dc3", &[]),
        (0, "/localnodes?dc=DC1", &[]),
        (0, "/localnodes?dc=dc", &[]),
        (0, "/localnodes?rack=rack3", &[]),
        (0, "/localnodes?dc=&rack=", &[0, 1, 2]),
        (3, "/localnodes?dc=dc2&dc=dc1", &[0, 1, 2]),
        (3, "/localnodes?x=y&dc=%64c1", &[0, 1, 2]),
        (0, "/localnodes/?rack=rack2", &[2]),
    ];
    for (node, target, expected) in cases {
        assert_eq!(named(&cluster, node, target), expected, "node {node}, {target}");
    }
}

#[test]
fn names_are_decoded() {
    let cluster = Cluster::builder().rack("a dc+", "r/1", 1).rack("other", "r", 1).start().unwrap();
    assert_eq!(named(&cluster, 1, "/localnodes?dc=a+dc%2b&rack=r%2F1"), [0]);
    assert_eq!(named(&cluster, 1, "/localnodes?dc=a%20dc%2B"), [0]);
    assert!(named(&cluster, 1, "/localnodes?dc=a+dc+").is_empty());
}

#[test]
fn the_order_is_arbitrary() {
    let cluster = Cluster::builder().nodes(5).start().unwrap();
    let node = cluster.node(0).addr();
    let mut connection = Connection::open(node);
    // Equal by chance: once in 120 to the power of 49.
    let orders: BTreeSet<Vec<u8>> =
        (0..50).map(|_| connection.ask(get("/localnodes")).body).collect();
    assert!(orders.len() > 1);
}

#[test]
fn only_nodes_that_are_alive_and_normal_are_listed() {
    let cluster = Cluster::builder().nodes(3).start().unwrap();
    let listed = |gossip: Gossip| {
        cluster.node(2).set_gossip(gossip);
        named(&cluster, 0, "/localnodes")
    };
    assert_eq!(listed(Gossip::Joining), [0, 1]);
    assert_eq!(listed(Gossip::Normal), [0, 1, 2]);
    assert_eq!(listed(Gossip::Leaving), [0, 1, 2]);
    assert_eq!(listed(Gossip::Down), [0, 1]);
    assert_eq!(listed(Gossip::Shutdown), [0, 1]);
}

#[test]
fn health_repeats_the_host() {
    let (_cluster, node, _) = enforcing(Cluster::builder());
    let response = ask(node, get("/"));
    response.assert_head("HTTP/1.1 200 OK", &["Content-Type: text/plain", "Content-Length: 21"]);
    assert_eq!(response.text(), "healthy: db.test:8000");
    let response = ask(node, get("/").without("Host"));
    assert_eq!((response.status(), response.text()), (200, "healthy: "));
}

#[test]
fn what_is_not_there_gets_a_fresh_reply() {
    let (_cluster, node) = start();
    let lines = [
        "GET /health HTTP/1.1",
        "GET /localnodes// HTTP/1.1",
        "GET /LocalNodes HTTP/1.1",
        "GET /localnodes/x HTTP/1.1",
        "POST /localnodes HTTP/1.1",
        "PUT / HTTP/1.1",
        "DELETE / HTTP/1.1",
        "HEAD / HTTP/1.1",
        "HEAD /localnodes HTTP/1.1",
        "OPTIONS /localnodes HTTP/1.1",
    ];
    for line in lines {
        let response = ask(node, get("/").start(line));
        assert_eq!(response.text(), r#"{"message": "Not found", "code": 404}"#, "{line}");
        response.assert_whole_head(
            "HTTP/1.1 404 Not Found",
            &["Content-Type: application/json", "Content-Length: 37"],
        );
    }
}

#[test]
fn unknown_methods_are_get() {
    let (_cluster, node) = start();
    let response = ask(node, get("/").start("BREW / HTTP/1.1"));
    assert_eq!((response.status(), response.text()), (200, "healthy: db.test:8000"));
}

#[test]
fn cors_is_for_those_who_name_their_origin() {
    let (_cluster, node) = start();
    let options = get("/").start("OPTIONS / HTTP/1.1");
    let plain = ["Content-Type: text/plain", "Content-Length: 0"];
    ask(node, &options).assert_head("HTTP/1.1 200 OK", &plain);
    let allowed = [
        "Access-Control-Allow-Origin: *",
        "Access-Control-Expose-Headers: x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date",
    ];
    let preflight = [
        "Access-Control-Allow-Headers: x-amz-target",
        "Access-Control-Allow-Methods: POST",
        "Access-Control-Max-Age: 7200",
    ];
    let options = options
        .header("Origin", "http://here")
        .header("Access-Control-Request-Headers", "x-amz-target")
        .header("Access-Control-Request-Method", "POST");
    ask(node, options).assert_head("HTTP/1.1 200 OK", &[&plain[..], &allowed, &preflight].concat());
    let health = ask(node, get("/").header("Origin", "http://here"));
    assert_eq!(health.header("Access-Control-Allow-Origin"), Some("*"));
    assert_eq!(health.header("Access-Control-Max-Age"), None);
}
