//! Requests of an unmodified client reach all nodes evenly, whatever becomes of some.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

use alternator_testcluster::Cluster;
use support::*;

#[tokio::test]
async fn every_node_gets_the_same_share() {
    let cluster = Cluster::builder()
        .nodes(3)
        .auth(USER.0, USER.1)
        .start()
        .unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client = client(&connector).await;
    create_table(&client).await;
    let before = data_requests(&cluster);
    for i in 0..300 {
        client
            .put_item()
            .table_name(TABLE)
            .item("pk", s(i.to_string()))
            .send()
            .await
            .unwrap();
    }
    let after = data_requests(&cluster);
    let share: Vec<_> = after.iter().zip(&before).map(|(a, b)| a - b).collect();
    assert_eq!(share, [100, 100, 100]);
    for node in connector.stats().nodes {
        assert!(node.connections_opened <= 2, "{node:?}");
    }
}

#[tokio::test]
async fn survivors_share_the_load_of_a_dead_node_evenly() {
    for nodes in [3, 5, 9] {
        let cluster = Cluster::builder()
            .nodes(nodes)
            .auth(USER.0, USER.1)
            .start()
            .unwrap();
        // Without a refresh, the dead node stays in the list for the whole test.
        let connector = connector(&cluster)
            .active_refresh_interval(std::time::Duration::from_secs(3600))
            .build()
            .unwrap();
        let client = client_without_retries(&connector).await;
        create_table(&client).await;
        eventually_routes_to(&connector, &cluster.nodes()).await;
        cluster.node(0).stop();
        let before = data_requests(&cluster);
        let requests = 1500 * nodes as u64;
        for _ in 0..requests {
            client
                .get_item()
                .table_name(TABLE)
                .key("pk", s("x"))
                .send()
                .await
                .unwrap();
        }
        let share: Vec<_> = data_requests(&cluster)
            .iter()
            .zip(&before)
            .map(|(a, b)| a - b)
            .collect();
        let even = requests as f64 / (nodes - 1) as f64;
        println!("{share:?}");
        assert_eq!(share[0], 0);
        assert_eq!(share.iter().sum::<u64>(), requests);
        for n in &share[1..] {
            assert!(
                (*n as f64 - even).abs() <= 0.02 * even,
                "{share:?} of {requests}"
            );
        }
    }
}
