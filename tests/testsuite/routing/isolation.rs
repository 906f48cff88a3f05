//! Which writes go to one coordinator depends on the table's write isolation, where it is asked
//! for.

use alternator_connector::LwtAffinity;
use alternator_testcluster::{Cluster, Node};
use aws_sdk_dynamodb::types::Tag;

use crate::routing::{knows_the_order, nine_nodes, put, reading_until};
use crate::support::{TABLE, alternator_client_with_table, connector};

/// How many nodes coordinate plain writes of one key, once its table is known.
async fn coordinators(cluster: &Cluster, tag: Option<&str>) -> usize {
    let (connector, client) =
        alternator_client_with_table(connector(cluster).lwt_affinity(LwtAffinity::auto())).await;
    if let Some(isolation) = tag {
        let arn = client
            .describe_table()
            .table_name(TABLE)
            .send()
            .await
            .unwrap()
            .table
            .unwrap()
            .table_arn
            .unwrap();
        let tag = Tag::builder().key("system:write_isolation").value(isolation);
        client.tag_resource().resource_arn(arn).tags(tag.build().unwrap()).send().await.unwrap();
    }
    reading_until(&client, "the replicas are known", || knows_the_order(&connector, cluster)).await;
    let puts = || {
        let of = |node: &Node| node.stats().requests_of("PutItem");
        cluster.nodes().iter().map(of).collect::<Vec<_>>()
    };
    let before = puts();
    for _ in 0..100 {
        put(&client, 7).await;
    }
    let after = puts();
    before.iter().zip(&after).filter(|(b, a)| a > b).count()
}

#[tokio::test]
async fn the_isolation_of_the_cluster_decides_where_the_table_has_none() {
    for (isolation, one) in
        [("always_use_lwt", true), ("only_rmw_uses_lwt", false), ("unsafe_rmw", false)]
    {
        let cluster = nine_nodes().write_isolation(isolation).start().unwrap();
        let coordinators = coordinators(&cluster, None).await;
        assert_eq!(coordinators == 1, one, "{isolation}: {coordinators}");
        assert!(coordinators <= 3, "only replicas are asked");
    }
}

#[tokio::test]
async fn the_isolation_of_the_table_takes_precedence() {
    let cluster = nine_nodes().write_isolation("unsafe_rmw").start().unwrap();
    assert_eq!(coordinators(&cluster, Some("always")).await, 1);
}
