//! What the SDK signed is what a node receives: nodes that enforce signatures accept every request,
//! whatever endpoint the SDK thought of and whichever node it went to.

mod clocks;
mod endpoints;
mod identities;
mod lean;
mod refusals;
mod rerouted;

use alternator_connector::{AlternatorConnector, Policy};
use alternator_testcluster::{Builder, Cluster};
use aws_sdk_dynamodb::Client;

use crate::support::direct::connector_with_ca;
use crate::support::heads::Recorder;
use crate::support::{TABLE, USER, s, sdk_config};

/// A cluster that enforces signatures.
fn enforcing(tls: alternator_testcluster::Tls) -> Builder {
    Cluster::builder().auth(USER.0, USER.1).tls(tls)
}

/// A connector whose requests go to the nodes in turn.
fn connector(cluster: &Cluster) -> alternator_connector::ConnectorBuilder {
    connector_with_ca(cluster).policy(Policy::RoundRobin)
}

/// A client whose requests are noted in `made`, with whatever else `change` configures.
async fn client_noting(
    made: &Recorder,
    connector: &AlternatorConnector,
    change: impl FnOnce(aws_sdk_dynamodb::config::Builder) -> aws_sdk_dynamodb::config::Builder,
) -> Client {
    let config = aws_sdk_dynamodb::config::Builder::from(&sdk_config(connector).await);
    Client::from_conf(change(config).interceptor(made.clone()).build())
}

async fn put(client: &Client, key: impl Into<String>) -> Result<(), aws_sdk_dynamodb::Error> {
    client.put_item().table_name(TABLE).item("pk", s(key)).send().await?;
    Ok(())
}
