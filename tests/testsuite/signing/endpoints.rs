//! The signed host is that of the endpoint that the SDK thought of, which no node has.

use std::collections::BTreeSet;

use alternator_testcluster::Tls;
use aws_sdk_dynamodb::config::Credentials;

use crate::signing::{client_noting, connector, enforcing, put};
use crate::support::heads::{Recorder, heads};
use crate::support::{USER, create_table, data_requests, eventually_routes_to, sdk_config};

/// An endpoint, an account of the credentials, and the host that the SDK signs.
type Case = (Option<&'static str>, Option<&'static str>, &'static str);

const CASES: [Case; 13] = [
    (None, None, "dynamodb.us-east-1.amazonaws.com"),
    (None, Some("111122223333"), "111122223333.ddb.us-east-1.amazonaws.com"),
    (Some("http://alternator.test"), None, "alternator.test"),
    (Some("https://alternator.test"), None, "alternator.test"),
    (Some("http://alternator.test:80"), None, "alternator.test"),
    (Some("https://alternator.test:443"), None, "alternator.test"),
    (Some("http://alternator.test:443"), None, "alternator.test:443"),
    (Some("https://alternator.test:80"), None, "alternator.test:80"),
    (Some("https://alternator.test:8043"), Some("111122223333"), "alternator.test:8043"),
    (Some("http://192.0.2.7:8000"), None, "192.0.2.7:8000"),
    (Some("http://[2001:db8::7]"), None, "[2001:db8::7]"),
    (Some("http://[2001:db8::7]:80"), None, "[2001:db8::7]"),
    (Some("https://[2001:db8::7]:8043"), None, "[2001:db8::7]:8043"),
];

async fn every_endpoint_is_accepted(tls: Tls) {
    for (endpoint, account, host) in CASES {
        let cluster = enforcing(tls).nodes(3).start().unwrap();
        let connector = connector(&cluster).build().unwrap();
        eventually_routes_to(&connector, &cluster.nodes()).await;
        let made = Recorder::default();
        let client = client_noting(&made, &connector, |mut config| {
            config.set_endpoint_url(endpoint.map(str::to_owned));
            let mut credentials = Credentials::builder()
                .access_key_id(USER.0)
                .secret_access_key(USER.1)
                .provider_name("test");
            credentials.set_account_id(account.map(Into::into));
            config.credentials_provider(credentials.build())
        })
        .await;
        create_table(&client).await;
        for i in 0..5 {
            put(&client, format!("{i} of {host}")).await.unwrap();
        }
        let arrived = heads(&cluster);
        assert_eq!((arrived.len(), made.count()), (6, 6), "{endpoint:?}");
        let hosts: BTreeSet<_> = arrived.iter().map(|a| a.header("host").unwrap()).collect();
        assert_eq!(hosts, BTreeSet::from([host]), "{endpoint:?}");
        arrived.iter().for_each(|arrived| made.assert_unchanged(arrived));
        assert!(data_requests(&cluster).iter().all(|n| *n == 2), "{endpoint:?}");
    }
}

#[tokio::test]
async fn every_endpoint_is_accepted_by_http_nodes() {
    every_endpoint_is_accepted(Tls::Off).await;
}

#[tokio::test]
async fn every_endpoint_is_accepted_by_https_nodes() {
    every_endpoint_is_accepted(Tls::Server).await;
}

#[tokio::test]
async fn nodes_at_ipv6_addresses_accept_requests() {
    for tls in [Tls::Off, Tls::Server] {
        let cluster =
            enforcing(tls).node_at("::1".parse().unwrap(), "dc1", "rack1").start().unwrap();
        let connector = connector(&cluster).build().unwrap();
        eventually_routes_to(&connector, &cluster.nodes()).await;
        let made = Recorder::default();
        let url = cluster.node(0).url();
        let client = client_noting(&made, &connector, |config| config.endpoint_url(&url)).await;
        create_table(&client).await;
        put(&client, "x").await.unwrap();
        for arrived in heads(&cluster) {
            made.assert_unchanged(&arrived);
            assert_eq!(arrived.header("host"), url.split("://").nth(1));
        }
    }
}

#[tokio::test]
async fn a_session_token_is_signed_and_arrives() {
    let cluster = enforcing(Tls::Off).nodes(3).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let made = Recorder::default();
    let client = client_noting(&made, &connector, |config| {
        let token = Some("the session's token".to_owned());
        config.credentials_provider(Credentials::new(USER.0, USER.1, token, None, "test"))
    })
    .await;
    create_table(&client).await;
    put(&client, "x").await.unwrap();
    let arrived = heads(&cluster);
    assert_eq!(arrived.len(), 2);
    for arrived in arrived {
        made.assert_unchanged(&arrived);
        assert_eq!(arrived.header("x-amz-security-token"), Some("the session's token"));
        assert!(arrived.signed().contains(&"x-amz-security-token"), "{arrived:?}");
        for name in arrived.signed() {
            assert!(arrived.header(name).is_some(), "{name} in {arrived:?}");
        }
    }
}

#[tokio::test]
async fn a_client_of_streams_is_balanced_and_accepted() {
    let cluster = enforcing(Tls::Off).nodes(3).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    eventually_routes_to(&connector, &cluster.nodes()).await;
    let client = aws_sdk_dynamodbstreams::Client::new(&sdk_config(&connector).await);
    for _ in 0..30 {
        client.list_streams().send().await.unwrap();
    }
    for node in cluster.nodes() {
        assert_eq!(node.stats().requests_of("ListStreams"), 10);
        assert!(node.saw(b"\r\nhost: streams.dynamodb.us-east-1.amazonaws.com\r\n"));
    }
}
