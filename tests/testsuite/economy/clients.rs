//! Clients of the SDK, made with the connector's configuration.

use alternator_connector::AlternatorConnector;
use alternator_testcluster::Cluster;
use aws_config::{BehaviorVersion, Region, SdkConfig};

use crate::support::heads::heads_of;
use crate::support::{eventually, s, sdk_config};

/// The SDK's two clients for a cluster.
pub(crate) struct Clients {
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) streams: aws_sdk_dynamodbstreams::Client,
}

impl Clients {
    pub(crate) fn new(connector: &AlternatorConnector, sdk: &SdkConfig) -> Self {
        let dynamodb = connector.dynamodb_config(sdk).build();
        let streams = connector.dynamodbstreams_config(sdk).build();
        Self {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb),
            streams: aws_sdk_dynamodbstreams::Client::from_conf(streams),
        }
    }
}

/// A client that signs as [`USER`], with a change to its configuration.
pub(crate) async fn changed(
    connector: &AlternatorConnector,
    change: impl FnOnce(aws_sdk_dynamodb::config::Builder) -> aws_sdk_dynamodb::config::Builder,
) -> aws_sdk_dynamodb::Client {
    let config = connector.dynamodb_config(&sdk_config(connector).await);
    aws_sdk_dynamodb::Client::from_conf(change(config).build())
}

/// A client that signs as [`USER`].
pub(crate) async fn signing(connector: &AlternatorConnector) -> aws_sdk_dynamodb::Client {
    changed(connector, |config| config).await
}

/// The SDK's configuration without credentials.
pub(crate) async fn anonymous(connector: &AlternatorConnector) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(connector.clone())
        .region(Region::new("us-east-1"))
        .no_credentials()
        .load()
        .await
}

/// Sends requests for a table that does not exist until one of them is compressed: the first are
/// not, as the connector has yet to learn that the nodes understand it.
pub(crate) async fn eventually_compresses(cluster: &Cluster, client: &aws_sdk_dynamodb::Client) {
    let encoded = || {
        heads_of(cluster, "GetItem")
            .into_iter()
            .filter(|head| head.header("content-encoding").is_some())
    };
    let before = encoded().count();
    eventually("requests are compressed", async || {
        client
            .get_item()
            .table_name("none")
            .key("pk", s("x".repeat(500)))
            .send()
            .await
            .expect_err("there is no such table");
        encoded().count() > before
    })
    .await;
}
