//! With a rack as the scope, the nodes around it count too, as they get requests that belong to
//! them.

use alternator_connector::{
    AlternatorConnector, CoordinatorOrder, LwtAffinity, PartitionKeyType, Scope,
};
use alternator_testcluster::{Cluster, Version};
use aws_sdk_dynamodb::Client;

use crate::compression::{all_compressed, compressed, retrying_client, text, with_compression};
use crate::support::{
    TABLE, USER, alternator_client, create_table, eventually, probes, s, user_requests_of,
};

/// Writes large items, of which many belong to each node of the datacenter.
async fn write(client: &Client) {
    for at in 0..20 {
        let put = client
            .put_item()
            .table_name(TABLE)
            .item("pk", s(format!("key {at}")))
            .item("value", s(text(5_000)))
            .condition_expression("attribute_not_exists(filler)");
        put.send().await.expect("the item is put");
    }
}

async fn eventually_knows(connector: &AlternatorConnector, nodes: usize) {
    eventually("the datacenter is known", async || connector.stats().nodes.len() == nodes).await;
}

#[tokio::test]
async fn nothing_is_compressed_while_a_node_of_another_rack_does_not_understand_it() {
    let cluster = Cluster::builder()
        .rack("dc1", "r1", 2)
        .rack("dc1", "r2", 2)
        .auth(USER.0, USER.1)
        .start()
        .unwrap();
    let nodes = cluster.nodes();
    let old = &nodes[3];
    old.set_version(Version::V2025);
    let affinity = LwtAffinity::read_modify_write().order(CoordinatorOrder::Shared);
    let connector = with_compression(&cluster)
        .scope(Scope::rack("dc1", "r1"))
        .lwt_affinity(affinity)
        .table_partition_key(TABLE, "pk", PartitionKeyType::String)
        .build()
        .unwrap();
    create_table(&alternator_client(&connector).await).await;
    eventually_knows(&connector, 4).await;
    let client = retrying_client(&connector).await;
    eventually("all have been asked", async || {
        write(&client).await;
        nodes.iter().all(|node| probes(node) > 0)
    })
    .await;
    for _ in 0..3 {
        write(&client).await;
    }
    assert!(nodes.iter().all(|node| user_requests_of(node) > 0));
    assert_eq!(all_compressed(&cluster), 0);

    old.stop();
    eventually_knows(&connector, 3).await;
    old.set_version(Version::V2026_1);
    old.start().unwrap();
    eventually("requests to the upgraded node are compressed", async || {
        write(&client).await;
        compressed(old) > 0
    })
    .await;
}
