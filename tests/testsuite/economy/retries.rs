//! Retries know the nodes that were tried, although nothing on the wire tells of an invocation.

use alternator_connector::{AlternatorConnector, Policy, RequestCompression};
use alternator_testcluster::{ApiError, Cluster, Fault, Node};

use crate::economy::clients::{anonymous, eventually_compresses, signing};
use crate::economy::enforcing;
use crate::support::direct::HOUR;
use crate::support::heads::heads_of;
use crate::support::{
    TABLE, connector, create_table, retrying_at_once, s, sdk_config, user_requests,
    without_key_routing,
};

/// Of some nodes, all but the first give an answer that the SDK retries. None of them gets two
/// requests of one operation.
async fn assert_avoids_tried_nodes(
    cluster: &Cluster,
    client: impl AsyncFn(&AlternatorConnector) -> aws_sdk_dynamodb::config::Builder,
    fault: &Fault,
    compressed: bool,
) {
    let nodes = cluster.nodes();
    let mut retries = 0;
    // A fresh connector knows of no bad node yet.
    for _ in 0..5 {
        nodes.iter().for_each(Node::heal);
        let mut builder = without_key_routing(connector(cluster))
            .active_refresh_interval(HOUR)
            .policy(Policy::RoundRobin);
        if compressed {
            builder = builder.request_compression(RequestCompression::gzip().min_size(0));
        }
        let connector = builder.build().unwrap();
        connector.refresh().await.unwrap();
        let config = retrying_at_once(client(&connector).await, nodes.len() as u32);
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        if compressed {
            eventually_compresses(cluster, &client).await;
        }
        nodes[1..].iter().for_each(|node| node.inject(fault.clone()));
        for _ in 0..6 {
            let before = user_requests(cluster);
            client
                .delete_item()
                .table_name(TABLE)
                .key("pk", s("x".repeat(500)))
                .send()
                .await
                .expect("a good node is found in time");
            let after = user_requests(cluster);
            let ways: Vec<_> = after.iter().zip(before).map(|(a, b)| a - b).collect();
            assert!(ways.iter().all(|times| *times <= 1), "{ways:?}");
            retries += ways.iter().sum::<u64>() - 1;
        }
    }
    assert!(retries > 0, "{fault:?}");
    // A retry has no other headers than a first attempt.
    let heads = heads_of(cluster, "DeleteItem");
    for head in &heads {
        assert_eq!(head.names(), heads[0].names());
        assert_eq!(head.header("content-encoding").is_some(), compressed);
        assert!(!head.text().contains("amz-sdk"), "{head:?}");
    }
}

/// The faults that the SDK sees and retries.
fn faults() -> [Fault; 3] {
    [
        Fault::Answer(ApiError::new("InternalServerError", "out of order")),
        Fault::ResetAfterRequest { execute: false },
        Fault::Truncate,
    ]
}

/// The node that answers in the end verifies the signature, as all do.
#[tokio::test]
async fn a_signed_retry_goes_to_a_node_that_was_not_tried() {
    for compressed in [false, true] {
        for fault in faults() {
            let cluster = enforcing().start().unwrap();
            create_table(&signing(&connector(&cluster).build().unwrap()).await).await;
            let signed = async |connector: &AlternatorConnector| {
                connector.dynamodb_config(&sdk_config(connector).await)
            };
            assert_avoids_tried_nodes(&cluster, signed, &fault, compressed).await;
        }
    }
}

#[tokio::test]
async fn an_unsigned_retry_goes_to_a_node_that_was_not_tried() {
    for fault in faults() {
        let cluster = Cluster::builder().nodes(5).start().unwrap();
        create_table(&signing(&connector(&cluster).build().unwrap()).await).await;
        let unsigned = async |connector: &AlternatorConnector| {
            connector.dynamodb_config(&anonymous(connector).await)
        };
        assert_avoids_tried_nodes(&cluster, unsigned, &fault, false).await;
    }
}
