//! Connections of a node: how many there may be, and when they are given back or closed.

use std::time::Duration;

use alternator_connector::{AlternatorConnector, Error};
use alternator_testcluster::{Cluster, Delay, Fault, Scope};
use http::StatusCode;
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::support::direct::{HOUR, get_item, send_direct};
use crate::support::{connector, eventually};

fn start(nodes: usize) -> Cluster {
    Cluster::builder().nodes(nodes).canned("GetItem", "{}").start().unwrap()
}

/// A connector with so many connections to each node, which waits for one rather than give up.
async fn limited(cluster: &Cluster, connections: usize) -> AlternatorConnector {
    let connector = connector(cluster)
        .active_refresh_interval(HOUR)
        .connect_timeout(Duration::from_secs(60))
        .connect_budget(Duration::from_secs(120))
        .max_connections_per_node(connections)
        .build()
        .unwrap();
    connector.refresh().await.unwrap();
    connector
}

async fn in_flight(connector: &AlternatorConnector, requests: usize) {
    eventually("slots are taken or freed", async || {
        connector.stats().nodes[0].in_flight == requests
    })
    .await;
}

#[tokio::test]
async fn a_dropped_request_frees_its_slot_and_closes_its_connection() {
    for fault in [Fault::Hang(Scope::Data), Fault::DropSyns] {
        let cluster = start(1);
        let connector = limited(&cluster, 1).await;
        let node = cluster.node(0);
        node.inject(fault.clone());
        if matches!(fault, Fault::DropSyns) {
            node.close_idle();
        }
        let hung = tokio::spawn(send_direct(&connector, get_item()));
        in_flight(&connector, 1).await;
        let waiting = tokio::spawn(send_direct(&connector, get_item()));
        if let Fault::Hang(_) = fault {
            eventually("it is sent", async || node.stats().data_requests() == 1).await;
        }
        hung.abort();
        assert!(hung.await.unwrap_err().is_cancelled());
        node.heal();
        assert_eq!(waiting.await.unwrap().unwrap().0, StatusCode::OK);
        in_flight(&connector, 0).await;
        eventually("one connection is open", async || node.stats().open == 1).await;
        send_direct(&connector, get_item()).await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_that_nobody_reads_frees_its_slot_and_closes_its_connection() {
    let cluster = Cluster::builder().canned("GetItem", vec![b' '; 4 << 20]).start().unwrap();
    let connector = limited(&cluster, 1).await;
    for _ in 0..5 {
        let idle = connector.stats().nodes[0].connections_idle;
        let response = connector.clone().oneshot(get_item()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(connector.stats().nodes[0].in_flight, 1);
        drop(response);
        let stats = &connector.stats().nodes[0];
        assert_eq!((stats.in_flight, stats.connections_idle), (0, idle.saturating_sub(1)));
    }
    let node = cluster.node(0);
    eventually("they are closed", async || node.stats().open == 0).await;
}

#[tokio::test]
async fn a_request_that_its_caller_gives_up_counts_as_failed() {
    let cluster = start(1);
    let connector = limited(&cluster, 1).await;
    let node = cluster.node(0);
    node.inject(Fault::Hang(Scope::Data));
    let hung = tokio::spawn(send_direct(&connector, get_item()));
    eventually("it is sent", async || node.stats().data_requests() == 1).await;
    hung.abort();
    assert!(hung.await.unwrap_err().is_cancelled());
    let stats = &connector.stats().nodes[0];
    assert_eq!((stats.requests, stats.failures, stats.connect_failures), (1, 1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_never_has_more_connections_than_the_limit() {
    let cluster = start(3);
    let connector = limited(&cluster, 4).await;
    for node in cluster.nodes() {
        node.inject(Fault::Slow(Delay::Fixed(Duration::from_millis(5))));
    }
    for _ in 0..4 {
        let mut requests = JoinSet::new();
        for _ in 0..64 {
            requests.spawn(send_direct(&connector, get_item()));
        }
        for answered in requests.join_all().await {
            assert_eq!(answered.unwrap().0, StatusCode::OK);
        }
    }
    for node in cluster.nodes() {
        let stats = node.stats();
        // Discovery does not wait for a slot, and may have opened one more.
        assert!((2..=5).contains(&stats.connections), "{stats:?}");
    }
    assert!(connector.stats().nodes.iter().all(|n| n.in_flight == 0));
}

#[tokio::test]
async fn a_busy_node_is_passed_over_and_named_when_there_is_no_other() {
    let cluster = start(2);
    let connector = connector(&cluster)
        .active_refresh_interval(HOUR)
        .connect_timeout(Duration::from_millis(100))
        .max_connections_per_node(1)
        .build()
        .unwrap();
    cluster.node(0).inject(Fault::Hang(Scope::Data));
    let hung = tokio::spawn({
        let connector = connector.clone();
        async move { while send_direct(&connector, get_item()).await.is_ok() {} }
    });
    let is_hung = async || cluster.node(0).stats().data_requests() == 1;
    eventually("one node is busy", is_hung).await;
    for _ in 0..4 {
        send_direct(&connector, get_item()).await.unwrap();
    }
    cluster.node(1).stop();
    let error = send_direct(&connector, get_item()).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }));
    assert!(error.to_string().contains("max_connections_per_node"), "{error}");
    hung.abort();
}

/// A connector with one connection to each node, for which so many requests may wait.
async fn queueing(cluster: &Cluster, waiting: usize) -> AlternatorConnector {
    let connector = connector(cluster)
        .active_refresh_interval(HOUR)
        .connect_timeout(Duration::from_secs(60))
        .connect_budget(Duration::from_secs(120))
        .max_connections_per_node(1)
        .max_waiting_per_node(waiting)
        .build()
        .unwrap();
    connector.refresh().await.unwrap();
    connector
}

#[tokio::test]
async fn no_more_requests_wait_than_the_limit_and_the_others_are_told_at_once() {
    let cluster = start(1);
    let connector = queueing(&cluster, 2).await;
    cluster.node(0).inject(Fault::Hang(Scope::Data));
    let mut requests = JoinSet::new();
    for _ in 0..8 {
        requests.spawn(send_direct(&connector, get_item()));
    }
    for _ in 0..5 {
        let error = requests.join_next().await.unwrap().unwrap().unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }));
        assert!(error.to_string().contains("max_waiting_per_node"), "{error}");
    }
    assert_eq!(connector.stats().nodes[0].connect_failures, 0);
    cluster.node(0).heal();
    let answers = requests.join_all().await;
    assert_eq!(answers.len(), 3);
    assert!(answers.iter().all(Result::is_ok));
}

#[tokio::test]
async fn where_none_may_wait_requests_go_to_another_node() {
    let cluster = start(2);
    let connector = queueing(&cluster, 0).await;
    let hung = cluster.node(0);
    hung.inject(Fault::Hang(Scope::Data));
    let occupying = tokio::spawn({
        let connector = connector.clone();
        async move { while send_direct(&connector, get_item()).await.is_ok() {} }
    });
    let is_hung = async || hung.stats().data_requests() == 1;
    eventually("one node is busy", is_hung).await;
    for _ in 0..8 {
        send_direct(&connector, get_item()).await.unwrap();
    }
    assert_eq!(hung.stats().data_requests(), 1);
    occupying.abort();
}

#[tokio::test]
async fn idle_connections_expire() {
    let cluster = start(1);
    let connector =
        connector(&cluster).idle_connection_timeout(Duration::from_millis(300)).build().unwrap();
    let node = cluster.node(0);
    node.inject(Fault::Hang(Scope::Data));
    let mut requests = JoinSet::new();
    for _ in 0..16 {
        requests.spawn(send_direct(&connector, get_item()));
    }
    eventually("all are sent", async || node.stats().data_requests() == 16).await;
    node.heal();
    assert!(requests.join_all().await.iter().all(Result::is_ok));
    assert!(node.stats().open >= 16);
    // Discovery goes on, with a connection or two.
    eventually("they expire", async || node.stats().open <= 2).await;
    send_direct(&connector, get_item()).await.unwrap();
}
