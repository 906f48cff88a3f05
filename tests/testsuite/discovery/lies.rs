//! What is not an answer changes nothing, and what no node would say is not believed.

use std::time::Duration;

use alternator_testcluster::{Fault, Gossip, Lie};

use crate::discovery::{NEVER, cluster, refreshing_on_demand};
use crate::support::{
    addrs, client_without_retries, eventually, eventually_routes_to, ping, routes,
};

/// Answers that are none, and answers that list nobody.
fn useless() -> Vec<Lie> {
    let garbage = |body: &str| Lie::Garbage(body.as_bytes().to_vec());
    vec![
        garbage(""),
        garbage("<html>it works</html>"),
        garbage(r#"{"nodes": ["127.0.0.1"]}"#),
        garbage(r#"["127.0.0.1", "#),
        Lie::Garbage(vec![0xff; 64 << 10]),
        Lie::Garbage(vec![b'['; 900_000]),
        Lie::Status(500),
        Lie::Status(404),
        Lie::Status(204),
        Lie::Status(301),
        Lie::Truncated,
        Lie::Reset,
        Lie::NeverEnding,
        Lie::Huge(500_000),
        Lie::Empty,
        Lie::Only(vec![String::new()]),
        Lie::Only(vec!["9e6b3b5c-0b9e-4c0c-9f0e-7f1f6d9f1b2a".into()]),
        Lie::Only(vec!["0.0.0.0".into(), "255.255.255.255".into(), "::".into()]),
    ]
}

#[tokio::test]
async fn a_useless_answer_of_every_node_keeps_the_list_and_is_an_error() {
    let cluster = cluster(3);
    // Some of these answers keep a debug build busy.
    let connector = refreshing_on_demand(&cluster).read_timeout(NEVER).build().unwrap();
    let client = client_without_retries(&connector).await;
    connector.refresh().await.unwrap();
    for lie in useless() {
        for node in cluster.nodes() {
            node.inject(Fault::LocalNodes(lie.clone()));
        }
        // Longer than it takes for a node to be dropped that nobody lists.
        for _ in 0..4 {
            let refreshed = connector.refresh().await;
            assert!(refreshed.is_err(), "{lie:?}");
            assert_eq!(routes(&connector), addrs(&cluster.nodes()), "{lie:?}");
        }
        ping(&client).await.unwrap();
    }
    for node in cluster.nodes() {
        node.heal();
    }
    connector.refresh().await.unwrap();
    assert_eq!(connector.stats().redispatched, 0);
}

#[tokio::test]
async fn a_useless_answer_of_one_node_changes_nothing() {
    let cluster = cluster(3);
    let connector = refreshing_on_demand(&cluster).build().unwrap();
    connector.refresh().await.unwrap();
    for lie in useless() {
        cluster.node(1).inject(Fault::LocalNodes(lie.clone()));
        for _ in 0..4 {
            connector.refresh().await.unwrap();
            assert_eq!(routes(&connector), addrs(&cluster.nodes()), "{lie:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let cluster = cluster(1);
    cluster.node(0).inject(Fault::LocalNodes(Lie::NeverEnding));
    let connector = refreshing_on_demand(&cluster)
        .discovery_timeout(Duration::from_secs(3600))
        .build()
        .unwrap();
    let refreshed = tokio::time::timeout(Duration::from_secs(60), connector.refresh());
    assert!(refreshed.await.expect("it ends by its size").is_err());
    assert!(cluster.node(0).stats().bytes_out < 16 << 20);
}

#[tokio::test]
async fn what_is_listed_with_another_status_than_200_is_not_believed() {
    let cluster = cluster(3);
    let connector = refreshing_on_demand(&cluster).build().unwrap();
    connector.refresh().await.unwrap();
    for node in cluster.nodes() {
        node.inject(Fault::LocalNodes(Lie::Status(500)));
    }
    let added = cluster.add_node("dc1", "rack1").unwrap();
    assert!(connector.refresh().await.is_err());
    assert!(!routes(&connector).contains(&added.addr()));
    assert_eq!(added.stats().connections, 0);
}

#[tokio::test]
async fn entries_that_are_no_addresses_are_skipped_and_the_others_kept() {
    let cluster = cluster(3);
    let mut entries: Vec<String> = [
        "9e6b3b5c-0b9e-4c0c-9f0e-7f1f6d9f1b2a",
        "",
        "localhost",
        "127.0.0.3:8000",
        "[::1]",
        "127.0.0",
        "224.0.0.1",
    ]
    .map(String::from)
    .to_vec();
    entries.extend(cluster.nodes().iter().map(|n| n.addr().ip().to_string()));
    for node in cluster.nodes() {
        node.inject(Fault::LocalNodes(Lie::Only(entries.clone())));
    }
    let connector =
        crate::discovery::refreshing_on_demand_from([&cluster.node(0)]).build().unwrap();
    connector.refresh().await.unwrap();
    assert_eq!(routes(&connector), addrs(&cluster.nodes()));
}

#[tokio::test]
async fn addresses_that_do_not_answer_get_no_request_however_many_are_listed() {
    let cluster = cluster(3);
    let connector = refreshing_on_demand(&cluster).build().unwrap();
    let client = client_without_retries(&connector).await;
    let nowhere = (1..=200).map(|i| format!("127.77.0.{i}")).collect();
    cluster.node(0).inject(Fault::LocalNodes(Lie::Only(nowhere)));
    for _ in 0..5 {
        connector.refresh().await.unwrap();
        assert_eq!(routes(&connector), addrs(&cluster.nodes()));
        ping(&client).await.unwrap();
    }
    assert_eq!(connector.stats().redispatched, 0);
}

#[tokio::test]
async fn ten_thousand_false_entries_do_not_hide_a_new_node() {
    let cluster = cluster(3);
    let newcomer = cluster.node(2);
    newcomer.set_gossip(Gossip::Joining);
    // Addresses set aside for benchmarks, which nobody has: connects to them hang.
    let nowhere = (0..10_000).map(|i| format!("198.18.{}.{}", i / 250, i % 250 + 1)).collect();
    cluster.node(0).inject(Fault::LocalNodes(Lie::Only(nowhere)));
    let connector = refreshing_on_demand(&cluster)
        .active_refresh_interval(Duration::from_millis(100))
        .discovery_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    let client = client_without_retries(&connector).await;
    ping(&client).await.unwrap();
    eventually("the node that does not count itself in leaves", async || {
        !routes(&connector).contains(&newcomer.addr())
    })
    .await;
    newcomer.set_gossip(Gossip::Normal);
    eventually_routes_to(&connector, &cluster.nodes()).await;
}
