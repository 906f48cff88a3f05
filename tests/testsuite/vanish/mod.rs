//! A host that vanishes without a word is noticed on its open connections within seconds, though
//! nobody has set a timeout.
//!
//! On Linux, where the test cluster can do that to a node.
#![cfg(target_os = "linux")]

use std::time::Duration;

use alternator_connector::{AlternatorConnector, Error};
use alternator_testcluster::{Cluster, Fault, Node, Scope, Tls};
use http::StatusCode;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::direct::{HOUR, connector_with_ca, get_item, send_direct};
use crate::support::{TABLE, client, connector, data_requests, eventually, s};

/// Six times as long as it takes.
const SECONDS: Duration = Duration::from_secs(30);

fn start(tls: Tls) -> Cluster {
    Cluster::builder().nodes(3).tls(tls).canned("GetItem", "{}").start().unwrap()
}

/// So many requests under way, some of them on each node.
async fn under_way(
    cluster: &Cluster,
    connector: &AlternatorConnector,
    count: u64,
) -> JoinSet<Result<StatusCode, Error>> {
    connector.refresh().await.unwrap();
    let mut requests = JoinSet::new();
    for node in cluster.nodes() {
        node.inject(Fault::Hang(Scope::Data));
    }
    for _ in 0..count {
        let answer = send_direct(connector, get_item());
        requests.spawn(async { answer.await.map(|(status, _)| status) });
    }
    let received = || data_requests(cluster);
    eventually("all are sent", async || received().iter().sum::<u64>() == count).await;
    assert!(received().iter().all(|count| *count > 0), "{:?}", received());
    requests
}

/// Connections that wait for a request to this node.
fn idle(connector: &AlternatorConnector, node: &Node) -> usize {
    let stats = connector.stats().nodes;
    let mut stats = stats.iter().filter(|stats| stats.address == node.addr());
    stats.next().map_or(0, |stats| stats.connections_idle)
}

/// So many connections, some of them to each node, on which it waits for a request.
async fn warm(cluster: &Cluster, connector: &AlternatorConnector, count: u64) {
    let requests = under_way(cluster, connector, count).await;
    for node in cluster.nodes() {
        node.heal();
    }
    assert!(requests.join_all().await.iter().all(Result::is_ok));
    assert!(cluster.nodes().iter().all(|node| idle(connector, node) > 0));
}

#[tokio::test]
async fn requests_under_way_on_a_host_that_vanishes_end_and_no_others_do() {
    let vanish = async |tls| {
        let cluster = start(tls);
        let connector = connector_with_ca(&cluster).build().unwrap();
        let requests = under_way(&cluster, &connector, 24).await;
        let lost = cluster.node(0).stats().data_requests();
        cluster.node(0).inject(Fault::Vanish);
        cluster.node(1).heal();
        cluster.node(2).heal();
        let ended = timeout(SECONDS, requests.join_all()).await;
        let (answered, failed): (Vec<_>, Vec<_>) =
            ended.expect("all end within seconds").into_iter().partition(Result::is_ok);
        assert_eq!((failed.len() as u64, answered.len() as u64), (lost, 24 - lost));
        for error in failed {
            let error = error.unwrap_err();
            let of = cluster.node(0).addr();
            assert!(matches!(error, Error::Unanswered { node, .. } if node == of), "{error}");
        }
    };
    tokio::join!(vanish(Tls::Off), vanish(Tls::Server));
}

#[tokio::test]
async fn requests_to_a_host_that_has_vanished_succeed_elsewhere() {
    let vanish = async |tls| {
        let cluster = start(tls);
        let connector = connector_with_ca(&cluster).active_refresh_interval(HOUR).build().unwrap();
        warm(&cluster, &connector, 30).await;
        cluster.node(0).inject(Fault::Vanish);
        // With the SDK's own retries, and none of its timeouts.
        let client = client(&connector).await;
        let mut requests = JoinSet::new();
        for _ in 0..30 {
            let get = client.get_item().table_name(TABLE).key("pk", s("x"));
            requests.spawn(get.send());
        }
        let ended = timeout(SECONDS, requests.join_all()).await.expect("all end within seconds");
        assert!(ended.iter().all(Result::is_ok), "{ended:?}");
    };
    tokio::join!(vanish(Tls::Off), vanish(Tls::Server));
}

#[tokio::test]
async fn idle_connections_to_a_host_that_has_vanished_are_closed() {
    let cluster = start(Tls::Off);
    let connector = connector(&cluster).active_refresh_interval(HOUR).build().unwrap();
    warm(&cluster, &connector, 90).await;
    let (gone, there) = (cluster.node(0), cluster.node(1));
    // Each refresh sweeps, and may itself use up a connection by asking.
    let refreshes = 20;
    assert!(idle(&connector, &gone) > refreshes);
    gone.inject(Fault::Vanish);
    for _ in 0..refreshes {
        connector.refresh().await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        if idle(&connector, &gone) == 0 {
            break;
        }
    }
    assert_eq!(idle(&connector, &gone), 0);
    assert!(idle(&connector, &there) > 0);
}
