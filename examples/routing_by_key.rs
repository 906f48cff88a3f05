//! Requests go to nodes that hold their key, and conditional writes of a key to one of those: how
//! to see it.

mod common;

use std::time::Duration;

use alternator_connector::{AlternatorConnector, ReplicaSource};
use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeyType;

use common::{Failure, SECRET, USER, check, create_table, s, sdk_config};

const TABLE: &str = "visits";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let cluster = ["us-east-1a", "us-east-1b", "us-east-1c"]
        .into_iter()
        .fold(Cluster::builder().auth(USER, SECRET), |cluster, rack| {
            cluster.rack("us-east-1", rack, 3)
        })
        .start()?;
    let connector = AlternatorConnector::builder().seeds(cluster.urls()).build()?;
    let sdk = sdk_config(&connector).await;
    let client = Client::from_conf(connector.dynamodb_config(&sdk).build());
    let table = create_table(&client, TABLE, &[("visitor", KeyType::Hash)])?;
    table.send().await?;

    // The first request has the table looked up, in the background.
    read(&client, "anyone").await?;
    until_known(&connector).await?;

    let Some(routing) = connector.routing(TABLE) else {
        return Err("the table was known a moment ago".into());
    };
    for visitor in ["Alice", "Bob"] {
        println!("{visitor} is on");
        for replica in routing.replicas(&s(visitor)) {
            let rack = replica.rack.unwrap_or_default();
            println!("  {} in {rack}, shard {:?}", replica.address, replica.shard);
        }
    }

    let by_key = || -> u64 { connector.stats().nodes.iter().map(|node| node.chosen_by_key).sum() };
    let hits = || -> u64 { cluster.nodes().iter().map(|node| node.stats().replica_hits).sum() };
    let before = (by_key(), hits());
    for visitor in 0..100 {
        read(&client, &visitor.to_string()).await?;
        let update = client.update_item().table_name(TABLE).key("visitor", s(visitor.to_string()));
        // A counter is read before it is written, so this is a lightweight transaction.
        let update = update.update_expression("ADD visits :one");
        let one = aws_sdk_dynamodb::types::AttributeValue::N("1".to_owned());
        update.expression_attribute_values(":one", one).send().await?;
    }
    let (chosen, hit) = (by_key() - before.0, hits() - before.1);
    println!("of 200 requests, {chosen} went by their key, and {hit} met a node that holds it");
    check((chosen, hit) == (200, 200), "every request met a replica of its key")
}

async fn read(client: &Client, visitor: &str) -> Result<(), Failure> {
    client.get_item().table_name(TABLE).key("visitor", s(visitor)).send().await?;
    Ok(())
}

/// Waits until the table has been looked up, which takes a few milliseconds.
async fn until_known(connector: &AlternatorConnector) -> Result<(), Failure> {
    for _ in 0..1000 {
        let routing = connector.routing(TABLE);
        if routing.is_some_and(|known| known.replica_source() == Some(ReplicaSource::Tablets)) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Err("the table is not looked up".into())
}
