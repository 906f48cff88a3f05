//! A bad node costs clients no more than its capacity, whatever is wrong with it: it is left alone,
//! looked after in the background, and used again once it is good.

mod choice;
mod failing;
mod half;
mod hedging;
mod racing;
mod silence;
mod throttling;
mod unreachable;

use std::time::Duration;

use alternator_connector::{AlternatorConnector, ConnectorBuilder, Error, Policy};
use alternator_testcluster::{ApiError, Cluster, Delay, Fault};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use tokio::task::JoinSet;

use crate::support::direct::{HOUR, connector_with_ca};
use crate::support::{TABLE, client_without_retries, s, user_requests};

const POLICIES: [Policy; 2] = [Policy::PeakEwma, Policy::RoundRobin];

/// Nodes that stay listed whatever becomes of them, and need no table.
fn nodes(count: usize) -> alternator_testcluster::Builder {
    let builder = Cluster::builder().nodes(count).failure_detection(HOUR);
    ["GetItem", "PutItem", "UpdateItem", "DeleteItem"]
        .iter()
        .fold(builder, |builder, operation| builder.canned(operation, "{}"))
}

fn start(count: usize) -> Cluster {
    nodes(count).start().unwrap()
}

/// Refreshes at first, and then only when something asks for it.
fn refreshing_on_demand(cluster: &Cluster) -> ConnectorBuilder {
    connector_with_ca(cluster).active_refresh_interval(HOUR)
}

/// The connector and a client of it that does not retry; all nodes are known.
async fn connector_and_client(builder: ConnectorBuilder) -> (AlternatorConnector, Client) {
    let connector = builder.build().unwrap();
    connector.refresh().await.unwrap();
    let client = client_without_retries(&connector).await;
    (connector, client)
}

async fn get(client: &Client) -> Result<(), SdkError<GetItemError>> {
    client.get_item().table_name(TABLE).key("pk", s("x")).send().await.map(|_| ())
}

/// Sends reads one after the other, all of which succeed, and returns how many of them each node
/// had.
async fn read_one_by_one(cluster: &Cluster, client: &Client, reads: usize) -> Vec<u64> {
    let before = user_requests(cluster);
    for _ in 0..reads {
        get(client).await.unwrap();
    }
    user_requests_since(cluster, &before)
}

/// The same with so many at once.
async fn read_side_by_side(
    cluster: &Cluster,
    client: &Client,
    reads: usize,
    at_once: usize,
) -> Vec<u64> {
    let before = user_requests(cluster);
    let mut workers = JoinSet::new();
    for worker in 0..at_once {
        let client = client.clone();
        workers.spawn(async move {
            for _ in (worker..reads).step_by(at_once) {
                get(&client).await.unwrap();
            }
        });
    }
    workers.join_all().await;
    user_requests_since(cluster, &before)
}

fn user_requests_since(cluster: &Cluster, before: &[u64]) -> Vec<u64> {
    user_requests(cluster).iter().zip(before).map(|(a, b)| a - b).collect()
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn slow(by: Duration) -> Fault {
    Fault::Slow(Delay::Fixed(by))
}

fn server_error() -> Fault {
    Fault::Answer(ApiError::new("InternalServerError", "out of order"))
}

/// What the connector said.
fn cause<'e>(error: &'e (dyn std::error::Error + 'static)) -> &'e Error {
    std::iter::successors(Some(error), |error| error.source())
        .find_map(|cause| cause.downcast_ref())
        .expect("it is the connector's own error")
}
