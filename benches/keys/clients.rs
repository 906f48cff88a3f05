//! The clients that are compared. None of them retries, so that no request is counted twice.

use alternator_benches::clients::{credentials, peer, sdk};
use alternator_connector::{AlternatorConnector, ConnectorBuilder, Policy};
use alternator_driver::{
    AlternatorBuilder, AlternatorClient, KeyRouteAffinityConfig, KeyRouteAffinityType as Affinity,
};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::{Client as SdkClient, config};

use crate::recorder::Recorder;

pub(crate) enum Client {
    Sdk(SdkClient),
    /// `alternator-client`.
    Peer(Box<AlternatorClient>),
}

impl Client {
    /// The SDK's client with this connector and its configuration.
    pub(crate) async fn routed(connector: &AlternatorConnector) -> Self {
        let sdk = sdk().credentials_provider(credentials());
        let config = connector
            .dynamodb_config(&sdk.load().await)
            .retry_config(RetryConfig::disabled())
            .build();
        Self::Sdk(SdkClient::from_conf(config))
    }

    /// The SDK's client with a connector that takes turns as its HTTP client, and nothing else.
    pub(crate) async fn round_robin(urls: &[String]) -> Self {
        let connector = ours(urls).policy(Policy::RoundRobin).build().unwrap();
        let sdk = sdk().credentials_provider(credentials());
        let config = config::Builder::from(&sdk.http_client(connector).load().await)
            .retry_config(RetryConfig::disabled())
            .build();
        Self::Sdk(SdkClient::from_conf(config))
    }

    /// `alternator-client` as it is by default, which takes turns.
    pub(crate) fn peer(urls: &[String]) -> Self {
        Self::of_peer(peer(urls))
    }

    /// `alternator-client` with its affinity for writes of this kind to tables whose key is `pk`.
    pub(crate) fn peer_with_affinity(urls: &[String], writes: Affinity, tables: &[&str]) -> Self {
        Self::of_peer(peer(urls).key_route_affinity(affinity(writes, tables)))
    }

    /// The same for all writes, with an HTTP client of one's own.
    pub(crate) fn peer_through(urls: &[String], http: Recorder, tables: &[&str]) -> Self {
        let affinity = affinity(Affinity::AnyWrite, tables);
        Self::of_peer(peer(urls).http_client(http).key_route_affinity(affinity))
    }

    fn of_peer(config: AlternatorBuilder) -> Self {
        let config =
            config.credentials_provider(credentials()).retry_config(RetryConfig::disabled());
        Self::Peer(Box::new(AlternatorClient::from_conf(config.build())))
    }

    pub(crate) fn sdk(&self) -> &SdkClient {
        match self {
            Self::Sdk(client) => client,
            Self::Peer(_) => panic!("alternator-client shows no client of the SDK"),
        }
    }

    pub(crate) fn get_item(&self) -> GetItemFluentBuilder {
        match self {
            Self::Sdk(client) => client.get_item(),
            Self::Peer(client) => client.get_item(),
        }
    }

    pub(crate) fn put_item(&self) -> PutItemFluentBuilder {
        match self {
            Self::Sdk(client) => client.put_item(),
            Self::Peer(client) => client.put_item(),
        }
    }

    pub(crate) fn update_item(&self) -> UpdateItemFluentBuilder {
        match self {
            Self::Sdk(client) => client.update_item(),
            Self::Peer(client) => client.update_item(),
        }
    }
}

fn affinity(writes: Affinity, tables: &[&str]) -> KeyRouteAffinityConfig {
    let affinity = KeyRouteAffinityConfig::builder().with_type(writes);
    tables.iter().fold(affinity, |all, table| all.with_pk_info(*table, "pk")).build()
}

/// A connector with its defaults for these nodes.
pub(crate) fn ours(urls: &[String]) -> ConnectorBuilder {
    AlternatorConnector::builder().seeds(urls)
}
