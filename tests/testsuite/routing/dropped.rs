//! Tables that go, come back as others, or are others than was said.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::ScalarAttributeType;
use tokio::task::block_in_place;
use tracing::Level;

use crate::routing::{
    KEYS, create, creation, get, hops, knows_the_order, nine_nodes, reading_until, requests_of,
    until_the_order_is_known,
};
use crate::support::logs::{capture_logs, logged};
use crate::support::{
    TABLE, alternator_client, alternator_client_with_table, connector, create_table, s, within,
};

/// A client that the connector knows nothing of, for what others do.
async fn somebody_else(cluster: &Cluster) -> Client {
    let connector = connector(cluster).build().unwrap();
    alternator_client(&connector).await
}

async fn get_by(client: &Client, attribute: &str) -> bool {
    client.get_item().table_name(TABLE).key(attribute, s("x")).send().await.is_ok()
}

#[tokio::test]
async fn a_table_that_somebody_else_recreates_with_another_key_is_learned_anew() {
    let cluster = nine_nodes().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let (client, other) = (alternator_client(&connector).await, somebody_else(&cluster).await);
    create_table(&client).await;
    until_the_order_is_known(&client, &connector, &cluster).await;

    other.delete_table().table_name(TABLE).send().await.unwrap();
    create(&other, TABLE, "other").await;
    within(Duration::from_secs(60), "the new key is known", async || {
        assert!(get_by(&client, "other").await);
        let known = connector.routing(TABLE);
        known.is_some_and(|known| known.partition_key() == "other")
    })
    .await;
    assert!(knows_the_order(&connector, &cluster));
    let before = hops(&cluster);
    for _ in 0..KEYS {
        assert!(get_by(&client, "other").await);
    }
    assert_eq!(hops(&cluster), before);
}

#[tokio::test]
async fn a_table_that_this_client_deletes_is_forgotten_at_once() {
    let cluster = nine_nodes().start().unwrap();
    let (connector, client) = alternator_client_with_table(connector(&cluster)).await;
    until_the_order_is_known(&client, &connector, &cluster).await;
    client.delete_table().table_name(TABLE).send().await.unwrap();
    assert!(connector.routing(TABLE).is_none());
    create(&client, TABLE, "pk").await;
    until_the_order_is_known(&client, &connector, &cluster).await;
}

#[tokio::test]
async fn a_table_that_a_node_did_not_find_is_learned_anew_however_long_it_had_stayed_as_it_was() {
    let cluster = nine_nodes().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let (client, other) = (alternator_client(&connector).await, somebody_else(&cluster).await);
    create_table(&client).await;
    // The first four lookups take seven seconds, and nothing but the answer brings the fifth within
    // as many again.
    reading_until(&client, "the table has settled", || requests_of(&cluster, "DescribeTable") >= 4)
        .await;
    for n in 0..KEYS {
        get(&client, n).await;
    }
    assert!(knows_the_order(&connector, &cluster));

    other.delete_table().table_name(TABLE).send().await.unwrap();
    assert!(!get_by(&client, "pk").await);
    create_table(&other).await;
    within(Duration::from_secs(5), "the new table is known", async || {
        assert!(get_by(&client, "pk").await);
        knows_the_order(&connector, &cluster)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_was_asked_for_while_it_was_created_is_learned_once_it_exists() {
    let cluster = nine_nodes().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client = alternator_client(&connector).await;
    let gate = Arc::new(Barrier::new(2));
    let pass = |gate: &Barrier| block_in_place(|| gate.wait());
    let other_side = Arc::clone(&gate);
    let creation = creation(&client, TABLE, "pk", ScalarAttributeType::S).customize();
    let creation = creation.mutate_request(move |_| {
        pass(&other_side);
        pass(&other_side);
    });
    let creation = tokio::spawn(creation.send());
    pass(&gate);
    // The client has begun to create it, and no node knows of that yet.
    within(Duration::from_secs(60), "it was found missing", async || {
        assert!(!get_by(&client, "pk").await);
        requests_of(&cluster, "DescribeTable") > 0
    })
    .await;
    for _ in 0..KEYS {
        assert!(!get_by(&client, "pk").await);
    }
    pass(&gate);
    creation.await.unwrap().unwrap();
    until_the_order_is_known(&client, &connector, &cluster).await;
}

#[tokio::test]
async fn a_table_that_is_gone_is_forgotten_and_not_asked_for_with_every_request() {
    let cluster = nine_nodes().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let (client, other) = (alternator_client(&connector).await, somebody_else(&cluster).await);
    create_table(&client).await;
    until_the_order_is_known(&client, &connector, &cluster).await;
    other.delete_table().table_name(TABLE).send().await.unwrap();
    within(Duration::from_secs(60), "it is forgotten", async || {
        assert!(!get_by(&client, "pk").await);
        connector.routing(TABLE).is_none()
    })
    .await;
    let before = requests_of(&cluster, "DescribeTable");
    for _ in 0..KEYS {
        let error = client.get_item().table_name(TABLE).key("pk", s("x")).send().await.unwrap_err();
        assert_eq!(error.code(), Some("ResourceNotFoundException"));
    }
    assert_eq!(requests_of(&cluster, "DescribeTable"), before);
}

#[tokio::test]
async fn a_key_that_was_configured_wrongly_is_warned_of_and_corrected() {
    capture_logs();
    let cluster = nine_nodes().start().unwrap();
    let connector = connector(&cluster)
        .table_partition_key(TABLE, "id", alternator_connector::PartitionKeyType::Number)
        .build()
        .unwrap();
    let client = alternator_client(&connector).await;
    assert!(connector.routing(TABLE).is_none(), "no request was about it");
    create_table(&client).await;
    until_the_order_is_known(&client, &connector, &cluster).await;
    assert_eq!(connector.routing(TABLE).unwrap().partition_key(), "pk");
    assert_eq!(logged(Level::WARN, "ConnectorBuilder::table_partition_key"), 1);
}
