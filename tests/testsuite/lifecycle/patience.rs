//! How long a request may take, and who says so.

use std::time::Duration;

use alternator_connector::{AlternatorConnector, ConnectError, Error};
use alternator_testcluster::{Cluster, Delay, Fault, Scope, Tls};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use tokio::time::Instant;

use crate::support::direct::{HOUR, connector_with_ca, get_item, send_direct};
use crate::support::{TABLE, USER, client, connector, create_table, eventually, s, sdk_config};

/// Far longer than any timeout here, and far shorter than the ones that these take the place of.
const SOON: Duration = Duration::from_secs(20);

fn start(nodes: usize) -> Cluster {
    Cluster::builder().nodes(nodes).auth(USER.0, USER.1).start().unwrap()
}

async fn with_timeouts(connector: &AlternatorConnector, timeouts: TimeoutConfig) -> Client {
    let config = sdk_config(connector).await;
    let config = aws_sdk_dynamodb::config::Builder::from(&config)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts);
    Client::from_conf(config.build())
}

async fn get(client: &Client) -> Result<(), SdkError<GetItemError>> {
    client.get_item().table_name(TABLE).key("pk", s("x")).send().await.map(|_| ())
}

/// A single node that answers nothing, with a table, and how long a client with these timeouts
/// waits for it.
async fn hung(timeouts: TimeoutConfig) -> (SdkError<GetItemError>, Duration) {
    let cluster = start(1);
    let connector = connector(&cluster).build().unwrap();
    create_table(&client(&connector).await).await;
    cluster.node(0).inject(Fault::Hang(Scope::Data));
    let begun = Instant::now();
    let error = get(&with_timeouts(&connector, timeouts).await).await.unwrap_err();
    let waited = begun.elapsed();
    eventually("the slot is free", async || connector.stats().nodes[0].in_flight == 0).await;
    (error, waited)
}

/// A single node that takes this long for every answer, and a client of it.
async fn slow(tls: Tls, delay: Duration, timeouts: TimeoutConfig) -> (Cluster, Client) {
    let cluster = Cluster::builder().auth(USER.0, USER.1).tls(tls).start().unwrap();
    let connector = connector_with_ca(&cluster).build().unwrap();
    create_table(&client(&connector).await).await;
    cluster.node(0).inject(Fault::Slow(Delay::Fixed(delay)));
    let client = with_timeouts(&connector, timeouts).await;
    (cluster, client)
}

/// The SDK takes a request for stalled when nothing of it moves for 5 s, which a wait for an answer
/// must not be taken for.
#[tokio::test]
async fn data_may_take_as_long_as_the_servers_own_deadline() {
    let deadline = Duration::from_secs(10);
    let waits = async |tls| {
        let (_cluster, client) = slow(tls, deadline, TimeoutConfig::disabled()).await;
        let begun = Instant::now();
        get(&client).await.unwrap();
        assert!(begun.elapsed() >= deadline);
    };
    tokio::join!(waits(Tls::Off), waits(Tls::Server));
}

#[tokio::test]
async fn a_change_of_the_schema_may_take_longer_than_the_30_s_of_agreement() {
    let agreement = Duration::from_secs(31);
    let waits = async |tls| {
        let (_cluster, client) = slow(tls, agreement, TimeoutConfig::disabled()).await;
        let begun = Instant::now();
        client.delete_table().table_name(TABLE).send().await.unwrap();
        assert!(begun.elapsed() >= agreement);
    };
    tokio::join!(waits(Tls::Off), waits(Tls::Server));
}

#[tokio::test]
async fn a_longer_read_timeout_of_the_sdk_or_of_the_connector_takes_the_place_of_the_deadline() {
    let longer = Duration::from_secs(13);
    let of_the_sdk = async {
        let timeouts = TimeoutConfig::builder().read_timeout(HOUR).build();
        let (_cluster, client) = slow(Tls::Off, longer, timeouts).await;
        get(&client).await.unwrap();
    };
    let of_the_connector = async {
        let cluster = start(1);
        let connector = connector(&cluster).read_timeout(HOUR).build().unwrap();
        create_table(&client(&connector).await).await;
        cluster.node(0).inject(Fault::Slow(Delay::Fixed(longer)));
        let client = with_timeouts(&connector, TimeoutConfig::disabled()).await;
        get(&client).await.unwrap();
    };
    tokio::join!(of_the_sdk, of_the_connector);
}

#[tokio::test]
async fn a_hung_request_ends_by_the_read_timeout_of_the_sdk() {
    let limit = Duration::from_millis(300);
    let (error, waited) = hung(TimeoutConfig::builder().read_timeout(limit).build()).await;
    assert!((limit..SOON).contains(&waited), "{waited:?}");
    assert!(matches!(&error, SdkError::DispatchFailure(e) if e.is_timeout()), "{error:?}");
}

#[tokio::test]
async fn a_hung_request_ends_by_the_operation_timeouts_of_the_sdk() {
    let limit = Duration::from_millis(300);
    for timeouts in [
        TimeoutConfig::builder().operation_timeout(limit),
        TimeoutConfig::builder().operation_attempt_timeout(limit),
    ] {
        let (error, waited) = hung(timeouts.build()).await;
        assert!((limit..SOON).contains(&waited), "{waited:?}");
        assert!(matches!(&error, SdkError::TimeoutError(_)), "{error:?}");
    }
}

#[tokio::test]
async fn the_connect_timeout_of_the_sdk_is_kept_where_it_is_shorter() {
    let cluster = start(2);
    let connector = connector(&cluster)
        .active_refresh_interval(HOUR)
        .connect_timeout(HOUR)
        .connect_budget(HOUR)
        .build()
        .unwrap();
    connector.refresh().await.unwrap();
    create_table(&client(&connector).await).await;
    let limit = Duration::from_millis(300);
    let client =
        with_timeouts(&connector, TimeoutConfig::builder().connect_timeout(limit).build()).await;
    let unreachable = |at: usize| {
        cluster.node(at).inject(Fault::DropSyns);
        cluster.node(at).close_idle();
    };
    unreachable(0);
    let begun = Instant::now();
    get(&client).await.unwrap();
    get(&client).await.unwrap();
    unreachable(1);
    let error = get(&client).await.unwrap_err();
    assert!((2 * limit..SOON).contains(&begun.elapsed()));
    let text = DisplayErrorContext(&error).to_string();
    assert!(text.contains("not connected within 300ms"), "{text}");
}

#[tokio::test]
async fn unreachable_nodes_use_up_no_more_than_the_connect_budget() {
    let budget = Duration::from_millis(600);
    let cluster = start(16);
    let connector = connector(&cluster)
        .connect_timeout(Duration::from_millis(400))
        .connect_budget(budget)
        .build()
        .unwrap();
    for node in cluster.nodes() {
        node.inject(Fault::DropSyns);
    }
    let begun = Instant::now();
    let error = send_direct(&connector, get_item()).await.unwrap_err();
    assert!((budget..SOON).contains(&begun.elapsed()));
    let Error::Unreachable { tried, .. } = &error else {
        panic!("{error}");
    };
    // Three side by side, each of which has no more than was left of the budget when it was tried,
    // and then nothing is left.
    assert!((2..=6).contains(&tried.len()), "{error}");
    for node in tried {
        let ConnectError::Timeout { after: limit, .. } = &node.error else {
            panic!("{error}");
        };
        assert!(*limit <= Duration::from_millis(400), "{error}");
    }
}
