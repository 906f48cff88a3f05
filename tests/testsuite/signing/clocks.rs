//! Clients made with `dynamodb_config` whose clock is off, or goes on between attempts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use alternator_connector::AlternatorConnector;
use alternator_testcluster::{ApiError, Cluster, Fault, Tls};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_smithy_async::time::{SystemTimeSource, TimeSource};

use crate::signing::lean::{LEAST, lean_client};
use crate::signing::{connector, enforcing};
use crate::support::heads::heads;
use crate::support::{ping, retrying_at_once, sdk_config, user_requests};

/// A clock that is fast by so many seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    fast: Arc<AtomicI64>,
    /// By how many seconds it goes on whenever it is looked at.
    step: i64,
}

impl Clock {
    pub(crate) fn set(&self, fast: i64) {
        self.fast.store(fast, Ordering::Relaxed);
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        let now = SystemTimeSource::new().now();
        let fast = self.fast.fetch_add(self.step, Ordering::Relaxed);
        let by = Duration::from_secs(fast.unsigned_abs());
        if fast < 0 { now - by } else { now + by }
    }
}

const MINUTES: i64 = 60;

fn total(cluster: &Cluster) -> u64 {
    user_requests(cluster).iter().sum()
}

/// Whether an operation succeeds, and how many requests it takes.
async fn outcome(client: &Client, cluster: &Cluster) -> (bool, u64) {
    let before = total(cluster);
    let succeeded = ping(client).await.is_ok();
    (succeeded, total(cluster) - before)
}

/// The outcomes of operations while the clock is off, and when it is mended, of a client that
/// `make` makes.
async fn outcomes(
    fast: i64,
    make: impl AsyncFn(&AlternatorConnector, Clock) -> Client,
) -> (Vec<(bool, u64)>, Cluster) {
    let cluster = enforcing(Tls::Off).nodes(3).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let clock = Clock::default();
    let client = make(&connector, clock.clone()).await;
    let mut outcomes = Vec::new();
    for fast in [0, fast, 0] {
        clock.set(fast);
        for _ in 0..3 {
            outcomes.push(outcome(&client, &cluster).await);
        }
    }
    (outcomes, cluster)
}

async fn stock_client(connector: &AlternatorConnector, clock: Clock) -> Client {
    let config = Builder::from(&sdk_config(connector).await).time_source(clock);
    Client::from_conf(retrying_at_once(config, 3).build())
}

async fn lean(connector: &AlternatorConnector, clock: Clock) -> Client {
    lean_client(connector, |config| config.time_source(clock)).await
}

#[tokio::test]
async fn a_clock_that_is_off_is_corrected_as_the_sdk_does() {
    for fast in [-20 * MINUTES, 20 * MINUTES] {
        let (stock, _) = outcomes(fast, stock_client).await;
        let (lean, cluster) = outcomes(fast, lean).await;
        assert_eq!(lean, stock, "{fast}");
        // The first operation with a wrong clock is retried, and no other.
        assert_eq!(lean[..3], [(true, 1); 3]);
        assert_eq!(lean[3..6], [(true, 2), (true, 1), (true, 1)]);
        assert_eq!(lean[7..], [(true, 1); 2]);
        // Once the clock is right again, the SDK's signer is needed for one request more.
        let signed_by_the_sdk = heads(&cluster).iter().filter(|a| a.signed() != LEAST).count();
        assert_eq!(signed_by_the_sdk, 5);
    }
}

#[tokio::test]
async fn without_retries_a_clock_that_is_off_costs_one_operation() {
    let without = |config: Builder, clock: Clock| {
        let config = config.time_source(clock);
        Client::from_conf(config.retry_config(RetryConfig::disabled()).build())
    };
    let stock = async |connector: &AlternatorConnector, clock: Clock| {
        without(Builder::from(&sdk_config(connector).await), clock)
    };
    let lean = async |connector: &AlternatorConnector, clock: Clock| {
        without(connector.dynamodb_config(&sdk_config(connector).await), clock)
    };
    let (stock, _) = outcomes(20 * MINUTES, stock).await;
    let (lean, _) = outcomes(20 * MINUTES, lean).await;
    assert_eq!(lean, stock);
    assert_eq!(lean[3..6], [(false, 1), (true, 1), (true, 1)]);
}

#[tokio::test]
async fn a_clock_that_is_mended_little_by_little_costs_nothing() {
    let cluster = enforcing(Tls::Off).nodes(3).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let clock = Clock::default();
    let client = lean(&connector, clock.clone()).await;
    clock.set(40 * MINUTES);
    assert_eq!(outcome(&client, &cluster).await, (true, 2));
    for minutes in (0..40).rev() {
        clock.set(minutes * MINUTES);
        assert_eq!(outcome(&client, &cluster).await, (true, 1), "{minutes}");
    }
    assert_eq!(heads(&cluster).last().unwrap().signed(), LEAST);
}

#[tokio::test]
async fn credentials_that_a_client_had_not_at_first_have_their_clock_corrected() {
    let made = async |connector: &AlternatorConnector, clock: Clock| {
        let sdk = sdk_config(connector).await;
        let credentials = sdk.credentials_provider().unwrap();
        let mut without = sdk.into_builder();
        without.set_credentials_provider(None);
        let config = connector
            .dynamodb_config(&without.build())
            .credentials_provider(credentials)
            .time_source(clock);
        Client::from_conf(retrying_at_once(config, 3).build())
    };
    let (outcomes, _) = outcomes(20 * MINUTES, made).await;
    assert_eq!(outcomes[3..6], [(true, 2), (true, 1), (true, 1)]);
}

#[tokio::test]
async fn a_clock_that_is_off_by_less_than_the_server_allows_needs_no_correction() {
    for fast in [-3 * MINUTES, 3 * MINUTES] {
        let (outcomes, cluster) = outcomes(fast, lean).await;
        assert_eq!(outcomes, [(true, 1); 9]);
        assert!(heads(&cluster).iter().all(|a| a.signed() == LEAST));
    }
}

#[tokio::test]
async fn every_attempt_is_signed_anew() {
    let cluster = enforcing(Tls::Off).nodes(2).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let clock = Clock { step: 1, ..Clock::default() };
    // Nothing brings the dates together again.
    let client = lean_client(&connector, |config| {
        config.time_source(clock).disable_clock_skew_correction(true)
    })
    .await;
    cluster.node(0).inject(Fault::Answer(ApiError::new("InternalServerError", "as injected")));
    let operations = 10;
    for _ in 0..operations {
        ping(&client).await.unwrap();
    }
    let arrived = heads(&cluster);
    assert!(arrived.len() > operations, "{}", arrived.len());
    let of_all = |name| {
        let values: BTreeSet<_> = arrived.iter().map(|a| a.header(name).unwrap()).collect();
        values.len()
    };
    assert_eq!(of_all("x-amz-date"), arrived.len());
    assert_eq!(of_all("authorization"), arrived.len());
}
