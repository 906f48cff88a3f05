//! Handshakes that hang or break off: the request, of which nothing was sent, moves on.

use std::time::Duration;

use alternator_testcluster::{Cluster, Fault, Scope, Tls};
use aws_sdk_dynamodb::error::DisplayErrorContext;
use tokio::time::{Instant, timeout};

use crate::support::{
    client_without_retries, data_requests, disconnect, eventually, eventually_routes_to, node_stats,
};
use crate::tls::{connector, tls_with_ca};

const CONNECT_TIMEOUT: Duration = Duration::from_millis(200);

async fn a_request_moves_on_from(fault: Fault, words: &str) {
    let cluster = Cluster::builder().nodes(3).tls(Tls::Server).start().unwrap();
    // Without a refresh, the broken nodes stay in the list for the whole test.
    let connector = connector(&cluster, tls_with_ca(&cluster))
        .connect_timeout(CONNECT_TIMEOUT)
        .active_refresh_interval(Duration::from_secs(3600))
        .build()
        .unwrap();
    let client = client_without_retries(&connector).await;
    client.list_tables().send().await.unwrap();
    eventually_routes_to(&connector, &cluster.nodes()).await;

    cluster.node(0).inject(fault.clone());
    disconnect(&cluster.node(0)).await;
    let before = data_requests(&cluster);
    // By round robin, one of three meets it.
    for _ in 0..6 {
        timeout(Duration::from_secs(30), client.list_tables().send())
            .await
            .expect("a handshake is bounded")
            .unwrap();
    }
    let after = data_requests(&cluster);
    assert_eq!(after[0], before[0]);
    assert_eq!(after.iter().sum::<u64>(), before.iter().sum::<u64>() + 6);
    eventually("the broken node was tried", async || {
        node_stats(&connector, &cluster.node(0)).connect_failures > 0
    })
    .await;
    assert!(connector.stats().redispatched > 0);

    for node in &cluster.nodes()[1..] {
        node.inject(fault.clone());
        disconnect(node).await;
    }
    let begun = Instant::now();
    let error = client.list_tables().send().await.unwrap_err();
    assert!(begun.elapsed() < 50 * CONNECT_TIMEOUT);
    let error = DisplayErrorContext(error).to_string();
    for node in cluster.nodes() {
        assert!(error.contains(&format!("{} ({words}", node.addr())), "{error}");
    }
    assert_eq!(data_requests(&cluster), after);
}

#[tokio::test]
async fn a_request_moves_on_from_a_handshake_that_hangs() {
    a_request_moves_on_from(Fault::Hang(Scope::All), "not connected within 200ms").await;
}

#[tokio::test]
async fn a_request_moves_on_from_a_handshake_that_is_reset() {
    a_request_moves_on_from(Fault::ResetDuringTls, "TLS handshake failed").await;
}

#[tokio::test]
async fn nodes_that_do_not_speak_tls_are_named_in_the_error() {
    let cluster = Cluster::builder().nodes(2).start().unwrap();
    let seeds = cluster.nodes().into_iter().map(|n| format!("https://{}", n.addr()));
    let connector = alternator_connector::AlternatorConnector::new(seeds);
    let client = client_without_retries(&connector).await;
    let error = client.list_tables().send().await.unwrap_err();
    let error = DisplayErrorContext(error).to_string();
    for node in cluster.nodes() {
        assert!(error.contains(&format!("{} (TLS handshake failed", node.addr())), "{error}");
        assert!(!node.saw(b"authorization"));
    }
}
