//! The clients that are compared, and what one call of each comes to. Everything that can be set is
//! at its default, but for the read timeout where a scenario sets it.

use std::time::Duration;

use alternator_benches::clients::{self, credentials, sdk};
use alternator_connector::{AlternatorConnector, Error, Hedging};
use alternator_driver::AlternatorClient;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use crate::calls::{Job, Outcome};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Client {
    /// The SDK's client with this connector, which knows every node.
    Connector,
    /// The same with hedged reads.
    Hedging,
    /// The SDK's client by itself, which knows one node: the one that becomes faulty.
    Stock,
    /// `alternator-client`, which knows every node.
    Peer,
}

impl Client {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connector => "connector",
            Self::Hedging => "connector, hedging",
            Self::Stock => "stock SDK, one node",
            Self::Peer => "alternator-client",
        }
    }

    /// How many nodes are left to this client once one is lost, which is what it is compared with.
    pub(crate) fn healthy_nodes(self) -> usize {
        if self == Self::Stock { 1 } else { 2 }
    }
}

pub(crate) enum Connected {
    Sdk(aws_sdk_dynamodb::Client),
    Peer(Box<AlternatorClient>),
}

impl Connected {
    pub(crate) async fn new(job: &Job) -> Self {
        let Job { urls, read_timeout, .. } = job;
        let connector = || AlternatorConnector::builder().seeds(urls);
        let connector = match job.client {
            Client::Connector => Some(connector()),
            Client::Hedging => Some(connector().hedging(Hedging::p95())),
            Client::Stock => None,
            Client::Peer => return Self::Peer(Box::new(peer(urls, *read_timeout))),
        };
        let mut config = sdk().credentials_provider(credentials());
        if let Some(timeouts) = timeouts(*read_timeout) {
            config = config.timeout_config(timeouts);
        }
        config = match connector {
            Some(connector) => config.http_client(connector.build().unwrap()),
            None => config.endpoint_url(&urls[0]),
        };
        Self::Sdk(aws_sdk_dynamodb::Client::new(&config.load().await))
    }

    /// One `get_item`, and the error if there was one.
    pub(crate) async fn get(&self) -> (Outcome, Option<String>) {
        let key = AttributeValue::S("key".to_owned());
        let result = match self {
            Self::Sdk(client) => client.get_item().table_name("table").key("pk", key).send().await,
            Self::Peer(client) => client.get_item().table_name("table").key("pk", key).send().await,
        };
        let Err(error) = result else {
            return (Outcome::Answered, None);
        };
        let outcome = if is_unsent(&error) { Outcome::Unsent } else { Outcome::Failed };
        (outcome, Some(Error::explain(&error)))
    }
}

fn is_unsent(error: &(dyn std::error::Error + 'static)) -> bool {
    Error::find(error).is_some_and(|error| !error.may_have_been_executed())
}

fn timeouts(read: Option<Duration>) -> Option<TimeoutConfig> {
    read.map(|read| TimeoutConfig::builder().read_timeout(read).build())
}

fn peer(urls: &[String], read_timeout: Option<Duration>) -> AlternatorClient {
    let mut config = clients::peer(urls).credentials_provider(credentials());
    if let Some(timeouts) = timeouts(read_timeout) {
        config = config.timeout_config(timeouts);
    }
    AlternatorClient::from_conf(config.build())
}
