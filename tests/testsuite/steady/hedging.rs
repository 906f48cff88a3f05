//! A read that waits unusually long is sent to a second node, where the user asks for it. Nothing
//! else is ever sent twice.

use alternator_connector::{AlternatorConnector, Hedging, Policy};
use alternator_testcluster::{ApiError, Cluster, Fault, Node, Scope};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;

use crate::steady::{
    connector_and_client, get, millis, read_one_by_one, read_side_by_side, refreshing_on_demand,
    server_error, slow, start,
};
use crate::support::{TABLE, eventually, node_stats, s, serves, user_requests};

/// Round robin, so that every node gets reads, however slow it is.
async fn hedged(cluster: &Cluster, hedging: Hedging) -> (AlternatorConnector, Client) {
    let builder = refreshing_on_demand(cluster).policy(Policy::RoundRobin);
    connector_and_client(builder.hedging(hedging)).await
}

fn received(cluster: &Cluster) -> u64 {
    user_requests(cluster).iter().sum()
}

#[tokio::test]
async fn a_read_that_hangs_on_one_node_is_answered_by_another() {
    let cluster = start(3);
    let (connector, client) = hedged(&cluster, Hedging::after(millis(50)).budget(1.0)).await;
    let hung = cluster.node(0);
    hung.inject(Fault::Hang(Scope::Data));
    read_one_by_one(&cluster, &client, 30).await;
    let hedges = connector.stats().hedged;
    assert_eq!(received(&cluster), 30 + hedges);
    // Round robin brings every third read there.
    assert!(hedges >= 10, "{hedges}");
    // Whoever lost is no more: neither here nor there is anything left of it.
    assert_eq!(node_stats(&connector, &hung).in_flight, 0);
    eventually("its connections are closed", async || {
        hung.stats().open as usize == node_stats(&connector, &hung).connections_idle
    })
    .await;
    assert_eq!(hung.stats().executed, 0);
}

#[tokio::test]
async fn the_p95_of_earlier_reads_is_a_delay_too() {
    let cluster = start(3);
    let (connector, client) = hedged(&cluster, Hedging::p95().budget(1.0)).await;
    read_one_by_one(&cluster, &client, 100).await;
    let before = connector.stats().hedged;
    cluster.node(0).inject(Fault::Hang(Scope::Data));
    read_one_by_one(&cluster, &client, 30).await;
    let hedges = connector.stats().hedged;
    assert_eq!(received(&cluster), 130 + hedges);
    assert!(hedges - before >= 10, "{before} {hedges}");
}

#[tokio::test]
async fn writes_are_sent_once_however_long_they_take() {
    let cluster = start(3);
    let (connector, client) = hedged(&cluster, Hedging::after(millis(5)).budget(1.0)).await;
    for node in cluster.nodes() {
        node.inject(slow(millis(60)));
    }
    for _ in 0..6 {
        client.put_item().table_name(TABLE).item("pk", s("x")).send().await.unwrap();
        client.update_item().table_name(TABLE).key("pk", s("x")).send().await.unwrap();
        client.delete_item().table_name(TABLE).key("pk", s("x")).send().await.unwrap();
    }
    assert_eq!((received(&cluster), connector.stats().hedged), (18, 0));
    // Reads by the same client are.
    read_one_by_one(&cluster, &client, 6).await;
    assert_eq!(connector.stats().hedged, 6);
    assert_eq!(received(&cluster), 18 + 12);
    let executed = |operation| {
        let of_node = |node: &Node| node.stats().executed_by_operation.get(operation).copied();
        cluster.nodes().iter().filter_map(of_node).sum::<u64>()
    };
    for operation in ["PutItem", "UpdateItem", "DeleteItem"] {
        assert_eq!(executed(operation), 6, "{operation}");
    }
}

/// Whichever of the two a read meets first, the one that answers well is waited for.
#[tokio::test]
async fn an_error_is_never_preferred_to_an_answer_on_its_way() {
    for _ in 0..2 {
        let cluster = start(2);
        let (_, client) = hedged(&cluster, Hedging::after(millis(20)).budget(1.0)).await;
        cluster.node(0).inject(slow(millis(400)));
        cluster.node(1).inject(server_error());
        cluster.node(1).inject(slow(millis(150)));
        get(&client).await.unwrap();
        get(&client).await.unwrap();
        // By round robin, either of them was the first choice once.
        assert_eq!(received(&cluster), 4);
    }
}

#[tokio::test]
async fn where_both_fail_the_error_is_that_of_the_first() {
    // Whichever of the two answers first.
    for delays in [[400, 100], [100, 400]] {
        let cluster = start(2);
        let (connector, client) = hedged(&cluster, Hedging::after(millis(20)).budget(1.0)).await;
        let next = connector.next_node().unwrap();
        let (first, second): (Vec<_>, Vec<_>) =
            cluster.nodes().into_iter().partition(|n| n.addr() == next);
        for (node, name, delay) in
            [(&first[0], "of the first", delays[0]), (&second[0], "of the second", delays[1])]
        {
            node.inject(Fault::Answer(ApiError::new("InternalServerError", name)));
            node.inject(slow(millis(delay)));
        }
        let error = DisplayErrorContext(get(&client).await.unwrap_err()).to_string();
        assert!(error.contains("of the first"), "{error}");
        assert_eq!(received(&cluster), 2);
    }
}

#[tokio::test]
async fn hedges_are_no_more_than_the_budget() {
    let cluster = start(3);
    let (connector, client) = hedged(&cluster, Hedging::after(millis(2)).budget(0.1)).await;
    for node in cluster.nodes() {
        // Long enough for each hedge to be written before the other request is answered.
        node.inject(slow(millis(400)));
    }
    read_side_by_side(&cluster, &client, 300, 20).await;
    let hedges = connector.stats().hedged;
    assert_eq!(received(&cluster), 300 + hedges);
    // All of them are due, so what is paid for is used, but for what was saved up when the last of
    // them ended.
    assert!((20..=30).contains(&hedges), "{hedges}");
}

#[tokio::test]
async fn without_the_option_nothing_is_sent_twice() {
    let cluster = start(3);
    let (connector, client) = connector_and_client(refreshing_on_demand(&cluster)).await;
    for node in cluster.nodes() {
        node.inject(slow(millis(100)));
    }
    read_side_by_side(&cluster, &client, 60, 20).await;
    assert_eq!((received(&cluster), connector.stats().hedged), (60, 0));
}

#[tokio::test]
async fn a_cluster_of_one_node_is_never_hedged() {
    let cluster = start(1);
    let (connector, client) = hedged(&cluster, Hedging::after(millis(5)).budget(1.0)).await;
    cluster.node(0).inject(slow(millis(60)));
    read_one_by_one(&cluster, &client, 10).await;
    assert_eq!((received(&cluster), connector.stats().hedged), (10, 0));
}

#[tokio::test]
async fn a_node_that_is_out_gets_no_hedge() {
    let cluster = start(2);
    let (connector, client) = hedged(&cluster, Hedging::after(millis(5)).budget(1.0)).await;
    let dead = cluster.node(1);
    dead.stop();
    eventually("it is found out", async || {
        get(&client).await.unwrap();
        !serves(&connector, &dead)
    })
    .await;
    cluster.node(0).inject(slow(millis(60)));
    let before = (received(&cluster), connector.stats().hedged);
    read_one_by_one(&cluster, &client, 10).await;
    let after = (received(&cluster), connector.stats().hedged);
    assert_eq!((after.0 - before.0, after.1 - before.1), (10, 0));
}
