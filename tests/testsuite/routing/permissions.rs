//! A role that may not read the cluster's own tables is served all the same, by what it may know.

use std::time::Duration;

use alternator_connector::{AlternatorConnector, ReplicaSource};
use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use serde_json::json;
use tracing::Level;

use crate::routing::{
    KEYS, create, get, hits, hops, key, knows_the_order, knows_the_replicas, map_of, nine_nodes,
    reading_until, requests_of, until_the_replicas_are_known, with_table,
};
use crate::support::direct::HOUR;
use crate::support::logs::{capture_logs, logged};
use crate::support::{
    TABLE, USER, alternator_client, alternator_client_with_table, conditional_put, connector, s,
    sdk_config, within,
};

const INTERNAL: [&str; 4] = ["system.tablets", "system.token_ring", "system.local", "system.peers"];

fn warnings() -> usize {
    logged(Level::WARN, "GRANT SELECT ON")
}

#[tokio::test]
async fn without_permission_on_tablets_the_ring_tells_the_replicas() {
    capture_logs();
    let cluster = nine_nodes().deny(USER.0, "system.tablets").start().unwrap();
    let (connector, client) = alternator_client_with_table(connector(&cluster)).await;
    until_the_replicas_are_known(&client, &connector, &cluster).await;
    assert_eq!(map_of(&connector), Some(ReplicaSource::Unordered));
    assert_eq!(warnings(), 1);
    let before = hops(&cluster);
    for n in 0..KEYS {
        get(&client, n).await;
    }
    assert_eq!(hops(&cluster), before);
}

#[tokio::test]
async fn without_any_permission_requests_go_to_any_node_and_the_log_is_told_once() {
    capture_logs();
    let cluster = INTERNAL
        .into_iter()
        .fold(nine_nodes(), |cluster, table| cluster.deny(USER.0, table))
        .start()
        .unwrap();
    let (connector, client) = alternator_client_with_table(connector(&cluster)).await;
    for table in ["second", "third"] {
        create(&client, table, "pk").await;
    }
    for table in [TABLE, "second", "third"] {
        within(Duration::from_secs(60), "its key is known", async || {
            client.get_item().table_name(table).key("pk", s("x")).send().await.unwrap();
            connector.routing(table).is_some()
        })
        .await;
    }
    assert_eq!(connector.routing(TABLE).unwrap().partition_key(), "pk");
    assert_eq!(map_of(&connector), None);
    assert_eq!(warnings(), 1);
    for n in 0..KEYS {
        get(&client, n).await;
    }
    assert!(hops(&cluster) > 0 && hits(&cluster) > 0);
    // In the time in which a table that may be read is looked up after one second, and again after
    // two.
    let open = with_table(nine_nodes()).await;
    let other = alternator_client(&crate::support::connector(&open).build().unwrap()).await;
    let looked_up = async || {
        get(&client, 0).await;
        get(&other, 0).await;
        requests_of(&open, "DescribeTable") == 3
    };
    within(Duration::from_secs(60), "it is looked up", looked_up).await;
    assert_eq!(requests_of(&cluster, "DescribeTable"), 3, "it is not tried again soon");
}

#[tokio::test]
async fn answers_teach_a_client_that_may_not_read_the_tables() {
    let cluster = INTERNAL
        .into_iter()
        .fold(nine_nodes(), |cluster, table| cluster.deny(USER.0, table))
        .routing_header(true)
        .start()
        .unwrap();
    let (connector, client) = alternator_client_with_table(connector(&cluster)).await;
    reading_until(&client, "the key is known", || connector.routing(TABLE).is_some()).await;
    // A node that holds the key says nothing, so a key may have to be asked for several times.
    within(Duration::from_secs(60), "the replicas are known", async || {
        for n in 0..KEYS {
            get(&client, n).await;
        }
        knows_the_replicas(&connector, &cluster)
    })
    .await;
    let before = hops(&cluster);
    for n in 0..KEYS {
        get(&client, n).await;
    }
    assert_eq!(hops(&cluster), before);
}

const POOR: (&str, &str) = ("poor", "secret");

/// Clients of a connector that have different roles, of which the second may not read these tables
/// of the cluster.
async fn rich_and_poor(denied: &[&str]) -> (Cluster, AlternatorConnector, Client, Client) {
    let builder = nine_nodes().tablets(16).auth(POOR.0, POOR.1);
    let builder = denied.iter().fold(builder, |cluster, table| cluster.deny(POOR.0, table));
    let cluster = with_table(builder).await;
    let connector =
        connector(&cluster).table_refresh_interval(Duration::from_millis(200)).build().unwrap();
    let rich = alternator_client(&connector).await;
    let config = connector.dynamodb_config(&sdk_config(&connector).await);
    let credentials = Credentials::new(POOR.0, POOR.1, None, None, "test");
    let config = config.credentials_provider(credentials);
    let poor = Client::from_conf(config.retry_config(RetryConfig::disabled()).build());
    (cluster, connector, rich, poor)
}

/// The one that may know nothing comes first, and goes on asking for items.
#[tokio::test]
async fn of_two_roles_of_one_connector_the_one_that_may_know_learns_for_both() {
    let (cluster, connector, rich, poor) = rich_and_poor(&INTERNAL).await;
    reading_until(&poor, "the key is known", || connector.routing(TABLE).is_some()).await;
    assert_eq!(map_of(&connector), None);
    reading_until(&rich, "the replicas are known", || knows_the_order(&connector, &cluster)).await;
    // It changes again, and both go on.
    cluster.move_tablet(TABLE).unwrap();
    within(Duration::from_secs(60), "the move is known", async || {
        get(&poor, 0).await;
        get(&rich, 0).await;
        knows_the_order(&connector, &cluster)
    })
    .await;
}

#[tokio::test]
async fn a_role_that_knows_less_does_not_take_from_a_map_what_another_has_learned() {
    let (cluster, connector, rich, poor) = rich_and_poor(&["system.tablets"]).await;
    reading_until(&rich, "the replicas are known", || knows_the_order(&connector, &cluster)).await;
    let before = requests_of(&cluster, "DescribeTable");
    reading_until(&poor, "it has asked as well", || {
        requests_of(&cluster, "DescribeTable") > before
    })
    .await;
    for n in 0..KEYS {
        get(&poor, n).await;
        assert_eq!(map_of(&connector), Some(ReplicaSource::Tablets));
    }
}

/// They differ in what they have been told, and in nothing that coordinators depend on.
#[tokio::test]
async fn clients_that_may_not_read_tablets_agree_on_coordinators_whatever_else_they_may_know() {
    let denied = |tables: &[&str]| {
        let cluster =
            nine_nodes().tablets(16).contention_window(HOUR).contention_retry(Duration::ZERO);
        tables.iter().fold(cluster, |cluster, table| cluster.deny(USER.0, table))
    };
    for denied in [denied(&INTERNAL), denied(&["system.tablets"])] {
        let cluster = with_table(denied.routing_header(true)).await;
        let mut clients = Vec::new();
        for half in [0..KEYS / 2, KEYS / 2..KEYS] {
            let connector = connector(&cluster).build().unwrap();
            let client = alternator_client(&connector).await;
            connector.refresh().await.unwrap();
            reading_until(&client, "the key is known", || connector.routing(TABLE).is_some()).await;
            for n in half {
                get(&client, n).await;
            }
            clients.push(client);
        }
        for n in 0..KEYS {
            for client in &clients {
                conditional_put(client, key(n)).await;
            }
            let turns = cluster.coordinators(TABLE, &json!({ "S": key(n) }));
            assert_eq!(turns.len(), 1, "{turns:?}");
        }
    }
}
