//! A node that can be connected, and fails what it is asked for.

use std::time::{Duration, Instant};

use alternator_connector::{AlternatorConnector, ConnectorBuilder, NodeState, Policy};
use alternator_testcluster::{ApiError, Cluster, Fault, Node, Scope};
use aws_sdk_dynamodb::Client;
use futures_util::future::join_all;

use crate::steady::{
    POLICIES, connector_and_client, get, millis, read_one_by_one, refreshing_on_demand,
    server_error, slow, start,
};
use crate::support::{
    eventually, eventually_returns, node_stats, probes, user_requests_of, within,
};

/// Failures in a row that eject a node.
const FAILURES: usize = 3;

fn impatient(cluster: &Cluster, policy: Policy) -> ConnectorBuilder {
    refreshing_on_demand(cluster)
        .policy(policy)
        .read_timeout(millis(2_000))
        .discovery_timeout(millis(2_000))
}

/// Sends reads until the node is ejected, and returns how many failed.
async fn until_ejected(connector: &AlternatorConnector, client: &Client, node: &Node) -> usize {
    let mut failed = 0;
    let limit = Instant::now() + Duration::from_secs(30);
    while node_stats(connector, node).state != NodeState::Ejected {
        assert!(Instant::now() < limit, "it is ejected");
        failed += usize::from(get(client).await.is_err());
    }
    failed
}

/// A node that fails everything in this way, and is ejected after so many failures, from there to
/// its full share.
async fn is_ejected_and_comes_back(fault: Fault, failures: usize) {
    let cluster = start(3);
    let (connector, client) = connector_and_client(impatient(&cluster, Policy::RoundRobin)).await;
    let bad = cluster.node(0);
    bad.inject(fault.clone());
    assert_eq!(until_ejected(&connector, &client, &bad).await, failures);
    let shares = read_one_by_one(&cluster, &client, 100).await;
    assert_eq!(shares[0], 0, "{shares:?}");

    // Probes see what requests would, so it stays out.
    eventually("it is probed", async || probes(&bad) > 0).await;
    assert_eq!(node_stats(&connector, &bad).state, NodeState::Ejected);
    let before = user_requests_of(&bad);
    bad.heal();
    eventually_returns(&connector, &bad).await;
    assert_eq!(user_requests_of(&bad), before);

    // On probation, one more failure is enough.
    bad.inject(fault);
    assert_eq!(until_ejected(&connector, &client, &bad).await, 1);
    let shares = read_one_by_one(&cluster, &client, 100).await;
    assert_eq!(shares[0], 0, "{shares:?}");

    bad.heal();
    eventually_returns(&connector, &bad).await;
    let returned = Instant::now();
    let first = read_one_by_one(&cluster, &client, 300).await[0];
    // Of the third that is its share in the end it has had no more than the part that it had last:
    // a tenth, or the part of ten seconds that has passed. Eight standard deviations more are one
    // case in 10^8.
    let part = (returned.elapsed().as_secs_f64() / 10.0).max(0.1);
    let most = 100.0 * part + 8.0 * (100.0 * part).sqrt();
    assert!((first as f64) < most, "{first}");
    within(Duration::from_secs(60), "it has its full share", async || {
        node_stats(&connector, &bad).state == NodeState::Serving
    })
    .await;
    assert_eq!(read_one_by_one(&cluster, &client, 30).await, [10, 10, 10]);
}

#[tokio::test]
async fn a_node_that_fails_is_ejected_until_it_is_healed_and_begins_again_with_little() {
    // Side by side, because each waits for probes.
    join_all([
        is_ejected_and_comes_back(server_error(), FAILURES),
        is_ejected_and_comes_back(Fault::ResetAfterRequest { execute: false }, FAILURES),
        is_ejected_and_comes_back(Fault::Truncate, FAILURES),
        // Nothing at all for longer than a second.
        is_ejected_and_comes_back(Fault::Hang(Scope::Data), 1),
    ])
    .await;
}

/// An error comes faster than an answer, and must not make a node look fast.
#[tokio::test]
async fn a_node_that_fails_fast_attracts_nobody() {
    let faults = [server_error(), Fault::ResetAfterRequest { execute: false }, Fault::Truncate];
    join_all(POLICIES.map(async |policy| {
        for fault in &faults {
            let cluster = start(3);
            let (_, client) = connector_and_client(impatient(&cluster, policy)).await;
            cluster.node(0).inject(fault.clone());
            cluster.node(1).inject(slow(millis(3)));
            cluster.node(2).inject(slow(millis(3)));
            let mut failed = 0;
            for _ in 0..100 {
                failed += usize::from(get(&client).await.is_err());
            }
            assert!(failed <= FAILURES, "{policy:?} {fault:?}: {failed}");
        }
    }))
    .await;
}

/// As one does whose clock is wrong: it is not broken.
#[tokio::test]
async fn a_node_that_refuses_everything_is_not_ejected() {
    let cluster = start(3);
    let (connector, client) = connector_and_client(impatient(&cluster, Policy::RoundRobin)).await;
    let refusal = ApiError::new("InvalidSignatureException", "told to");
    cluster.node(0).inject(Fault::Answer(refusal));
    let mut refused = 0;
    for _ in 0..30 {
        refused += usize::from(get(&client).await.is_err());
    }
    assert_eq!(refused, 10);
    assert_eq!(node_stats(&connector, &cluster.node(0)).state, NodeState::Serving);
}
