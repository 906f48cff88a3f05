//! A program that takes everything from its environment, credentials included, as programs do: the
//! SDK's own chain, with the connector as its HTTP client.

use alternator_connector::AlternatorConnector;
use alternator_testcluster::Cluster;
use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::error::DisplayErrorContext;

use crate::support::{TABLE, child, s};

/// Runs the program for the cluster, with these variables and no others, and returns what it says.
pub(crate) fn run(cluster: &Cluster, environment: &[(&str, &str)]) -> String {
    child::run("pass_through::program::program", |program| {
        program
            .env_clear()
            .env("SEEDS", cluster.urls().join(","))
            .env("HOME", "/nonexistent")
            .envs(environment.iter().copied())
    })
}

#[tokio::test]
#[ignore = "runs as a child of other tests"]
async fn program() {
    let seeds = child::var("SEEDS");
    let connector = AlternatorConnector::new(seeds.split(','));
    let config =
        aws_config::defaults(BehaviorVersion::latest()).http_client(connector).load().await;
    let client = aws_sdk_dynamodb::Client::new(&config);
    for i in 0..9 {
        let put = client.put_item().table_name(TABLE).item("pk", s(format!("item {i}")));
        match put.send().await {
            Ok(_) => println!("written"),
            Err(error) => return println!("{}", DisplayErrorContext(error)),
        }
    }
}
