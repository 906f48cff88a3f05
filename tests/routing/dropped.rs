//! Tables that go, come back as others, or are others than was said.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use tracing::Level;

use super::heard::{heard, listen};
use super::*;

/// A client that the connector knows nothing of, for what others do.
async fn somebody_else(cluster: &Cluster) -> Client {
    let connector = connector(cluster).build().unwrap();
    client(&connector).await
}

async fn get_by(client: &Client, attribute: &str) -> bool {
    let got = client.get_item().table_name(TABLE).key(attribute, s("x"));
    got.send().await.is_ok()
}

#[tokio::test]
async fn a_table_that_somebody_else_recreates_with_another_key_is_learned_anew() {
    let cluster = nine().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let (client, other) = (client(&connector).await, somebody_else(&cluster).await);
    create_table(&client).await;
    asking_until(&client, "the replicas are known", || {
        knows_the_order(&connector, &cluster)
    })
    .await;

    other.delete_table().table_name(TABLE).send().await.unwrap();
    create(&other, TABLE, "other").await;
    within(
        Duration::from_secs(20),
        "the new key is known",
        async || {
            assert!(get_by(&client, "other").await);
            let known = connector.routing(TABLE);
            known.is_some_and(|known| known.partition_key() == "other")
        },
    )
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
    let cluster = nine().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client = client(&connector).await;
    create_table(&client).await;
    asking_until(&client, "the replicas are known", || {
        knows_the_order(&connector, &cluster)
    })
    .await;
    client
        .delete_table()
        .table_name(TABLE)
        .send()
        .await
        .unwrap();
    assert!(connector.routing(TABLE).is_none());
    create(&client, TABLE, "pk").await;
    asking_until(&client, "the new table is known", || {
        knows_the_order(&connector, &cluster)
    })
    .await;
}

#[tokio::test]
async fn a_table_that_is_gone_is_forgotten_and_not_asked_for_with_every_request() {
    let cluster = nine().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let (client, other) = (client(&connector).await, somebody_else(&cluster).await);
    create_table(&client).await;
    asking_until(&client, "the replicas are known", || {
        knows_the_order(&connector, &cluster)
    })
    .await;
    other.delete_table().table_name(TABLE).send().await.unwrap();
    within(Duration::from_secs(20), "it is forgotten", async || {
        assert!(!get_by(&client, "pk").await);
        connector.routing(TABLE).is_none()
    })
    .await;
    let before = asked(&cluster, "DescribeTable");
    for _ in 0..KEYS {
        let got = client.get_item().table_name(TABLE).key("pk", s("x"));
        let error = got.send().await.unwrap_err();
        assert_eq!(error.code(), Some("ResourceNotFoundException"));
    }
    assert_eq!(asked(&cluster, "DescribeTable"), before);
}

#[tokio::test]
async fn a_key_that_was_configured_wrongly_is_warned_of_and_corrected() {
    listen();
    let cluster = nine().start().unwrap();
    let connector = connector(&cluster)
        .table(TABLE, "id", alternator_connector::KeyType::Number)
        .build()
        .unwrap();
    let client = client(&connector).await;
    assert!(
        connector.routing(TABLE).is_none(),
        "no request was about it"
    );
    create_table(&client).await;
    asking_until(&client, "the replicas are known", || {
        knows_the_order(&connector, &cluster)
    })
    .await;
    assert_eq!(connector.routing(TABLE).unwrap().partition_key(), "pk");
    assert_eq!(heard(Level::WARN, "Builder::table"), 1);
}
