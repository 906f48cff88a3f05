//! A node that takes a request and says nothing: how long that may last, and who says so.

use std::time::{Duration, Instant};

use alternator_connector::{AlternatorConnector, ConnectorBuilder, Error, Policy};
use alternator_testcluster::{Cluster, Fault, Node, Scope};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::steady::{cause, connector_and_client, get, millis, refreshing_on_demand, slow, start};
use crate::support::direct::{HOUR, get_item};
use crate::support::{client, client_without_retries, eventually, user_requests, user_requests_of};

/// What data may take where nobody has set a limit.
const DEADLINE: Duration = Duration::from_secs(12);

/// Far more than any limit here, and far less than those that they take the place of.
const SOON: Duration = Duration::from_secs(10);

/// A client that does not retry, with this read timeout.
async fn with_read_timeout(connector: &AlternatorConnector, limit: Duration) -> Client {
    let timeouts = TimeoutConfig::builder().read_timeout(limit).build();
    let config = client_without_retries(connector).await.config().to_builder();
    Client::from_conf(config.timeout_config(timeouts).build())
}

#[tokio::test]
async fn a_read_that_hangs_ends_with_the_servers_deadline_and_the_retry_of_the_sdk_succeeds() {
    let cluster = start(3);
    let (connector, once) =
        connector_and_client(refreshing_on_demand(&cluster).policy(Policy::RoundRobin)).await;
    let retrying = client(&connector).await;
    for node in cluster.nodes() {
        node.inject(Fault::Hang(Scope::Data));
    }
    let begun = Instant::now();
    let hung = tokio::spawn(async move {
        let error = get(&once).await.unwrap_err();
        (error, begun.elapsed())
    });
    let saved = tokio::spawn(async move {
        get(&retrying).await.unwrap();
        begun.elapsed()
    });
    eventually("both are on a node", async || user_requests(&cluster).iter().sum::<u64>() == 2)
        .await;
    // Those that have neither request are good from now on.
    for node in cluster.nodes() {
        if user_requests_of(&node) == 0 {
            node.heal();
        }
    }
    let (error, waited) = hung.await.unwrap();
    assert!(
        matches!(cause(&error), Error::ReadTimeout { after, .. } if *after == DEADLINE),
        "{}",
        DisplayErrorContext(error)
    );
    assert!(waited >= DEADLINE);
    assert!(saved.await.unwrap() >= DEADLINE);
    assert_eq!(user_requests(&cluster).iter().sum::<u64>(), 3);
}

/// A single node that answers nothing, and how long which limit let the client wait.
async fn hung(
    builder: impl Fn(&Cluster) -> ConnectorBuilder,
    of_the_sdk: Option<Duration>,
) -> Duration {
    let cluster = start(1);
    let (connector, client) = connector_and_client(builder(&cluster)).await;
    let client = match of_the_sdk {
        Some(limit) => with_read_timeout(&connector, limit).await,
        None => client,
    };
    cluster.node(0).inject(Fault::Hang(Scope::Data));
    let begun = Instant::now();
    let error = get(&client).await.unwrap_err();
    assert!(begun.elapsed() < SOON);
    match cause(&error) {
        Error::ReadTimeout { after, .. } if begun.elapsed() >= *after => *after,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_shorter_read_timeout_takes_the_place_of_the_deadline() {
    let short = millis(300);
    let of_the_connector = |c: &Cluster| refreshing_on_demand(c).read_timeout(short);
    assert_eq!(hung(of_the_connector, None).await, short);
    assert_eq!(hung(refreshing_on_demand, Some(short)).await, short);
    let longer = |c: &Cluster| refreshing_on_demand(c).read_timeout(HOUR);
    assert_eq!(hung(longer, Some(short)).await, short);
}

#[tokio::test]
async fn the_read_timeout_of_the_sdk_wins_where_it_is_longer_too() {
    let cluster = start(1);
    let (connector, _) =
        connector_and_client(refreshing_on_demand(&cluster).read_timeout(millis(100))).await;
    let client = with_read_timeout(&connector, HOUR).await;
    cluster.node(0).inject(slow(millis(500)));
    get(&client).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_stops_in_the_middle_ends_with_an_error_and_the_retry_of_the_sdk_succeeds() {
    let cluster = start(2);
    let (connector, _) =
        connector_and_client(refreshing_on_demand(&cluster).policy(Policy::RoundRobin)).await;
    let client = client(&connector).await;
    // The protection of the SDK takes longer, so that it is not what ends this.
    let timeouts = TimeoutConfig::builder().read_timeout(Duration::from_secs(1));
    let client = client.config().to_builder().timeout_config(timeouts.build());
    let client = Client::from_conf(client.build());
    let stopped = cluster.node(0);
    stopped.inject(Fault::StopMidBody);
    let calls: Vec<_> = (0..4)
        .map(|_| {
            tokio::spawn({
                let client = client.clone();
                async move { get(&client).await }
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let stats = connector.stats();
    let of = |node: &Node| {
        stats.nodes.iter().find(|stats| stats.address == node.addr()).unwrap().failures
    };
    assert_eq!((of(&stopped), of(&cluster.node(1))), (2, 0));
    // Its connections are closed, as the rest of an answer would be taken for the next one.
    assert_eq!(stopped.stats().in_flight, 0);
    stopped.heal();
    for _ in 0..4 {
        get(&client).await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_that_stops_in_the_middle_is_not_waited_for_without_the_sdk_either() {
    let cluster = start(1);
    let (connector, _) = connector_and_client(refreshing_on_demand(&cluster)).await;
    cluster.node(0).inject(Fault::StopMidBody);
    let response = connector.oneshot(get_item()).await.unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    let error = error.downcast_ref::<Error>().unwrap();
    assert!(matches!(error, Error::Stalled { after, .. } if after.as_secs() == 5), "{error}");
}
