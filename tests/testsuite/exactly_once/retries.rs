//! What the SDK's own retries meet: another node, on another connection.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use alternator_connector::{AlternatorConnector, Policy};
use alternator_testcluster::{ApiError, Cluster, Fault, Scope};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use tokio::task::JoinSet;
use tracing::Level;

use crate::support::direct::{HOUR, header};
use crate::support::logs::{capture_logs, logged};
use crate::support::{
    TABLE, USER, client, client_without_retries, connector, create_table, data_requests,
    eventually, node_stats, ping, retrying, s, serves, with_attempt_headers,
};

fn server_error() -> Fault {
    Fault::Answer(ApiError::new("InternalServerError", "out of order"))
}

/// The faults that the SDK sees and retries.
fn faults() -> [Fault; 5] {
    [
        server_error(),
        Fault::ResetAfterRequest { execute: false },
        Fault::CloseMidHead,
        Fault::Truncate,
        Fault::Answer(ApiError::new("RequestLimitExceeded", "too many")),
    ]
}

fn start(nodes: usize) -> Cluster {
    Cluster::builder().nodes(nodes).auth(USER.0, USER.1).start().unwrap()
}

/// Three nodes with the table, of which connectors begin with a random one, and a client that retries twice.
async fn three_nodes() -> (Cluster, AlternatorConnector, Client) {
    let cluster = start(3);
    let connector = with_attempt_headers(connector(&cluster))
        .active_refresh_interval(HOUR)
        .policy(Policy::RoundRobin)
        .build()
        .unwrap();
    let client = Client::from_conf(retrying(&connector, 3).await.build());
    create_table(&client).await;
    (cluster, connector, client)
}

/// The nodes that each invocation reached, by attempt.
fn ways(cluster: &Cluster) -> HashMap<String, Vec<(String, SocketAddr)>> {
    let mut ways: HashMap<_, Vec<_>> = HashMap::new();
    for node in cluster.nodes() {
        for head in node.heads() {
            if let Some(id) = header(&head, "amz-sdk-invocation-id") {
                let attempt = header(&head, "amz-sdk-request").unwrap();
                ways.entry(id).or_default().push((attempt, node.addr()));
            }
        }
    }
    ways.values_mut().for_each(|way| way.sort());
    ways
}

/// Asserts that no invocation reached a node twice, and returns how many attempts were retries.
fn assert_new_nodes_each_time(cluster: &Cluster) -> usize {
    let mut retries = 0;
    for way in ways(cluster).values() {
        let mut nodes: Vec<_> = way.iter().map(|(_, node)| *node).collect();
        nodes.sort();
        nodes.dedup();
        assert_eq!(nodes.len(), way.len(), "{way:?}");
        retries += way.len() - 1;
    }
    retries
}

#[tokio::test]
async fn a_retry_avoids_every_node_that_was_tried() {
    for policy in [Policy::PeakEwma, Policy::RoundRobin] {
        for (nodes, bad) in [(3, 1), (3, 2), (5, 4)] {
            for fault in faults() {
                let cluster = start(nodes);
                create_table(&client(&connector(&cluster).build().unwrap()).await).await;
                for at in 0..bad {
                    cluster.node(at).inject(fault.clone());
                }
                // A fresh connector knows of no bad node yet.
                for _ in 0..5 {
                    let connector = with_attempt_headers(connector(&cluster))
                        .active_refresh_interval(HOUR)
                        .policy(policy)
                        .build()
                        .unwrap();
                    let client =
                        Client::from_conf(retrying(&connector, nodes as u32).await.build());
                    for _ in 0..6 {
                        client
                            .get_item()
                            .table_name(TABLE)
                            .key("pk", s("x"))
                            .send()
                            .await
                            .expect("a good node is found in time");
                    }
                }
                assert!(assert_new_nodes_each_time(&cluster) > 0);
            }
        }
    }
}

#[tokio::test]
async fn a_retry_avoids_a_node_that_could_not_be_connected() {
    let (cluster, _, _) = three_nodes().await;
    cluster.node(0).stop();
    cluster.node(1).inject(Fault::ResetAfterRequest { execute: false });
    let mut refusals = 0;
    // That none of so many connectors meets it first happens once in 10^7.
    for _ in 0..40 {
        let connector = with_attempt_headers(connector(&cluster))
            .active_refresh_interval(HOUR)
            .policy(Policy::RoundRobin)
            .build()
            .unwrap();
        let client = Client::from_conf(retrying(&connector, 3).await.build());
        client
            .get_item()
            .table_name(TABLE)
            .key("pk", s("x"))
            .send()
            .await
            .expect("the third node is found in time");
        let refused = connector
            .stats()
            .nodes
            .iter()
            .find(|n| n.address == cluster.node(0).addr())
            .map_or(0, |n| n.connect_failures);
        assert!(refused <= 1);
        refusals += refused;
    }
    assert!(refusals > 0);
}

#[tokio::test]
async fn a_retry_prefers_a_tried_node_that_serves_to_one_that_cannot_be_connected() {
    for policy in [Policy::PeakEwma, Policy::RoundRobin] {
        let cluster = Cluster::builder()
            .nodes(2)
            .auth(USER.0, USER.1)
            .failure_detection(HOUR)
            .start()
            .unwrap();
        let (dead, failing) = (cluster.node(0), cluster.node(1));
        let connector = with_attempt_headers(connector(&cluster))
            .active_refresh_interval(HOUR)
            .policy(policy)
            .build()
            .unwrap();
        connector.refresh().await.unwrap();
        dead.stop();
        let client = Client::from_conf(retrying(&connector, 3).await.build());
        eventually("the dead node is found out", async || {
            ping(&client).await.unwrap();
            !serves(&connector, &dead)
        })
        .await;
        failing.inject(server_error());
        let before = (data_requests(&cluster)[1], node_stats(&connector, &dead).connect_failures);
        for _ in 0..10 {
            ping(&client).await.unwrap_err();
        }
        let after = (data_requests(&cluster)[1], node_stats(&connector, &dead).connect_failures);
        assert_eq!((after.0 - before.0, after.1 - before.1), (30, 0));
    }
}

#[tokio::test]
async fn a_retry_avoids_a_node_that_the_sdk_gave_up_on() {
    let (cluster, _, client) = three_nodes().await;
    cluster.node(0).inject(Fault::Hang(Scope::Data));
    let mut gets = JoinSet::new();
    for _ in 0..60 {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(2));
        let impatient = aws_sdk_dynamodb::config::Builder::new().timeout_config(timeouts.build());
        let get = client.get_item().table_name(TABLE).key("pk", s("x"));
        gets.spawn(get.customize().config_override(impatient).send());
    }
    for got in gets.join_all().await {
        got.expect("a good node is found in time");
    }
    assert!(assert_new_nodes_each_time(&cluster) > 0);
}

#[tokio::test]
async fn a_retry_meets_a_tried_node_when_there_is_no_other() {
    let cluster = start(1);
    let connector = connector(&cluster).build().unwrap();
    let client = Client::from_conf(retrying(&connector, 3).await.build());
    create_table(&client).await;
    cluster.node(0).inject(server_error());
    let before = data_requests(&cluster)[0];
    client.get_item().table_name(TABLE).key("pk", s("x")).send().await.unwrap_err();
    assert_eq!(data_requests(&cluster)[0] - before, 3);
}

#[tokio::test]
async fn the_connection_of_a_server_error_is_closed_and_that_of_a_client_error_kept() {
    capture_logs();
    let cluster = start(1);
    let connector =
        with_attempt_headers(connector(&cluster)).active_refresh_interval(HOUR).build().unwrap();
    let client = client_without_retries(&connector).await;
    create_table(&client).await;
    let node = cluster.node(0);
    let fail_ten_times = async || {
        for _ in 0..10 {
            client.get_item().table_name("none").key("pk", s("x")).send().await.unwrap_err();
        }
    };
    let closed = || node.stats().connections - node.stats().open;
    // No such table.
    fail_ten_times().await;
    node.inject(server_error());
    fail_ten_times().await;
    // That of the last one is closed when a request would use it.
    eventually("each connection of a server error is closed", async || closed() >= 9).await;
    assert_eq!(closed(), 9);
    assert_eq!(logged(Level::ERROR, ""), 0);
}
