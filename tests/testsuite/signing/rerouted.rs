//! A request that moves on to another node arrives there as it was signed.

use std::time::Duration;

use alternator_testcluster::{Cluster, Fault, Tls};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;

use crate::signing::{client_noting, connector, enforcing, put};
use crate::support::heads::{Recorder, heads};
use crate::support::{create_table, data_requests, disconnect, eventually_routes_to, node_stats};

/// Writes while the first of three nodes cannot be connected, and checks what the others received.
async fn while_the_first_node(tls: Tls, breaks: impl Fn(&Cluster)) {
    let cluster = enforcing(tls).nodes(3).start().unwrap();
    let made = Recorder::default();
    let mut moved_on = 0;
    // A connector meets the broken node once, and then knows better.
    for round in 0..10 {
        // Without a refresh, the broken node stays in the list for the whole round.
        let connector =
            connector(&cluster).active_refresh_interval(Duration::from_secs(3600)).build().unwrap();
        let client =
            client_noting(&made, &connector, |config| config.retry_config(RetryConfig::disabled()))
                .await;
        connector.refresh().await.unwrap();
        if round == 0 {
            create_table(&client).await;
        }
        let broken = cluster.node(0);
        let before = data_requests(&cluster)[0];
        breaks(&cluster);
        disconnect(&broken).await;
        // Round robin brings one of three to it.
        for i in 0..3 {
            put(&client, format!("{round}/{i}")).await.unwrap();
        }
        assert_eq!(data_requests(&cluster)[0], before);
        assert_eq!(node_stats(&connector, &broken).connect_failures, 1);
        moved_on += connector.stats().redispatched;
        drop((client, connector));
        broken.heal();
        broken.start().unwrap();
    }
    assert!(moved_on >= 10, "{moved_on}");
    let arrived = heads(&cluster);
    assert_eq!((arrived.len(), made.count()), (31, 31));
    arrived.iter().for_each(|arrived| made.assert_unchanged(arrived));
}

#[tokio::test]
async fn a_request_arrives_unchanged_after_a_node_that_refuses() {
    for tls in [Tls::Off, Tls::Server] {
        while_the_first_node(tls, |cluster| cluster.node(0).inject(Fault::Refuse)).await;
    }
}

#[tokio::test]
async fn a_request_arrives_unchanged_after_a_node_that_is_dead() {
    for tls in [Tls::Off, Tls::Server] {
        while_the_first_node(tls, |cluster| cluster.node(0).stop()).await;
    }
}

#[tokio::test]
async fn a_request_arrives_unchanged_after_a_node_that_resets_handshakes() {
    for fault in [Fault::ResetOnAccept, Fault::ResetDuringTls] {
        while_the_first_node(Tls::Server, |cluster| {
            cluster.node(0).inject(fault.clone());
        })
        .await;
    }
}

/// Without TLS the reset may come before or after the request was written. Whatever arrives
/// anywhere is as it was signed, whether the connector moved it on or the SDK made it anew.
#[tokio::test]
async fn what_arrives_among_resets_and_closed_connections_was_made_by_the_sdk() {
    let cluster = enforcing(Tls::Off).nodes(3).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let made = Recorder::default();
    let client =
        client_noting(&made, &connector, |config| config.retry_config(RetryConfig::disabled()))
            .await;
    create_table(&client).await;
    eventually_routes_to(&connector, &cluster.nodes()).await;
    cluster.node(0).inject(Fault::ResetOnAccept);
    disconnect(&cluster.node(0)).await;

    let writers: Vec<_> = (0..4).map(|w| tokio::spawn(write(client.clone(), w))).collect();
    while !writers.iter().all(|w| w.is_finished()) {
        cluster.node(1).close_idle();
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let arrived = heads(&cluster);
    assert!(arrived.len() > 100, "{}", arrived.len());
    arrived.iter().for_each(|arrived| made.assert_unchanged(arrived));
}

async fn write(client: Client, writer: u32) {
    for i in 0..100 {
        // Some fail, because a reset after the request was written is reported.
        let _ = put(&client, format!("{writer}/{i}")).await;
    }
}
