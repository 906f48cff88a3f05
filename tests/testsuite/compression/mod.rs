//! Compression both ways: what is compressed comes through, what is broken is an error and nothing
//! worse, and no node gets what it does not understand.

mod answers;
mod broken;
mod far;
mod learning;
mod requests;

use std::error::Error;
use std::io::Write;

use alternator_connector::{
    AlternatorConnector, ConnectorBuilder, DecompressionError, RequestCompression,
    ResponseCompression,
};
use alternator_testcluster::{Cluster, Node};
use aws_sdk_dynamodb::Client;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use crate::support::direct::header;
use crate::support::{
    TABLE, alternator_client, alternator_client_with_table, connector, eventually,
    retrying_at_once, s, sdk_config, without_key_routing,
};

/// Everything on.
fn with_compression(cluster: &Cluster) -> ConnectorBuilder {
    without_key_routing(connector(cluster))
        .request_compression(RequestCompression::gzip())
        .response_compression(ResponseCompression::on())
}

/// A client that retries at once, and for as long as it takes.
async fn retrying_client(connector: &AlternatorConnector) -> Client {
    let sdk = sdk_config(connector).await;
    let config = connector.dynamodb_config(&sdk);
    Client::from_conf(retrying_at_once(config, 1_000).build())
}

/// A client whose requests are compressed, as all nodes are known to understand it.
async fn compressing_client(cluster: &Cluster, connector: &AlternatorConnector) -> Client {
    let client = alternator_client(connector).await;
    let before = all_compressed(cluster);
    eventually("requests are compressed", async || {
        put(&client, "first", &text(2_000)).await;
        all_compressed(cluster) > before
    })
    .await;
    client
}

/// A connector with everything on, and such a client of it; the table is there.
async fn compressing_client_with_table(cluster: &Cluster) -> (AlternatorConnector, Client) {
    let (connector, _) = alternator_client_with_table(with_compression(cluster)).await;
    let client = compressing_client(cluster, &connector).await;
    (connector, client)
}

async fn put(client: &Client, key: &str, value: &str) {
    let put = client.put_item().table_name(TABLE).item("pk", s(key)).item("value", s(value));
    put.send().await.expect("the item is put");
}

async fn get(client: &Client, key: &str) -> String {
    client
        .get_item()
        .table_name(TABLE)
        .key("pk", s(key))
        .send()
        .await
        .expect("the item is got")
        .item
        .expect("it is there")["value"]
        .as_s()
        .unwrap()
        .clone()
}

/// Text of this length that can be compressed.
fn text(length: usize) -> String {
    let words = (0u64..).flat_map(|i| (i * i).to_string().into_bytes());
    String::from_utf8(words.take(length).collect()).unwrap()
}

/// The heads of a node's requests for users' operations.
fn heads(node: &Node) -> Vec<Vec<u8>> {
    let is_users = |head: &Vec<u8>| {
        header(head, "x-amz-target").is_some_and(|target| !target.ends_with("DescribeEndpoints"))
    };
    node.heads().into_iter().filter(is_users).collect()
}

/// How many compressed requests of users a node has received.
fn compressed(node: &Node) -> usize {
    heads(node).iter().filter(|h| header(h, "content-encoding").is_some()).count()
}

fn all_compressed(cluster: &Cluster) -> usize {
    cluster.nodes().iter().map(compressed).sum()
}

/// What the decoder has to say about an answer, if that is why an operation failed.
fn decode_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a DecompressionError> {
    match error.downcast_ref() {
        None => decode_error(error.source()?),
        told => told,
    }
}

fn gzip(body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_ref()).unwrap();
    encoder.finish().unwrap()
}

fn deflate(body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_ref()).unwrap();
    encoder.finish().unwrap()
}
