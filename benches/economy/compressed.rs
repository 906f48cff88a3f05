//! What compression saves, of orders as a shop may keep them, and what a client certificate saves:
//! for the pages, without bounds.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use alternator_benches::clients::{credentials, sdk};
use alternator_benches::requests::runtime;
use alternator_connector::{
    AlternatorConnector, Authentication, ConnectorBuilder, RequestCompression, Tls,
};
use alternator_testcluster::{Cluster, Version};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use fastrand::Rng;
use serde_json::{Value, json};

use crate::heads::{content_length, put};

pub(crate) fn print() {
    runtime().block_on(async {
        for (name, compression) in [
            ("plain", RequestCompression::off()),
            ("gzip", RequestCompression::gzip()),
            ("deflate", RequestCompression::deflate()),
        ] {
            let (head, body) = request(compression).await;
            println!("put_item of 16 orders, {name}: {head} bytes of head, {body} of body");
        }
        for encoding in ["identity", "gzip", "deflate"] {
            let bytes = answer(encoding);
            println!("answer to a query that finds 50 orders, {encoding}: {bytes} bytes");
        }
        let certified = certified().await;
        println!("head of a put_item with a client certificate: {certified} bytes");
    });
}

async fn client(connector: ConnectorBuilder) -> Client {
    let connector = connector.active_refresh_interval(Duration::from_secs(3600)).build().unwrap();
    connector.refresh().await.unwrap();
    let sdk = sdk().credentials_provider(credentials()).load().await;
    Client::from_conf(connector.dynamodb_config(&sdk).build())
}

/// The head and the body of a request with orders.
async fn request(compression: RequestCompression) -> (usize, usize) {
    let cluster = Cluster::builder().canned("PutItem", "{}").start().unwrap();
    let connector = AlternatorConnector::builder().seeds(cluster.urls());
    let client = client(connector.request_compression(compression.clone())).await;
    let orders: Vec<_> = orders(16).map(|order| AttributeValue::M(order.collect())).collect();
    // The first ones are sent before it is known that the node understands compressed requests.
    for _ in 0..1_000 {
        let put_item =
            client.put_item().table_name("table").item("pk", AttributeValue::S("key".to_owned()));
        let orders = AttributeValue::L(orders.clone());
        put_item.item("orders", orders).send().await.unwrap();
        let head = put(&cluster.node(0));
        if compression == RequestCompression::off() || head.contains("content-encoding") {
            return (head.len(), content_length(&head));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no request is compressed");
}

/// The head and body of an answer with orders, to a client that accepts this encoding.
fn answer(encoding: &str) -> usize {
    let items: Vec<_> = orders(50).map(|order| to_json(order.collect())).collect();
    let items = json!({"Count": items.len(), "Items": items}).to_string();
    let cluster = Cluster::builder().canned("Query", items).start().unwrap();
    let mut connection = TcpStream::connect(cluster.node(0).addr()).unwrap();
    write!(
        connection,
        "POST / HTTP/1.1\r\nhost: node\r\nx-amz-target: DynamoDB_20120810.Query\r\naccept-encoding: {encoding}\r\n\
         connection: close\r\ncontent-length: 2\r\n\r\n{{}}"
    )
    .unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap()
}

async fn certified() -> usize {
    let cluster = Cluster::builder()
        .canned("PutItem", "{}")
        .tls(alternator_testcluster::Tls::Mutual)
        .version(Version::V2026_4)
        .start()
        .unwrap();
    let (certificate, key) = cluster.client_identity();
    let tls = Tls::new().ca_pem(cluster.ca_pem()).client_identity_pem(certificate, key);
    let connector = AlternatorConnector::builder().seeds(cluster.urls()).tls(tls);
    let client = client(connector.authentication(Authentication::ClientCertificate)).await;
    client.put_item().table_name("table").item("pk", text("key")).send().await.unwrap();
    put(&cluster.node(0)).len()
}

/// Orders with some 250 bytes each, the same ones in every run: what repeats in such items does so
/// here, and what does not is random.
fn orders(count: usize) -> impl Iterator<Item = impl Iterator<Item = (String, AttributeValue)>> {
    const CITIES: [&str; 6] = ["Berlin", "Lisboa", "Kraków", "Haifa", "San Francisco", "Mumbai"];
    const STATES: [&str; 4] = ["placed", "paid", "shipped", "returned"];
    const WORDS: [&str; 12] = [
        "please",
        "leave",
        "it",
        "at",
        "the",
        "door",
        "neighbour",
        "ring",
        "twice",
        "gift",
        "fragile",
        "thanks",
    ];
    let mut rng = Rng::with_seed(1);
    (0..count).map(move |_| {
        let note: Vec<_> = (0..rng.usize(3..9)).map(|_| WORDS[rng.usize(..12)]).collect();
        [
            ("order_id", text(format!("{:032x}", rng.u128(..)))),
            ("customer_id", number(rng.u32(100_000..1_000_000))),
            (
                "placed_at",
                text(format!(
                    "2026-11-{:02}T{:02}:{:02}:{:02}Z",
                    rng.u8(1..31),
                    rng.u8(..24),
                    rng.u8(..60),
                    rng.u8(..60)
                )),
            ),
            ("city", text(CITIES[rng.usize(..6)])),
            ("state", text(STATES[rng.usize(..4)])),
            ("amount_cents", number(rng.u32(500..200_000))),
            ("note", text(note.join(" "))),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
    })
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn number(number: u32) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn to_json(item: HashMap<String, AttributeValue>) -> Value {
    let attributes = item.into_iter().map(|(name, value)| {
        let value = match value {
            AttributeValue::N(number) => json!({"N": number}),
            value => json!({"S": value.as_s().expect("text or a number")}),
        };
        (name, value)
    });
    attributes.collect::<serde_json::Map<_, _>>().into()
}
