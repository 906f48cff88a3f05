//! Requests stay in the application's rack; when it dies they go to the rest of its datacenter, and
//! to no other.

mod common;

use std::collections::BTreeSet;

use alternator_connector::{AlternatorConnector, Scope};
use alternator_testcluster::{Cluster, Node};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeyType;

use common::{Failure, SECRET, USER, check, create_table, s, sdk_config};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let cluster = Cluster::builder()
        .auth(USER, SECRET)
        .rack("us-east-1", "us-east-1a", 2)
        .rack("us-east-1", "us-east-1b", 2)
        .rack("us-west-2", "us-west-2a", 2)
        .start()?;

    let connector = AlternatorConnector::builder()
        .seeds(cluster.urls())
        .scope(Scope::rack("us-east-1", "us-east-1a"))
        .fallback(Scope::datacenter("us-east-1"))
        .build()?;
    // A misspelled name shows here, and not as an application that is slower than it should be.
    connector.check_scope().await?;
    let client = Client::new(&sdk_config(&connector).await);
    create_table(&client, "visits", &[("visitor", KeyType::Hash)])?.send().await?;

    let nodes = cluster.nodes();
    let rack = &nodes[..2];

    println!("all nodes are up");
    let served = who_serves(&client, &nodes).await?;
    check(served == BTreeSet::from(["us-east-1a"]), "the rack serves all requests")?;

    println!("the rack dies");
    rack.iter().for_each(Node::stop);
    let served = who_serves(&client, &nodes).await?;
    check(
        served == BTreeSet::from(["us-east-1b"]),
        "the rest of the datacenter serves all requests",
    )?;

    println!("the rack returns");
    for node in rack {
        node.start()?;
    }
    until_known(&connector, rack).await?;
    let served = who_serves(&client, &nodes).await?;
    check(served == BTreeSet::from(["us-east-1a"]), "the rack serves all requests again")
}

/// Sends requests, and answers in which racks they were served.
async fn who_serves<'n>(client: &Client, nodes: &'n [Node]) -> Result<BTreeSet<&'n str>, Failure> {
    let count = |node: &Node| node.stats().data_requests();
    let before: Vec<_> = nodes.iter().map(count).collect();
    for visitor in 0..40 {
        client
            .put_item()
            .table_name("visits")
            .item("visitor", s(visitor.to_string()))
            .send()
            .await?;
    }
    let mut racks = BTreeSet::new();
    for (node, before) in nodes.iter().zip(before) {
        let requests = count(node) - before;
        println!("  {node:?} has had {requests:>2} requests");
        if requests > 0 {
            racks.insert(node.rack());
        }
    }
    Ok(racks)
}

/// Waits until these nodes, and no others, serve requests. The connector finds out by itself within
/// a second or so; asking it to refresh only makes the example faster.
async fn until_known(connector: &AlternatorConnector, nodes: &[Node]) -> Result<(), Failure> {
    let wanted: BTreeSet<_> = nodes.iter().map(Node::addr).collect();
    for _ in 0..100 {
        connector.refresh().await?;
        if BTreeSet::from_iter(connector.known_nodes()) == wanted {
            return Ok(());
        }
    }
    Err(format!("the connector does not find {wanted:?}").into())
}
