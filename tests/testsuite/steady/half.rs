//! Many bad nodes: no more than half are ejected, and when all are bad, all are tried.

use alternator_connector::{Error, NodeState, Policy};
use aws_sdk_dynamodb::error::DisplayErrorContext;
use futures_util::future::join_all;

use crate::steady::{
    POLICIES, cause, connector_and_client, get, refreshing_on_demand, server_error, start,
};
use crate::support::{eventually, node_stats, serves, user_requests_of};

#[tokio::test]
async fn no_more_than_half_of_the_nodes_are_ejected() {
    for policy in POLICIES {
        for count in 1..=5 {
            let cluster = start(count);
            let (connector, client) =
                connector_and_client(refreshing_on_demand(&cluster).policy(policy)).await;
            for node in cluster.nodes() {
                node.inject(server_error());
            }
            // That chance spares one of them in as many requests happens once in 10^6.
            let many = 16 * count;
            for _ in 0..many {
                get(&client).await.unwrap_err();
            }
            let (out, left): (Vec<_>, Vec<_>) = cluster
                .nodes()
                .into_iter()
                .partition(|node| node_stats(&connector, node).state == NodeState::Ejected);
            assert_eq!(out.len(), count / 2, "{policy:?}");
            let before: Vec<_> = left.iter().map(user_requests_of).collect();
            for _ in 0..many {
                get(&client).await.unwrap_err();
            }
            let after: Vec<_> = left.iter().map(user_requests_of).collect();
            assert!(
                after.iter().zip(&before).all(|(a, b)| a > b),
                "{policy:?}: {before:?} {after:?}"
            );
        }
    }
}

#[tokio::test]
async fn when_all_nodes_fail_requests_succeed_once_any_is_healed() {
    join_all([0, 1, 2].map(async |at| {
        let cluster = start(3);
        let (_, once) = connector_and_client(refreshing_on_demand(&cluster)).await;
        for node in cluster.nodes() {
            node.inject(server_error());
        }
        for _ in 0..30 {
            get(&once).await.unwrap_err();
        }
        // One of the three is ejected, and found by a probe; the others are tried all the time.
        cluster.node(at).heal();
        eventually("requests succeed", async || get(&once).await.is_ok()).await;
    }))
    .await;
}

#[tokio::test]
async fn when_no_node_can_be_connected_every_request_tries_all_of_them() {
    for policy in POLICIES {
        let cluster = start(3);
        let (connector, client) =
            connector_and_client(refreshing_on_demand(&cluster).policy(policy)).await;
        for node in cluster.nodes() {
            node.stop();
        }
        for round in 1..=20 {
            let error = get(&client).await.unwrap_err();
            let Error::Unreachable { tried, .. } = cause(&error) else {
                panic!("{}", DisplayErrorContext(error));
            };
            assert_eq!(tried.len(), 3);
            for node in connector.stats().nodes {
                assert_eq!(node.connect_failures, round, "{node:?}");
            }
        }
        // No probe needs to come first.
        cluster.node(1).start().unwrap();
        get(&client).await.unwrap();
    }
}

#[tokio::test]
async fn a_cluster_of_two_goes_on_with_the_one_that_is_left() {
    for policy in [Policy::PeakEwma, Policy::RoundRobin] {
        let cluster = start(2);
        let (connector, client) =
            connector_and_client(refreshing_on_demand(&cluster).policy(policy)).await;
        let (bad, good) = (cluster.node(0), cluster.node(1));
        bad.stop();
        eventually("it is found out", async || {
            get(&client).await.unwrap();
            !serves(&connector, &bad)
        })
        .await;
        good.inject(server_error());
        for _ in 0..20 {
            get(&client).await.unwrap_err();
        }
        assert!(serves(&connector, &good), "{policy:?}");
        good.heal();
        get(&client).await.unwrap();
    }
}
