//! The whole change for an application that uses the AWS SDK: three lines.

mod common;

use alternator_connector::AlternatorConnector;
use alternator_testcluster::Cluster;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeyType;

use common::{Failure, SECRET, USER, check, create_table, credentials, s};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    // Instead of a cluster of yours.
    let cluster = Cluster::builder().nodes(3).auth(USER, SECRET).start()?;
    let seeds = cluster.urls();

    // What the application does anyway.
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials());

    // The three lines.
    let connector = AlternatorConnector::new(seeds);
    let config = config.http_client(connector.clone()).load().await;
    let client = Client::new(&config);

    // What the application does anyway.
    create_table(&client, "people", &[("name", KeyType::Hash)])?.send().await?;
    for name in ["Ada", "Grace", "Barbara", "Frances", "Radia", "Karen"] {
        client.put_item().table_name("people").item("name", s(name)).send().await?;
    }
    let found = client.scan().table_name("people").send().await?;

    println!("{} people", found.count());
    check(found.count() == 6, "every item is there")?;
    for node in connector.stats().nodes {
        println!("  {} has had {} requests", node.address, node.requests);
    }
    // Who has not answered yet is tried first; then those that answer sooner get more.
    let nodes = connector.stats().nodes;
    check(
        nodes.len() == 3 && nodes.iter().all(|node| node.requests > 0),
        "all nodes have served requests",
    )
}
