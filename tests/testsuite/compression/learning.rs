//! No node gets a compressed request that it would not understand: they are asked first, and a
//! refusal is made good.

use alternator_connector::ResponseCompression;
use alternator_testcluster::{Cluster, Version};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use tracing::Level;

use crate::compression::{
    all_compressed, compressed, compressing_client_with_table, get, put, retrying_client, text,
    with_compression,
};
use crate::support::direct::header;
use crate::support::logs::{capture_logs, logged};
use crate::support::{
    TABLE, USER, alternator_client, alternator_client_with_table, connector, eventually,
    eventually_routes_to, node_stats, ping, probes, s, user_requests_of,
};

/// How many warnings there were.
fn warnings() -> usize {
    logged(Level::WARN, "compressed request")
}

async fn work(client: &Client, rounds: usize) {
    for at in 0..rounds {
        let key = format!("key {at}");
        put(client, &key, &text(5_000)).await;
        assert_eq!(get(client, &key).await, text(5_000));
    }
}

fn questions(cluster: &Cluster) -> Vec<u64> {
    cluster.nodes().iter().map(probes).collect()
}

#[tokio::test]
async fn an_old_cluster_gets_plain_requests_and_is_warned_of_once() {
    capture_logs();
    let cluster =
        Cluster::builder().nodes(3).version(Version::V2025).auth(USER.0, USER.1).start().unwrap();
    let (_, client) = alternator_client_with_table(with_compression(&cluster)).await;
    work(&client, 3).await;
    eventually("the nodes have been asked", async || {
        questions(&cluster).iter().all(|asked| *asked > 0) && warnings() > 0
    })
    .await;
    work(&client, 20).await;
    assert_eq!(all_compressed(&cluster), 0);
    assert_eq!(warnings(), 1);
    // A question is asked once a minute at most, but for nodes that have just joined.
    assert!(questions(&cluster).iter().all(|asked| *asked <= 3), "{:?}", questions(&cluster));
}

#[tokio::test]
async fn nothing_is_compressed_until_every_node_understands_it() {
    capture_logs();
    let cluster = Cluster::builder().nodes(3).start().unwrap();
    let old = cluster.node(2);
    old.set_version(Version::V2025);
    let (connector, client) = alternator_client_with_table(with_compression(&cluster)).await;
    eventually_routes_to(&connector, &cluster.nodes()).await;
    work(&client, 3).await;
    eventually("the old node is known", async || warnings() == 1).await;
    work(&client, 20).await;
    assert_eq!(all_compressed(&cluster), 0);

    old.stop();
    eventually_routes_to(&connector, &cluster.nodes()[..2]).await;
    old.set_version(Version::V2026_1);
    old.start().unwrap();
    let client = retrying_client(&connector).await;
    eventually("requests to the upgraded node are compressed", async || {
        work(&client, 1).await;
        compressed(&old) > 0
    })
    .await;
    assert_eq!(warnings(), 1);
}

#[tokio::test]
async fn when_an_old_node_joins_requests_go_plain() {
    let cluster = Cluster::builder().nodes(2).start().unwrap();
    let (connector, _) = compressing_client_with_table(&cluster).await;
    let client = retrying_client(&connector).await;

    let old = cluster.add_node("dc1", "rack1").unwrap();
    old.set_version(Version::V2025);
    eventually("the old node gets requests", async || {
        work(&client, 1).await;
        user_requests_of(&old) > 0
    })
    .await;
    let before = all_compressed(&cluster);
    work(&client, 20).await;
    assert_eq!(all_compressed(&cluster), before);
    // The one that was under way when the node joined, if it was chosen for that.
    assert!(compressed(&old) <= 1);
}

#[tokio::test]
async fn a_refusal_by_a_downgraded_node_is_made_good_by_a_plain_retry() {
    capture_logs();
    let cluster = Cluster::builder().nodes(1).auth(USER.0, USER.1).start().unwrap();
    let (connector, _) = compressing_client_with_table(&cluster).await;
    let client = retrying_client(&connector).await;
    let node = cluster.node(0);
    node.set_version(Version::V2025);
    let (before, sent) = (all_compressed(&cluster), node.stats().requests_of("PutItem"));
    put(&client, "key", &text(5_000)).await;
    assert_eq!(node.stats().requests_of("PutItem"), sent + 2);
    work(&client, 10).await;
    assert_eq!(all_compressed(&cluster), before + 1);
    assert_eq!(warnings(), 1);
    assert_eq!(node_stats(&connector, &node).in_flight, 0);
}

#[tokio::test]
async fn an_item_that_reads_like_a_refusal_is_none() {
    let cluster = Cluster::builder().nodes(1).start().unwrap();
    let (connector, _) = compressing_client_with_table(&cluster).await;
    let client = retrying_client(&connector).await;
    put(&client, "log", r#"{"message":"Parsing JSON failed"}"#).await;
    let node = cluster.node(0);
    let sent = node.stats().requests_of("PutItem");
    let put = client
        .put_item()
        .table_name(TABLE)
        .item("pk", s("log"))
        .item("value", s(text(5_000)))
        .condition_expression("attribute_not_exists(pk)");
    let returning = ReturnValuesOnConditionCheckFailure::AllOld;
    let error = put.return_values_on_condition_check_failure(returning).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ConditionalCheckFailedException"));
    assert_eq!(node.stats().requests_of("PutItem"), sent + 1);
}

#[tokio::test]
async fn a_refusal_for_the_requests_own_sake_is_no_reason_to_retry() {
    let cluster = Cluster::builder().nodes(1).start().unwrap();
    let (connector, _) = compressing_client_with_table(&cluster).await;
    let client = retrying_client(&connector).await;
    let node = cluster.node(0);
    let (before, sent) = (all_compressed(&cluster), node.stats().requests_of("PutItem"));
    let error = client
        .put_item()
        .table_name("no such table")
        .item("pk", s("key"))
        .item("value", s(text(5_000)))
        .send()
        .await
        .unwrap_err();
    assert!(matches!(error, SdkError::ServiceError(_)), "{error:?}");
    assert!(error.code().is_some());
    assert_eq!(node.stats().requests_of("PutItem"), sent + 1);
    work(&client, 1).await;
    assert_eq!(all_compressed(&cluster), before + 2);
}

#[tokio::test]
async fn nobody_is_asked_unless_something_could_be_compressed() {
    let cluster = Cluster::builder().nodes(1).start().unwrap();
    let answers_only = connector(&cluster).response_compression(ResponseCompression::on());
    for builder in [connector(&cluster), answers_only, with_compression(&cluster)] {
        let connector = builder.build().unwrap();
        let client = alternator_client(&connector).await;
        for _ in 0..3 {
            ping(&client).await.unwrap();
        }
        assert_eq!(questions(&cluster), [0]);
    }
}

#[tokio::test]
async fn a_question_is_signed_like_the_request_that_it_comes_with() {
    let cluster = Cluster::builder().nodes(1).auth(USER.0, USER.1).start().unwrap();
    let _ = compressing_client_with_table(&cluster).await;
    let is_question = |head: &Vec<u8>| {
        header(head, "x-amz-target").is_some_and(|target| target.ends_with("DescribeEndpoints"))
    };
    let node = cluster.node(0);
    let heads = node.heads();
    let question = heads.iter().find(|head| is_question(head)).unwrap();
    let authorization = header(question, "authorization").unwrap();
    assert!(authorization.contains(USER.0), "{authorization}");
    assert_eq!(header(question, "content-encoding").as_deref(), Some("gzip"));
    assert_eq!(header(question, "host"), header(&heads[0], "host"));
}
