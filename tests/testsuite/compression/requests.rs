//! Compressed requests arrive whole, with their signatures, and only where that saves something.

use std::io::Write;

use alternator_connector::{CompressionLevel, RequestCompression};
use alternator_testcluster::{Cluster, Fault};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemOutput;
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use aws_smithy_types::body::SdkBody;
use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::compression::{
    all_compressed, compressing_client, compressing_client_with_table, get, heads, put,
    retrying_client, text, with_compression,
};
use crate::support::direct::header;
use crate::support::{
    TABLE, USER, alternator_client, alternator_client_with_table, connector, create_table,
    eventually, s, sdk_config,
};

fn start() -> Cluster {
    Cluster::builder().nodes(3).auth(USER.0, USER.1).start().unwrap()
}

fn last(cluster: &Cluster) -> Vec<u8> {
    cluster.nodes().iter().flat_map(heads).last().expect("a request has arrived")
}

#[tokio::test]
async fn what_was_written_compressed_is_what_is_read() {
    let cluster = start();
    for (requests, encoding) in [
        (RequestCompression::gzip(), "gzip"),
        (RequestCompression::deflate().level(CompressionLevel::FASTEST), "deflate"),
    ] {
        let connector = with_compression(&cluster).request_compression(requests).build().unwrap();
        let client = alternator_client(&connector).await;
        if encoding == "gzip" {
            create_table(&client).await;
        }
        let client = compressing_client(&cluster, &connector).await;
        for length in [1_000, 4_096, 50_000, 390_000] {
            let before = all_compressed(&cluster);
            put(&client, "key", &text(length)).await;
            assert_eq!(all_compressed(&cluster), before + 1, "{length}");
            assert_eq!(get(&client, "key").await, text(length));
        }
        let of_encoding =
            |head: &Vec<u8>| header(head, "content-encoding").as_deref() == Some(encoding);
        assert!(cluster.nodes().iter().any(|node| heads(node).iter().any(of_encoding)));
    }
}

#[tokio::test]
async fn a_batch_of_25_arrives_whole() {
    let cluster = start();
    let (_, client) = compressing_client_with_table(&cluster).await;
    let before = all_compressed(&cluster);
    let item = |at: usize| {
        let put = PutRequest::builder()
            .item("pk", s(format!("batch {at}")))
            .item("value", s(text(10_000 + at)))
            .build()
            .unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    let batch = client.batch_write_item();
    let written = batch.request_items(TABLE, (0..25).map(item).collect()).send().await;
    let BatchWriteItemOutput { unprocessed_items, .. } = written.unwrap();
    assert!(unprocessed_items.unwrap_or_default().is_empty());
    assert_eq!(all_compressed(&cluster), before + 1);
    for at in 0..25 {
        assert_eq!(get(&client, &format!("batch {at}")).await, text(10_000 + at));
    }
}

#[tokio::test]
async fn what_is_small_or_would_not_get_smaller_is_sent_as_it_is() {
    let cluster = start();
    let (_, client) = compressing_client_with_table(&cluster).await;
    let before = all_compressed(&cluster);
    put(&client, "small", &text(900)).await;
    let gzip = RequestCompression::gzip().min_size(0);
    client
        .put_item()
        .table_name(TABLE)
        .item("pk", s("tiny"))
        .item("value", s("abc"))
        .customize()
        .interceptor(gzip)
        .send()
        .await
        .unwrap();
    assert_eq!(all_compressed(&cluster), before);
    assert_eq!(get(&client, "tiny").await, "abc");
}

#[tokio::test]
async fn an_operation_may_have_options_of_its_own() {
    let cluster = start();
    let (_, client) = alternator_client_with_table(connector(&cluster)).await;
    let large = |key: &str| {
        client
            .put_item()
            .table_name(TABLE)
            .item("pk", s(key))
            .item("value", s(text(50_000)))
            .customize()
    };
    eventually("the operation is compressed", async || {
        large("on").interceptor(RequestCompression::deflate()).send().await.unwrap();
        all_compressed(&cluster) > 0
    })
    .await;
    assert_eq!(get(&client, "on").await, text(50_000));

    let before = all_compressed(&cluster);
    put(&client, "default", &text(50_000)).await;
    let gzip = RequestCompression::gzip();
    let off = RequestCompression::off();
    // The last one counts.
    large("off").interceptor(gzip).interceptor(off).send().await.unwrap();
    assert_eq!(all_compressed(&cluster), before);
}

#[tokio::test]
async fn what_the_user_has_encoded_is_left_alone() {
    let cluster = start();
    let (_, client) = compressing_client_with_table(&cluster).await;
    let put = client.put_item().table_name(TABLE).item("pk", s("own"));
    let put = put.item("value", s(text(5_000))).customize();
    let put = put.mutate_request(|request| {
        // It could still be compressed.
        let mut stored = ZlibEncoder::new(Vec::new(), Compression::none());
        stored.write_all(request.body().bytes().unwrap()).unwrap();
        let body = stored.finish().unwrap();
        let headers = request.headers_mut();
        headers.insert("content-encoding", "deflate");
        headers.insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body);
    });
    put.send().await.unwrap();
    assert_eq!(get(&client, "own").await, text(5_000));
}

#[tokio::test]
async fn a_retry_is_compressed_anew() {
    let cluster = Cluster::builder().nodes(1).auth(USER.0, USER.1).start().unwrap();
    let (connector, _) = compressing_client_with_table(&cluster).await;
    let before = all_compressed(&cluster);
    let retrying = retrying_client(&connector).await;
    let node = cluster.node(0);
    node.inject(Fault::ResetAfterRequest { execute: false });
    let put = async { put(&retrying, "retried", &text(5_000)).await };
    let heal = async {
        eventually("the first attempt has failed", async || all_compressed(&cluster) > before)
            .await;
        node.heal();
    };
    tokio::join!(put, heal);
    assert!(all_compressed(&cluster) >= before + 2);
    assert_eq!(get(&retrying, "retried").await, text(5_000));
    assert!(header(&last(&cluster), "authorization").is_some());
}

#[tokio::test]
async fn what_goes_elsewhere_is_sent_as_it_is() {
    let cluster = start();
    let elsewhere = Cluster::builder().nodes(1).start().unwrap();
    let url = cluster.node(0).url();
    let connector = with_compression(&cluster).only_endpoint(&url).build().unwrap();
    create_table(&alternator_client(&connector).await).await;
    let _ = compressing_client(&cluster, &connector).await;

    let sdk = sdk_config(&connector).await;
    let config = connector.dynamodb_config(&sdk).endpoint_url(elsewhere.node(0).url());
    let client = Client::from_conf(config.build());
    create_table(&client).await;
    put(&client, "key", &text(5_000)).await;
    assert_eq!(get(&client, "key").await, text(5_000));
    assert_eq!(elsewhere.node(0).stats().requests_of("PutItem"), 1);
    assert_eq!(all_compressed(&elsewhere), 0);
    assert_eq!(header(&last(&elsewhere), "accept-encoding"), None);
}

#[tokio::test]
async fn whatever_is_written_comes_back() {
    let cluster = start();
    let all = RequestCompression::gzip().min_size(0);
    let connector = with_compression(&cluster).request_compression(all).build().unwrap();
    create_table(&alternator_client(&connector).await).await;
    let client = compressing_client(&cluster, &connector).await;
    for _ in 0..30 {
        // From a single letter to all there are, escapes included.
        let letters = fastrand::u32(1..0x250);
        let letter = || char::from_u32(fastrand::u32(..letters)).unwrap();
        let length = fastrand::usize(..200_000) >> fastrand::u32(..16);
        let value: String = std::iter::repeat_with(letter).take(length).collect();
        put(&client, "key", &value).await;
        assert!(get(&client, "key").await == value, "{length} of {letters}");
    }
}
