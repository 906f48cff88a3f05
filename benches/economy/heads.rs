//! How many bytes come before the body of a request.

use alternator_benches::clients::credentials;
use alternator_benches::requests::runtime;
use alternator_testcluster::{Cluster, Node};

use crate::clients::{Client, Connected, Signing};

/// The head of a `put_item`, which a node that enforces signatures accepts where it has one.
pub(crate) fn bytes(client: Client, signing: Signing) -> f64 {
    let cluster = Cluster::builder().nodes(1).canned("PutItem", "{}");
    let credentials = credentials();
    let cluster = match signing {
        Signing::Signed => {
            cluster.auth(credentials.access_key_id(), credentials.secret_access_key())
        }
        Signing::Unsigned => cluster,
    };
    let cluster = cluster.start().unwrap();
    let url = cluster.urls().remove(0);
    runtime().block_on(async {
        Connected::new(client, signing, &url).await.put().await;
    });
    let head = put(&cluster.node(0));
    assert_eq!(content_length(&head), 157);
    head.len() as f64
}

/// The head of the latest `put_item` that the node has received.
pub(crate) fn put(node: &Node) -> String {
    node.heads()
        .into_iter()
        .rev()
        .map(|head| String::from_utf8(head).unwrap())
        .find(|head| head.contains("DynamoDB_20120810.PutItem"))
        .expect("the node has received it")
}

pub(crate) fn content_length(head: &str) -> usize {
    let length = head.split("\r\n").find_map(|line| line.strip_prefix("content-length: "));
    length.expect("a length").parse().unwrap()
}
