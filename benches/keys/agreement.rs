//! Whether the order of the Rust client leads each key to the node that `alternator-client` 1.0.1
//! sends it to.

use std::net::Ipv4Addr;

use alternator_benches::requests::runtime;
use alternator_connector::internals::keys::{
    first_of_rust, hash_of_binary, hash_of_number, hash_of_string,
};
use alternator_connector::{CoordinatorOrder, LwtAffinity, PartitionKeyType, TokenAwareness};
use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use fastrand::Rng;

use crate::clients::{Client, ours};
use crate::cluster::until;
use crate::holds;
use crate::recorder::Recorder;

const KEYS: usize = 100_000;
/// Of these also over sockets.
const SENT: usize = 3_000;
const NODES: [u8; 2] = [3, 12];
/// Both clients are told the key, so that neither asks anybody.
const TABLES: [(&str, PartitionKeyType); 3] = [
    ("strings", PartitionKeyType::String),
    ("numbers", PartitionKeyType::Number),
    ("binaries", PartitionKeyType::Binary),
];

pub(crate) fn print() -> bool {
    let mut rng = Rng::with_seed(7);
    let keys: Vec<_> = (0..KEYS).map(|_| random(&mut rng)).collect();
    let mut same = KEYS;
    for nodes in NODES {
        // The ports of test clusters vary, and the order of nodes depends on neither.
        let addresses: Vec<_> =
            (1..=nodes).map(|n| Ipv4Addr::new(127, 0, 0, n).to_string()).collect();
        let (port, sent) = sent(nodes, &keys[..SENT]);
        let peers = peers(&addresses, port, &keys);
        let agree = |ours: &[String]| ours.iter().zip(&peers).filter(|(a, b)| a == b).count();
        let [drawn, sent] = [agree(&drawn(&addresses, port, &keys)), agree(&sent)];
        println!("agreement nodes={nodes} keys={KEYS} same={drawn} sent={SENT} same={sent}");
        same = same.min(drawn).min(KEYS - (SENT - sent));
    }
    println!("summary agreement keys={KEYS} same={same}");
    holds("every key has the same node", same == KEYS)
}

fn random(rng: &mut Rng) -> AttributeValue {
    match rng.u8(..3) {
        0 => {
            let length = rng.usize(1..60);
            // Of one to four bytes each.
            let letter = |rng: &mut Rng| {
                if rng.bool() { rng.alphanumeric() } else { rng.char(..) }
            };
            AttributeValue::S((0..length).map(|_| letter(rng)).collect())
        }
        1 => {
            let (number, exponent) = (rng.i64(..), rng.i8(-100..100));
            AttributeValue::N(match rng.u8(..3) {
                0 => number.to_string(),
                1 => format!("{number}.{}", rng.u32(..)),
                _ => format!("{number}E{exponent}"),
            })
        }
        _ => {
            let length = rng.usize(1..60);
            let bytes: Vec<_> = (0..length).map(|_| rng.u8(..)).collect();
            AttributeValue::B(Blob::new(bytes))
        }
    }
}

fn table(key: &AttributeValue) -> &'static str {
    let (table, _) = TABLES[match key {
        AttributeValue::S(_) => 0,
        AttributeValue::N(_) => 1,
        _ => 2,
    }];
    table
}

/// By the parts of the library.
fn drawn(addresses: &[String], port: u16, keys: &[AttributeValue]) -> Vec<String> {
    let mut sorted: Vec<_> = addresses.to_vec();
    sorted.sort_by_key(|address| format!("http://{address}:{port}"));
    keys.iter()
        .map(|key| {
            let hash = match key {
                AttributeValue::S(text) => hash_of_string(text),
                AttributeValue::N(text) => hash_of_number(text),
                AttributeValue::B(blob) => hash_of_binary(blob.as_ref()),
                other => panic!("{other:?} is no key"),
            };
            let first = first_of_rust(hash, sorted.len());
            sorted[first.unwrap()].clone()
        })
        .collect()
}

/// By `alternator-client`.
fn peers(addresses: &[String], port: u16, keys: &[AttributeValue]) -> Vec<String> {
    let urls: Vec<_> = addresses.iter().map(|ip| format!("http://{ip}:{port}")).collect();
    let recorder = Recorder::new(addresses);
    runtime().block_on(async {
        let client = Client::peer_through(&urls, recorder.clone(), &TABLES.map(|(t, _)| t));
        let mut nodes = Vec::new();
        for key in keys {
            put(&client, key).await;
            nodes.push(recorder.latest());
        }
        nodes
    })
}

/// By the connector, over sockets; and the port of the cluster.
fn sent(nodes: u8, keys: &[AttributeValue]) -> (u16, Vec<String>) {
    let cluster = Cluster::builder()
        .nodes(nodes.into())
        .record(false)
        .canned("PutItem", "{}")
        .start()
        .unwrap();
    let affinity = LwtAffinity::every_write().order(CoordinatorOrder::RustClient);
    let builder =
        ours(&cluster.urls()).lwt_affinity(affinity).token_awareness(TokenAwareness::off());
    let tables = TABLES.into_iter();
    let builder =
        tables.fold(builder, |builder, (table, key)| builder.table_partition_key(table, "pk", key));
    let connector = builder.build().unwrap();
    let chosen = runtime().block_on(async {
        let client = Client::routed(&connector).await;
        until(
            || connector.known_nodes().len() == usize::from(nodes),
            async || connector.refresh().await.unwrap(),
        )
        .await;
        let puts = || -> Vec<_> {
            cluster
                .nodes()
                .into_iter()
                .map(|node| (node.addr().ip(), node.stats().requests_of("PutItem")))
                .collect()
        };
        let mut before = puts();
        let mut chosen = Vec::new();
        for key in keys {
            put(&client, key).await;
            let after = puts();
            let grown = after.iter().zip(&before).find(|(after, before)| after.1 > before.1);
            chosen.push(grown.unwrap().0.0.to_string());
            before = after;
        }
        chosen
    });
    (cluster.port(), chosen)
}

async fn put(client: &Client, key: &AttributeValue) {
    client.put_item().table_name(table(key)).item("pk", key.clone()).send().await.unwrap();
}
