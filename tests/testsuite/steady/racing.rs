//! A connect that takes long is raced by one to the next node, and neither is in vain.

use std::time::{Duration, Instant};

use alternator_connector::{AlternatorConnector, NodeState, Policy};
use alternator_testcluster::{Cluster, Fault, Node, Scope, Tls};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;

use crate::steady::{
    POLICIES, connector_and_client, get, nodes, read_one_by_one, refreshing_on_demand,
};
use crate::support::{disconnect, eventually, node_stats, probes, user_requests_of, within};

/// Far longer than what any request here may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

async fn patient(cluster: &Cluster, policy: Policy) -> (AlternatorConnector, Client) {
    let builder = refreshing_on_demand(cluster)
        .policy(policy)
        .connect_timeout(CONNECT_TIMEOUT)
        .connect_budget(2 * CONNECT_TIMEOUT);
    let (connector, client) = connector_and_client(builder).await;
    // Where the SDK's own is shorter, it applies.
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT);
    let config = client.config().to_builder().timeout_config(timeouts.build());
    (connector, Client::from_conf(config.build()))
}

/// No new connection to the node gets anywhere, and it has none.
async fn cut_off(node: &Node, tls: Tls) {
    disconnect(node).await;
    node.inject(match tls {
        Tls::Off => Fault::DropSyns,
        // The connection is accepted, and the handshake hangs.
        _ => Fault::Hang(Scope::All),
    });
}

async fn costs_little(tls: Tls) {
    for policy in POLICIES {
        let cluster = nodes(3).tls(tls).start().unwrap();
        let (connector, client) = patient(&cluster, policy).await;
        // So that it is known what connects take.
        read_one_by_one(&cluster, &client, 30).await;
        for node in cluster.nodes() {
            disconnect(&node).await;
        }
        let silent = cluster.node(0);
        cut_off(&silent, tls).await;
        let before = (user_requests_of(&silent), connector.stats().redispatched);
        for _ in 0..60 {
            let begun = Instant::now();
            get(&client).await.unwrap();
            assert!(begun.elapsed() < CONNECT_TIMEOUT / 3, "{policy:?}");
        }
        assert_eq!(user_requests_of(&silent), before.0);
        // Who met it moved on, and nobody has met it since it was found out.
        let met = connector.stats().redispatched - before.1;
        assert!(met <= 5, "{policy:?}: {met}");
        if policy == Policy::RoundRobin {
            assert!(met > 0);
            assert_eq!(node_stats(&connector, &silent).state, NodeState::Unreachable);
        }
    }
}

#[tokio::test]
async fn a_node_that_drops_syns_costs_few_requests_a_moment() {
    costs_little(Tls::Off).await;
}

#[tokio::test]
async fn a_handshake_that_hangs_costs_few_requests_a_moment() {
    costs_little(Tls::Server).await;
}

async fn is_kept(tls: Tls) {
    let cluster = nodes(2).tls(tls).start().unwrap();
    let silent = cluster.node(0);
    // Chance brings one of two connectors to the silent node first.
    for _ in 0..60 {
        let (connector, client) = patient(&cluster, Policy::RoundRobin).await;
        cut_off(&silent, tls).await;
        get(&client).await.unwrap();
        if connector.stats().redispatched == 0 {
            silent.heal();
            continue;
        }
        let before = (user_requests_of(&silent), probes(&silent));
        let opened = node_stats(&connector, &silent).connections_opened;
        silent.heal();
        within(CONNECT_TIMEOUT, "the loser's connection is kept", async || {
            // One more than the probes have made.
            let made = node_stats(&connector, &silent).connections_opened - opened;
            made > probes(&silent) - before.1
        })
        .await;
        assert_eq!(user_requests_of(&silent), before.0);
        eventually("the node serves, with an idle connection", async || {
            let stats = node_stats(&connector, &silent);
            stats.connections_idle > 0 && stats.state == NodeState::Serving
        })
        .await;
        return;
    }
    panic!("no connector met the silent node first");
}

#[tokio::test]
async fn the_connection_of_the_loser_is_kept_for_later() {
    is_kept(Tls::Off).await;
}

#[tokio::test]
async fn the_connection_of_the_loser_is_kept_for_later_over_tls() {
    is_kept(Tls::Server).await;
}
