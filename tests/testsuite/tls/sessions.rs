//! New connections to a node resume a session, which saves the node a signature and the client a
//! round of checks.

use std::time::Duration;

use alternator_testcluster::{Cluster, Delay, Fault, Node, Tls};
use tokio::task::JoinSet;

use crate::support::{client_without_retries, eventually};
use crate::tls::{assert_serves, connector, tls_with_ca};

/// Connections and resumed handshakes of a node.
fn handshakes(node: &Node) -> (u64, u64) {
    let stats = node.stats();
    (stats.connections, stats.tls_resumed)
}

#[tokio::test]
async fn every_connection_after_the_first_resumes_the_nodes_session() {
    let cluster = Cluster::builder().nodes(3).tls(Tls::Server).start().unwrap();
    let connector = connector(&cluster, tls_with_ca(&cluster))
        .active_refresh_interval(Duration::from_secs(3600))
        .max_connections_per_node(1)
        .build()
        .unwrap();
    assert_serves(&connector, &cluster).await;
    let client = client_without_retries(&connector).await;
    let before: Vec<_> = cluster.nodes().iter().map(handshakes).collect();
    for (connections, resumed) in &before {
        // A request and discovery may have been first at once.
        assert!(connections - resumed <= 2, "{before:?}");
    }
    for _ in 0..5 {
        cluster.nodes().iter().for_each(Node::close_idle);
        for _ in 0..3 {
            client.list_tables().send().await.unwrap();
        }
    }
    for (node, before) in cluster.nodes().iter().zip(before) {
        assert!(handshakes(node).0 > before.0, "{node:?}");
        // The last handshake may not be over.
        eventually(&format!("{node:?} has resumed all"), async || {
            let after = handshakes(node);
            after.0 - before.0 == after.1 - before.1
        })
        .await;
    }
}

#[tokio::test]
async fn connections_opened_side_by_side_resume_too() {
    let cluster = Cluster::builder().tls(Tls::Server).start().unwrap();
    let connector = connector(&cluster, tls_with_ca(&cluster)).build().unwrap();
    assert_serves(&connector, &cluster).await;
    let before = handshakes(&cluster.node(0));
    let late = Delay::Fixed(Duration::from_millis(100));
    cluster.node(0).inject(Fault::Slow(late));
    let client = client_without_retries(&connector).await;
    let mut requests = JoinSet::new();
    for _ in 0..4 {
        requests.spawn(client.list_tables().send());
    }
    while let Some(answer) = requests.join_next().await {
        answer.unwrap().unwrap();
    }
    let after = handshakes(&cluster.node(0));
    assert!(after.0 > before.0, "{before:?} {after:?}");
    assert!(after.1 > before.1, "{before:?} {after:?}");
}

#[tokio::test]
async fn a_node_that_restarted_and_forgot_its_sessions_is_served_anew() {
    let cluster = Cluster::builder().tls(Tls::Server).start().unwrap();
    let connector = connector(&cluster, tls_with_ca(&cluster)).build().unwrap();
    assert_serves(&connector, &cluster).await;
    cluster.node(0).stop();
    cluster.node(0).start().unwrap();
    assert_serves(&connector, &cluster).await;
}
