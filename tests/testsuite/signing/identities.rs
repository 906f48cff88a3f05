//! As whom the requests of clients made with `dynamodb_config` are sent.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alternator_connector::{AlternatorConnector, Authentication};
use alternator_testcluster::{Cluster, Tls, Version};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Builder, Credentials, ProvideCredentials};
use aws_smithy_async::time::{SystemTimeSource, TimeSource};

use crate::signing::clocks::Clock;
use crate::signing::lean::lean_client;
use crate::signing::{connector, enforcing};
use crate::support::heads::heads;
use crate::support::{USER, create_table, data_requests, eventually, ping, user_requests};

/// Another user of a cluster that enforces signatures.
const OTHER: (&str, &str) = ("bob", "salted-hash-of-bob");

fn credentials((user, secret): (&str, &str)) -> Credentials {
    Credentials::new(user, secret, None, None, "test")
}

fn two_users() -> Cluster {
    enforcing(Tls::Off).auth(OTHER.0, OTHER.1).nodes(3).start().unwrap()
}

/// The users of the requests that have arrived, in no particular order.
fn users(cluster: &Cluster) -> Vec<String> {
    let mut users: Vec<_> = heads(cluster).iter().map(|a| a.access_key().to_owned()).collect();
    users.sort();
    users
}

fn signed(cluster: &Cluster) -> usize {
    heads(cluster).iter().filter(|a| a.header("authorization").is_some()).count()
}

#[tokio::test]
async fn an_operation_may_have_credentials_of_its_own() {
    let cluster = two_users();
    let connector = connector(&cluster).build().unwrap();
    let client = lean_client(&connector, |config| config).await;
    for _ in 0..5 {
        ping(&client).await.unwrap();
        let theirs = Builder::new().credentials_provider(credentials(OTHER));
        client.list_tables().customize().config_override(theirs).send().await.unwrap();
    }
    assert_eq!(users(&cluster), [[USER.0; 5], [OTHER.0; 5]].concat());
}

/// Credentials that are about to expire, of each user in turn.
#[derive(Debug, Default)]
struct Expiring(AtomicUsize);

impl ProvideCredentials for Expiring {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let turn = self.0.fetch_add(1, Ordering::Relaxed);
        let (user, secret) = [USER, OTHER][turn % 2];
        let expiry = SystemTimeSource::new().now() + Duration::from_secs(1);
        let credentials = Credentials::new(user, secret, None, Some(expiry), "test");
        future::ProvideCredentials::ready(Ok(credentials))
    }
}

#[tokio::test]
async fn credentials_that_expire_are_resolved_anew() {
    let cluster = two_users();
    let connector = connector(&cluster).build().unwrap();
    let client =
        lean_client(&connector, |config| config.credentials_provider(Expiring::default())).await;
    for _ in 0..6 {
        ping(&client).await.unwrap();
    }
    assert_eq!(users(&cluster), [[USER.0; 3], [OTHER.0; 3]].concat());
}

#[tokio::test]
async fn a_secret_that_was_rotated_is_used_at_once() {
    let cluster = enforcing(Tls::Off).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client =
        lean_client(&connector, |config| config.credentials_provider(credentials((USER.0, "old"))))
            .await;
    for _ in 0..2 {
        assert!(ping(&client).await.unwrap_err().contains("wrong signature"));
        let rotated = Builder::new().credentials_provider(credentials(USER));
        client.list_tables().customize().config_override(rotated).send().await.unwrap();
    }
}

/// A provider that is told what to find, and counts how often it is asked.
#[derive(Clone, Debug, Default)]
struct Chain {
    finds: Arc<Mutex<Option<Credentials>>>,
    is_broken: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

impl ProvideCredentials for Chain {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let found = self.finds.lock().unwrap().clone();
        future::ProvideCredentials::ready(if self.is_broken.load(Ordering::Relaxed) {
            Err(CredentialsError::provider_error("the chain is broken"))
        } else {
            found.ok_or_else(|| CredentialsError::not_loaded("nothing is configured"))
        })
    }
}

impl Chain {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

async fn with_chain(connector: &AlternatorConnector, chain: &Chain, clock: &Clock) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(connector.clone())
        .region(Region::new("us-east-1"))
        .credentials_provider(chain.clone())
        .time_source(clock.clone())
        .load()
        .await
}

async fn without_credentials(connector: &AlternatorConnector) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(connector.clone())
        .region(Region::new("us-east-1"))
        .no_credentials()
        .load()
        .await
}

fn client(connector: &AlternatorConnector, sdk: &SdkConfig) -> Client {
    Client::from_conf(connector.dynamodb_config(sdk).build())
}

#[tokio::test]
async fn without_credentials_requests_go_unsigned() {
    let cluster = Cluster::builder().nodes(3).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client = client(&connector, &without_credentials(&connector).await);
    create_table(&client).await;
    ping(&client).await.unwrap();
    assert_eq!((heads(&cluster).len(), signed(&cluster)), (2, 0));
    // An operation may have some all the same.
    let theirs = Builder::new().credentials_provider(credentials(USER));
    client.list_tables().customize().config_override(theirs).send().await.unwrap();
    assert_eq!((heads(&cluster).len(), signed(&cluster)), (3, 1));
}

#[tokio::test]
async fn a_chain_that_finds_nothing_is_asked_once_and_then_in_the_background() {
    let cluster = Cluster::builder().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let (chain, clock) = (Chain::default(), Clock::default());
    let client = client(&connector, &with_chain(&connector, &chain, &clock).await);
    for _ in 0..5 {
        ping(&client).await.unwrap();
    }
    assert_eq!((chain.asked(), signed(&cluster)), (1, 0));

    // After half a minute it is asked again, while requests still go unsigned.
    clock.set(60);
    ping(&client).await.unwrap();
    eventually("the chain is asked", async || chain.asked() == 2).await;
    *chain.finds.lock().unwrap() = Some(credentials(USER));
    clock.set(2 * 60);
    ping(&client).await.unwrap();
    eventually("the chain is asked", async || chain.asked() == 3).await;
    assert_eq!(signed(&cluster), 0);

    // What it found is used when the next half a minute is over.
    clock.set(3 * 60);
    eventually("requests are signed", async || {
        ping(&client).await.unwrap();
        signed(&cluster) > 0
    })
    .await;
    assert_eq!(chain.asked(), 4);
}

#[tokio::test]
async fn a_chain_that_has_lost_what_it_had_is_an_error() {
    let cluster = Cluster::builder().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let (chain, clock) = (Chain::default(), Clock::default());
    *chain.finds.lock().unwrap() = Some(credentials(USER));
    let client = client(&connector, &with_chain(&connector, &chain, &clock).await);
    ping(&client).await.unwrap();
    *chain.finds.lock().unwrap() = None;
    // Credentials that say nothing of their end are kept for a quarter of an hour.
    clock.set(20 * 60);
    ping(&client).await.unwrap_err();
    assert_eq!((heads(&cluster).len(), signed(&cluster)), (1, 1));
}

#[tokio::test]
async fn credentials_that_cannot_be_loaded_are_an_error() {
    let cluster = Cluster::builder().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let (chain, clock) = (Chain::default(), Clock::default());
    chain.is_broken.store(true, Ordering::Relaxed);
    let client = client(&connector, &with_chain(&connector, &chain, &clock).await);
    let error = ping(&client).await.unwrap_err();
    assert!(error.contains("the chain is broken"), "{error}");
    assert_eq!(data_requests(&cluster), [0]);
}

#[tokio::test]
async fn where_a_signature_is_required_nothing_is_sent_without_credentials() {
    let cluster = Cluster::builder().start().unwrap();
    let connector = connector(&cluster).authentication(Authentication::Required).build().unwrap();
    let none = without_credentials(&connector).await;
    let nothing = with_chain(&connector, &Chain::default(), &Clock::default()).await;
    for (sdk, why) in [(none, "no identity resolver"), (nothing, "nothing is configured")] {
        let error = ping(&client(&connector, &sdk)).await.unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    assert_eq!(user_requests(&cluster), [0]);
    let client = lean_client(&connector, |config| config).await;
    ping(&client).await.unwrap();
    assert_eq!(signed(&cluster), 1);
}

#[tokio::test]
async fn where_a_signature_is_required_empty_credentials_are_none() {
    let cluster = enforcing(Tls::Off).start().unwrap();
    let connector = connector(&cluster).authentication(Authentication::Required).build().unwrap();
    let client =
        lean_client(&connector, |config| config.credentials_provider(credentials(("", "")))).await;
    let error = ping(&client).await.unwrap_err();
    assert!(error.contains("User not found"), "{error}");
    assert_eq!(signed(&cluster), 1);
}

#[tokio::test]
async fn a_client_certificate_stands_in_for_a_signature() {
    for (version, accepts) in [(Version::V2026_4, true), (Version::V2026_3, false)] {
        let cluster = enforcing(Tls::Mutual).version(version).start().unwrap();
        let (certificate, key) = cluster.client_identity();
        let tls = alternator_connector::Tls::new()
            .ca_pem(cluster.ca_pem())
            .client_identity_pem(certificate, key);
        let connector = connector(&cluster)
            .tls(tls)
            .authentication(Authentication::ClientCertificate)
            .build()
            .unwrap();
        let client = lean_client(&connector, |config| config).await;
        let answer = ping(&client).await;
        assert_eq!(answer.is_ok(), accepts, "{answer:?}");
        assert_eq!((heads(&cluster).len(), signed(&cluster)), (1, 0));
    }
}
