//! A role that may not read the cluster's own tables is served all the same, by what it may know.

use tracing::Level;

use super::heard::{heard, listen};
use super::*;

const INTERNAL: [&str; 4] = [
    "system.tablets",
    "system.token_ring",
    "system.local",
    "system.peers",
];

fn warnings() -> usize {
    heard(Level::WARN, "GRANT SELECT ON")
}

#[tokio::test]
async fn without_permission_on_tablets_the_ring_tells_the_replicas() {
    listen();
    let cluster = nine().deny(USER.0, "system.tablets").start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client = client(&connector).await;
    create_table(&client).await;
    asking_until(&client, "the replicas are known", || {
        knows_the_replicas(&connector, &cluster)
    })
    .await;
    assert_eq!(map_of(&connector), Some(ReplicaMap::Vnodes));
    assert_eq!(warnings(), 1);
    let before = hops(&cluster);
    for n in 0..KEYS {
        get(&client, n).await;
    }
    assert_eq!(hops(&cluster), before);
}

#[tokio::test]
async fn without_any_permission_requests_go_to_any_node_and_the_log_is_told_once() {
    listen();
    let cluster = INTERNAL
        .into_iter()
        .fold(nine(), |cluster, table| cluster.deny(USER.0, table));
    let cluster = cluster.start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client = client(&connector).await;
    create_table(&client).await;
    for table in ["second", "third"] {
        create(&client, table, "pk").await;
    }
    for table in [TABLE, "second", "third"] {
        within(Duration::from_secs(20), "its key is known", async || {
            let got = client.get_item().table_name(table).key("pk", s("x"));
            got.send().await.unwrap();
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
    // In the time in which a table that may be read is looked up after one second, and again after two.
    let open = with_table(nine()).await;
    let other = super::client(&support::connector(&open).build().unwrap()).await;
    let looked_up = async || {
        get(&client, 0).await;
        get(&other, 0).await;
        asked(&open, "DescribeTable") == 3
    };
    within(Duration::from_secs(20), "it is looked up", looked_up).await;
    assert_eq!(
        asked(&cluster, "DescribeTable"),
        3,
        "it is not tried again soon"
    );
}

#[tokio::test]
async fn answers_teach_a_client_that_may_not_read_the_tables() {
    let cluster = INTERNAL
        .into_iter()
        .fold(nine(), |cluster, table| cluster.deny(USER.0, table));
    let cluster = cluster.routing_header(true).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client = client(&connector).await;
    create_table(&client).await;
    asking_until(&client, "the key is known", || {
        connector.routing(TABLE).is_some()
    })
    .await;
    // A node that holds the key says nothing, so a key may have to be asked for several times.
    within(
        Duration::from_secs(20),
        "the replicas are known",
        async || {
            for n in 0..KEYS {
                get(&client, n).await;
            }
            knows_the_replicas(&connector, &cluster)
        },
    )
    .await;
    let before = hops(&cluster);
    for n in 0..KEYS {
        get(&client, n).await;
    }
    assert_eq!(hops(&cluster), before);
}
