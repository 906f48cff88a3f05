//! A node that cannot be connected.

use std::time::{Duration, Instant};

use alternator_connector::{NodeState, Policy};
use alternator_testcluster::{Fault, Tls};

use crate::steady::{
    POLICIES, connector_and_client, get, nodes, read_one_by_one, read_side_by_side,
    refreshing_on_demand, start,
};
use crate::support::{
    disconnect, eventually, eventually_returns, localnodes_requests, node_stats, probes, serves,
    user_requests_of,
};

#[tokio::test]
async fn after_its_first_refusal_a_node_gets_no_request_until_it_is_back() {
    for policy in POLICIES {
        let cluster = start(3);
        let (connector, client) =
            connector_and_client(refreshing_on_demand(&cluster).policy(policy)).await;
        let dead = cluster.node(0);
        dead.stop();
        eventually("it is found out", async || {
            get(&client).await.unwrap();
            !serves(&connector, &dead)
        })
        .await;
        read_one_by_one(&cluster, &client, 100).await;
        let met = node_stats(&connector, &dead);
        assert_eq!((met.state, met.connect_failures), (NodeState::Unreachable, 1), "{policy:?}");
        // Nobody sends a request until the connector has found out by itself.
        dead.start().unwrap();
        eventually_returns(&connector, &dead).await;
        assert!(probes(&dead) > 0);
        assert_eq!(user_requests_of(&dead), 0);
        eventually("it gets requests", async || {
            get(&client).await.unwrap();
            user_requests_of(&dead) > 0
        })
        .await;
        assert_eq!(node_stats(&connector, &dead).connect_failures, 1);
    }
}

#[tokio::test]
async fn clients_at_once_meet_a_node_that_refuses_no_more_often_than_they_are() {
    const AT_ONCE: u64 = 16;
    for policy in POLICIES {
        let cluster = start(3);
        let (connector, client) =
            connector_and_client(refreshing_on_demand(&cluster).policy(policy)).await;
        let dead = cluster.node(0);
        dead.stop();
        for _ in 0..2 {
            let shares = read_side_by_side(&cluster, &client, 400, AT_ONCE as usize).await;
            assert_eq!(shares.iter().sum::<u64>(), 400);
        }
        let met = node_stats(&connector, &dead).connect_failures;
        assert!((1..=AT_ONCE).contains(&met), "{policy:?}: {met}");
    }
}

/// The first probe comes after 0.1 s, and each wait is twice the one before, give or take 15 %.
#[tokio::test]
async fn probes_come_later_and_later_and_bring_no_refresh_with_them() {
    // With TLS, a node that resets connections cannot be connected, and counts who tries.
    let cluster = nodes(3).tls(Tls::Server).start().unwrap();
    let (connector, client) =
        connector_and_client(refreshing_on_demand(&cluster).policy(Policy::RoundRobin)).await;
    let broken = cluster.node(0);
    let refreshes = || localnodes_requests(&cluster)[1];
    let tried = || broken.stats().connections;
    let before = (refreshes(), tried());
    disconnect(&broken).await;
    broken.inject(Fault::ResetOnAccept);
    eventually("it is found out", async || {
        get(&client).await.unwrap();
        !serves(&connector, &broken)
    })
    .await;
    let out = Instant::now();
    while out.elapsed() < Duration::from_secs(4) {
        get(&client).await.unwrap();
    }
    let refreshes = refreshes() - before.0;
    // By the request that found out, by refreshes, and by probes.
    let probes = tried() - before.1 - 1 - refreshes;
    let most = (out.elapsed().as_secs_f64() / (0.1 * 0.85) + 1.0).log2();
    assert!(probes >= 3 && probes as f64 <= most, "{probes}, {most} at most");
    // One, to see whether the node has left.
    assert_eq!(refreshes, 1);
    assert_eq!(node_stats(&connector, &broken).connect_failures, 1);
}
