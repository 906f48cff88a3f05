//! A node that sheds load is busy and not broken.

use std::time::Duration;

use alternator_connector::{AlternatorConnector, NodeState, Policy};
use alternator_testcluster::{ApiError, Fault};
use aws_sdk_dynamodb::Client;
use futures_util::future::join_all;

use crate::steady::{
    POLICIES, connector_and_client, get, millis, nodes, read_one_by_one, read_side_by_side,
    refreshing_on_demand, slow, start,
};
use crate::support::{eventually, probes, retrying, user_requests_of, within};

fn throttled() -> Fault {
    Fault::Answer(ApiError::new("RequestLimitExceeded", "too many"))
}

fn assert_all_serve(connector: &AlternatorConnector) {
    for node in connector.stats().nodes {
        assert_eq!(node.state, NodeState::Serving, "{node:?}");
    }
}

#[tokio::test]
async fn a_node_that_throttles_is_not_ejected() {
    join_all(POLICIES.map(async |policy| {
        let cluster = start(3);
        let (connector, client) =
            connector_and_client(refreshing_on_demand(&cluster).policy(policy)).await;
        let busy = cluster.node(0);
        busy.inject(throttled());
        eventually("it has refused often", async || {
            let _ = get(&client).await;
            user_requests_of(&busy) >= 10
        })
        .await;
        eventually("another node answers", async || get(&client).await.is_ok()).await;
        assert_all_serve(&connector);
        assert_eq!(probes(&busy), 0);
    }))
    .await;
}

#[tokio::test]
async fn a_node_that_throttles_gets_fewer_requests_and_its_share_when_it_has_stopped() {
    let cluster = start(3);
    let (connector, client) =
        connector_and_client(refreshing_on_demand(&cluster).policy(Policy::PeakEwma)).await;
    for node in cluster.nodes() {
        node.inject(slow(millis(10)));
    }
    read_one_by_one(&cluster, &client, 30).await;
    let busy = cluster.node(0);
    busy.inject(throttled());
    let mut refused = 0;
    for _ in 0..150 {
        refused += u32::from(get(&client).await.is_err());
    }
    // A third would be its share.
    assert!((1..=15).contains(&refused), "{refused}");
    busy.heal();
    busy.inject(slow(millis(10)));
    within(Duration::from_secs(60), "it gets its share again", async || {
        read_one_by_one(&cluster, &client, 60).await[0] >= 10
    })
    .await;
    assert_all_serve(&connector);
}

/// The server's own limit, met by all nodes now and then: the SDK's retries get through, and nobody
/// is taken out.
#[tokio::test]
async fn a_cluster_that_sheds_load_loses_no_node() {
    let cluster = nodes(3).shedding(4).start().unwrap();
    let (connector, _) = connector_and_client(refreshing_on_demand(&cluster)).await;
    for node in cluster.nodes() {
        node.inject(slow(millis(5)));
    }
    let patient = Client::from_conf(retrying(&connector, 50).await.build());
    let shares = read_side_by_side(&cluster, &patient, 300, 24).await;
    assert!(shares.iter().sum::<u64>() > 300, "something was shed: {shares:?}");
    assert_all_serve(&connector);
}
