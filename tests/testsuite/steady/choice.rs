//! Who gets how many requests, by default: those that answer sooner.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use alternator_connector::AlternatorConnector;
use alternator_testcluster::{ApiError, Cluster, Fault, Scope};
use aws_sdk_dynamodb::Client;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::steady::{
    connector_and_client, get, millis, read_one_by_one, read_side_by_side, refreshing_on_demand,
    slow, start, user_requests_since,
};
use crate::support::direct::HOUR;
use crate::support::{eventually, node_stats, user_requests, user_requests_of, within};

/// Three nodes that take this long for each answer.
async fn taking(delays: [u64; 3]) -> (Cluster, AlternatorConnector, Client) {
    let cluster = start(3);
    // However busy the machine is, no request runs into a timeout.
    let builder = refreshing_on_demand(&cluster).read_timeout(HOUR);
    let (connector, client) = connector_and_client(builder).await;
    for (node, delay) in cluster.nodes().iter().zip(delays) {
        node.inject(slow(millis(delay)));
    }
    (cluster, connector, client)
}

#[tokio::test]
async fn equal_nodes_get_about_equal_shares() {
    let (cluster, _, client) = taking([200; 3]).await;
    for shares in [
        read_one_by_one(&cluster, &client, 60).await,
        read_side_by_side(&cluster, &client, 360, 12).await,
    ] {
        let even = shares.iter().sum::<u64>() / 3;
        assert!(shares.iter().all(|n| *n >= even / 2), "{shares:?}");
    }
}

#[tokio::test]
async fn a_node_50_times_slower_gets_next_to_nothing() {
    let (cluster, _, client) = taking([500, 10, 10]).await;
    let shares = read_side_by_side(&cluster, &client, 600, 6).await;
    // At first, as many as there are clients may find out.
    assert!(shares[0] <= 12, "{shares:?}");
}

/// The requests of such a client never overlap, so that nothing but what it remembers tells it of a
/// slow node.
#[tokio::test]
async fn a_client_with_few_requests_leaves_a_slow_node_alone_too() {
    let (cluster, _, client) = taking([1000, 1, 1]).await;
    let before = user_requests(&cluster);
    let mut ticks = interval(millis(100));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..30 {
        ticks.tick().await;
        get(&client).await.unwrap();
    }
    let shares = user_requests_since(&cluster, &before);
    assert!(shares[0] <= 2, "{shares:?}");
}

#[tokio::test]
async fn a_node_that_turns_slow_is_left_alone_where_every_condition_fails() {
    let (cluster, _, client) = taking([10; 3]).await;
    read_one_by_one(&cluster, &client, 30).await;
    cluster.node(0).inject(slow(millis(500)));
    for node in cluster.nodes() {
        let failed = ApiError::new("ConditionalCheckFailedException", "it does not hold");
        node.inject(Fault::Answer(failed));
    }
    let before = user_requests(&cluster);
    for _ in 0..60 {
        get(&client).await.unwrap_err();
    }
    let shares = user_requests_since(&cluster, &before);
    assert!(shares[0] <= 6, "{shares:?}");
}

#[tokio::test]
async fn a_node_that_is_fast_again_gets_its_share_again() {
    let (cluster, _, client) = taking([200, 30, 30]).await;
    let shares = read_one_by_one(&cluster, &client, 90).await;
    assert!(shares[0] <= 9, "{shares:?}");
    cluster.node(0).inject(slow(millis(30)));
    within(Duration::from_secs(60), "it gets its share", async || {
        read_one_by_one(&cluster, &client, 60).await[0] >= 10
    })
    .await;
}

/// No timeout is set, so what hangs there stays; nothing else goes there, and nothing waits for it.
#[tokio::test]
async fn a_node_that_hangs_holds_little_more_than_it_had() {
    const WORKERS: usize = 24;
    let (cluster, connector, client) = taking([5; 3]).await;
    let hung = cluster.node(0);
    let done = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        let (client, done) = (client.clone(), Arc::clone(&done));
        workers.spawn(async move {
            while done.load(Relaxed) < usize::MAX / 2 {
                get(&client).await.unwrap();
                done.fetch_add(1, Relaxed);
            }
        });
    }
    let progress = async |requests| {
        let from = done.load(Relaxed);
        eventually("requests go on", async || done.load(Relaxed) >= from + requests).await;
    };
    progress(200).await;
    let share = WORKERS / 3;
    hung.inject(Fault::Hang(Scope::Data));
    progress(200).await;
    let stuck = node_stats(&connector, &hung).in_flight;
    assert!(stuck <= 2 * share, "{stuck} of {WORKERS}");
    let before = user_requests_of(&hung);
    progress(500).await;
    assert!(user_requests_of(&hung) <= before + 1);

    // What hung is answered, and the node is used again.
    hung.heal();
    within(Duration::from_secs(60), "it is used again", async || {
        user_requests_of(&hung) >= before + 50
    })
    .await;
    done.store(usize::MAX / 2, Relaxed);
    workers.join_all().await;
}

/// What it answered before makes it look fast, and its silence must outweigh that soon: requests go
/// on coming.
#[tokio::test]
async fn a_fast_node_that_hangs_is_avoided_before_any_timeout() {
    let (cluster, connector, client) = taking([1, 30, 30]).await;
    read_one_by_one(&cluster, &client, 60).await;
    let hung = cluster.node(0);
    hung.inject(Fault::Hang(Scope::Data));
    let mut gets = JoinSet::new();
    let mut ticks = interval(millis(10));
    for _ in 0..200 {
        ticks.tick().await;
        let client = client.clone();
        gets.spawn(async move { get(&client).await });
    }
    // By their latencies alone it could have thirty at once before another would look better.
    let stuck = node_stats(&connector, &hung).in_flight;
    assert!((1..=10).contains(&stuck), "{stuck}");
    hung.heal();
    for got in gets.join_all().await {
        got.unwrap();
    }
}
