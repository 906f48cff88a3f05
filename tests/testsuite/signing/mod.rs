//! What the SDK signed is what a node receives: nodes that enforce signatures accept every request,
//! whatever endpoint the SDK thought of and whichever node it went to.

mod clocks;
mod endpoints;
mod identities;
mod lean;
mod refusals;
mod rerouted;

use alternator_connector::{AlternatorConnector, Policy, Tls};
use alternator_testcluster::{Builder, Cluster, Node};
use aws_sdk_dynamodb::Client;

use crate::support::heads::Recorder;
use crate::support::{TABLE, USER, eventually, s, sdk_config};

/// A cluster that enforces signatures.
fn enforcing(tls: alternator_testcluster::Tls) -> Builder {
    Cluster::builder().auth(USER.0, USER.1).tls(tls)
}

fn connector(cluster: &Cluster) -> alternator_connector::ConnectorBuilder {
    let builder = crate::support::connector(cluster).policy(Policy::RoundRobin);
    if cluster.node(0).url().starts_with("https") {
        builder.tls(Tls::new().ca_pem(cluster.ca_pem()))
    } else {
        builder
    }
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

/// Closes every connection of the node. One whose answer has just been read may not be idle yet.
async fn disconnect(node: &Node) {
    eventually("every connection is closed", async || {
        node.close_idle();
        node.stats().open == 0
    })
    .await;
}
