//! Requests reach all nodes evenly, whatever becomes of some.

use alternator_connector::{AlternatorConnector, Policy};
use alternator_testcluster::Cluster;
use tokio::task::JoinSet;

use crate::support::direct::{HOUR, get_item, header, send_direct};
use crate::support::{
    TABLE, USER, client, connector, create_table, data_requests, s, with_attempt_headers,
};

#[tokio::test]
async fn every_node_gets_the_same_share() {
    let cluster = Cluster::builder().nodes(3).auth(USER.0, USER.1).start().unwrap();
    let connector = connector(&cluster).policy(Policy::RoundRobin).build().unwrap();
    let client = client(&connector).await;
    create_table(&client).await;
    let before = data_requests(&cluster);
    for i in 0..300 {
        client.put_item().table_name(TABLE).item("pk", s(i.to_string())).send().await.unwrap();
    }
    let after = data_requests(&cluster);
    let share: Vec<_> = after.iter().zip(&before).map(|(a, b)| a - b).collect();
    assert_eq!(share, [100, 100, 100]);
    for node in connector.stats().nodes {
        assert!(node.connections_opened <= 2, "{node:?}");
    }
}

/// A cluster of which one node is dead, and a connector that has it in its list for the whole test.
async fn with_a_dead_node(nodes: usize, policy: Policy) -> (Cluster, AlternatorConnector) {
    let cluster = Cluster::builder()
        .nodes(nodes)
        .canned("GetItem", "{}")
        .record(false)
        .failure_detection(HOUR)
        .start()
        .unwrap();
    let connector =
        connector(&cluster).active_refresh_interval(HOUR).policy(policy).build().unwrap();
    connector.refresh().await.unwrap();
    cluster.node(0).stop();
    (cluster, connector)
}

/// Sends requests, several at once, and returns how many of them each node got.
async fn shares(cluster: &Cluster, connector: &AlternatorConnector, requests: u64) -> Vec<u64> {
    const AT_ONCE: u64 = 8;
    let mut workers = JoinSet::new();
    for worker in 0..AT_ONCE {
        let connector = connector.clone();
        workers.spawn(async move {
            for _ in (worker..requests).step_by(AT_ONCE as usize) {
                send_direct(&connector, get_item()).await.unwrap();
            }
        });
    }
    workers.join_all().await;
    data_requests(cluster)
}

fn assert_even(shares: &[u64], requests: u64, bound: impl Fn(f64) -> f64) {
    assert_eq!(shares[0], 0, "{shares:?}");
    assert_eq!(shares.iter().sum::<u64>(), requests);
    let even = requests as f64 / (shares.len() - 1) as f64;
    for share in &shares[1..] {
        assert!((*share as f64 - even).abs() <= bound(even), "{shares:?} of {requests}");
    }
}

#[tokio::test]
async fn survivors_share_the_load_of_a_dead_node_evenly() {
    for nodes in [3, 5, 9] {
        let (cluster, connector) = with_a_dead_node(nodes, Policy::RoundRobin).await;
        let requests = 1200 * nodes as u64;
        let shares = shares(&cluster, &connector, requests).await;
        assert_even(&shares, requests, |even| 0.02 * even);
    }
}

#[tokio::test]
async fn fresh_clients_do_not_all_begin_with_the_same_node() {
    for policy in [Policy::PeakEwma, Policy::RoundRobin] {
        let cluster = Cluster::builder().nodes(3).canned("GetItem", "{}").start().unwrap();
        for _ in 0..60 {
            let fresh = connector(&cluster).policy(policy).build().unwrap();
            send_direct(&fresh, get_item()).await.unwrap();
        }
        // That 60 clients miss one of three nodes happens once in 10^10.
        let shares = data_requests(&cluster);
        assert!(shares.iter().all(|n| *n > 0), "{shares:?}");
        assert_eq!(shares.iter().sum::<u64>(), 60);
    }
}

#[tokio::test]
async fn a_dead_node_costs_the_sdk_neither_an_error_nor_a_retry() {
    for policy in [Policy::PeakEwma, Policy::RoundRobin] {
        let cluster = Cluster::builder()
            .nodes(3)
            .auth(USER.0, USER.1)
            .failure_detection(HOUR)
            .start()
            .unwrap();
        create_table(&client(&connector(&cluster).build().unwrap()).await).await;
        // It knows nothing yet that would let it prefer one node to another, so that all of them
        // are tried.
        let connector = with_attempt_headers(connector(&cluster)).policy(policy).build().unwrap();
        let client = client(&connector).await;
        connector.refresh().await.unwrap();
        cluster.node(0).stop();
        // That chance never meets one of three nodes happens once in 10^10.
        for _ in 0..60 {
            client.get_item().table_name(TABLE).key("pk", s("x")).send().await.unwrap();
        }
        let attempts: Vec<_> = cluster
            .nodes()
            .into_iter()
            .flat_map(|n| n.heads())
            .filter_map(|head| header(&head, "amz-sdk-request"))
            .collect();
        assert_eq!(attempts.len(), 60);
        for attempt in attempts {
            assert!(attempt.contains("attempt=1;"), "{attempt}");
        }
        assert!(connector.stats().redispatched > 0, "{policy:?}");
    }
}
