//! TLS to the nodes: whom the connector trusts, who it says it is, and what becomes of handshakes
//! that fail. The settings hold for requests and for discovery alike.

mod handshakes;
mod identity;
mod key_log;
mod names;
mod sessions;
mod settings;
mod stranger;
mod trust;

use alternator_connector::{AlternatorConnector, Policy, Tls};
use alternator_testcluster::{Cluster, Node};
use aws_sdk_dynamodb::error::DisplayErrorContext;

use crate::support::{client_without_retries, eventually, eventually_routes_to, user_requests};

/// Trusts the cluster's authority.
fn tls_with_ca(cluster: &Cluster) -> Tls {
    Tls::new().ca_pem(cluster.ca_pem())
}

fn connector(cluster: &Cluster, tls: Tls) -> alternator_connector::ConnectorBuilder {
    crate::support::connector(cluster).policy(Policy::RoundRobin).tls(tls)
}

/// Checks that discovery finds every node and that every node serves requests.
async fn assert_serves(connector: &AlternatorConnector, cluster: &Cluster) {
    let before = user_requests(cluster);
    let client = client_without_retries(connector).await;
    client.list_tables().send().await.unwrap();
    eventually_routes_to(connector, &cluster.nodes()).await;
    // A node that has just joined has only a small share.
    eventually("every node serves", async || {
        client.list_tables().send().await.unwrap();
        let after = user_requests(cluster);
        after.iter().zip(&before).all(|(a, b)| a > b)
    })
    .await;
    let asked = |n: &Node| n.stats().requests_of("GET /localnodes") > 0;
    eventually("discovery asks", async || cluster.nodes().iter().any(asked)).await;
}

/// Checks that no request succeeds and none reaches a node, and returns what the error says.
async fn assert_refused(connector: &AlternatorConnector, cluster: &Cluster) -> String {
    let client = client_without_retries(connector).await;
    let error = client.list_tables().send().await.unwrap_err();
    for node in cluster.nodes() {
        // Something was tried, and nothing but a handshake.
        assert!(node.stats().bytes_in > 0, "{node:?}");
        assert!(node.heads().is_empty() && !node.saw(b"/"), "{node:?}");
    }
    DisplayErrorContext(error).to_string()
}
