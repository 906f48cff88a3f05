//! The clients that are compared, and the requests that they make.

use alternator_benches::clients::{credentials, peer, sdk};
use alternator_connector::AlternatorConnector;
use alternator_driver::AlternatorClient;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::AttributeValue;
use clap::ValueEnum;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    /// The SDK's client with this connector and its configuration.
    Ours,
    /// The SDK's client by itself.
    Stock,
    /// `alternator-client`.
    Peer,
    /// The SDK's client with this connector as its HTTP client, and nothing else.
    DropIn,
}

impl Client {
    pub(crate) const ALL: [Self; 4] = [Self::Ours, Self::Stock, Self::Peer, Self::DropIn];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Signing {
    Signed,
    Unsigned,
}

pub(crate) enum Connected {
    Sdk(aws_sdk_dynamodb::Client),
    Peer(Box<AlternatorClient>),
}

impl Connected {
    pub(crate) async fn new(client: Client, signing: Signing, url: &str) -> Self {
        if client == Client::Peer {
            let peer = peer(&[url.to_owned()]);
            let peer = match signing {
                Signing::Signed => peer.credentials_provider(credentials()),
                Signing::Unsigned => peer,
            };
            return Self::Peer(Box::new(AlternatorClient::from_conf(peer.build())));
        }
        let sdk = match signing {
            Signing::Signed => sdk().credentials_provider(credentials()),
            Signing::Unsigned => sdk().no_credentials(),
        };
        let connector = || AlternatorConnector::new([url]);
        let config = match client {
            Client::Ours => connector().dynamodb_config(&sdk.load().await),
            Client::DropIn => Builder::from(&sdk.http_client(connector()).load().await),
            Client::Stock | Client::Peer => Builder::from(&sdk.endpoint_url(url).load().await),
        };
        let config = match (client, signing) {
            // What the SDK by itself needs to be told.
            (Client::DropIn | Client::Stock, Signing::Unsigned) => config.allow_no_auth(),
            _ => config,
        };
        Self::Sdk(aws_sdk_dynamodb::Client::from_conf(config.build()))
    }

    /// A `get_item` that finds something.
    pub(crate) async fn get(&self) {
        let key = AttributeValue::S("key".to_owned());
        let got = match self {
            Self::Sdk(client) => client.get_item().table_name("table").key("pk", key).send().await,
            Self::Peer(client) => client.get_item().table_name("table").key("pk", key).send().await,
        };
        assert!(got.unwrap().item.is_some());
    }

    /// A `put_item` whose body has 157 bytes.
    pub(crate) async fn put(&self) {
        let s = |text: &str| AttributeValue::S(text.to_owned());
        let [pk, name, n] = [s("key"), s(&filler(79)), AttributeValue::N("42".to_owned())];
        let put = match self {
            Self::Sdk(client) => {
                client
                    .put_item()
                    .table_name("table")
                    .item("pk", pk)
                    .item("name", name)
                    .item("n", n)
                    .send()
                    .await
            }
            Self::Peer(client) => {
                client
                    .put_item()
                    .table_name("table")
                    .item("pk", pk)
                    .item("name", name)
                    .item("n", n)
                    .send()
                    .await
            }
        };
        if let Err(error) = put {
            panic!("{}", DisplayErrorContext(error));
        }
    }
}

/// The 154 bytes that answer a `get_item`.
pub(crate) fn answer() -> String {
    let name = filler(96);
    let answer =
        format!(r#"{{"Item":{{"pk":{{"S":"key"}},"name":{{"S":"{name}"}},"n":{{"N":"42"}}}}}}"#);
    assert_eq!(answer.len(), 154);
    answer
}

fn filler(length: usize) -> String {
    "a value of some length, as items have, ".chars().cycle().take(length).collect()
}
