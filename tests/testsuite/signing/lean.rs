//! Clients made with `dynamodb_config`: they sign little, and nodes accept it.

use alternator_connector::AlternatorConnector;
use alternator_testcluster::Tls;
use aws_runtime::auth::SigV4SessionTokenNameOverride;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{Builder, ConfigBag, Credentials, Intercept};
use aws_sdk_dynamodb::error::{BoxError, ProvideErrorMetadata};

use crate::signing::{connector, enforcing, put};
use crate::support::heads::{Head, heads};
use crate::support::{
    TABLE, USER, create_table, ping, retrying_at_once, s, sdk_config, user_requests,
    without_key_routing,
};

/// What is signed where credentials have no session token.
pub(crate) const LEAST: [&str; 3] = ["host", "x-amz-date", "x-amz-target"];

/// A client that retries at once, with whatever else `change` configures.
pub(crate) async fn lean_client(
    connector: &AlternatorConnector,
    change: impl FnOnce(Builder) -> Builder,
) -> Client {
    let config = connector.dynamodb_config(&sdk_config(connector).await);
    Client::from_conf(change(retrying_at_once(config, 3)).build())
}

#[tokio::test]
async fn nodes_accept_requests_that_sign_who_asks_whom_for_what() {
    for tls in [Tls::Off, Tls::Server] {
        let cluster = enforcing(tls).nodes(3).start().unwrap();
        let connector = without_key_routing(connector(&cluster)).build().unwrap();
        let client = lean_client(&connector, |config| config).await;
        create_table(&client).await;
        for i in 0..5 {
            put(&client, i.to_string()).await.unwrap();
        }
        let arrived = heads(&cluster);
        assert_eq!(arrived.len(), 6);
        for arrived in &arrived {
            assert_eq!(arrived.signed(), LEAST);
            assert_eq!(arrived.access_key(), USER.0);
        }
    }
}

#[tokio::test]
async fn the_host_that_is_signed_is_the_one_that_is_sent() {
    let cluster = enforcing(Tls::Off).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client = lean_client(&connector, |config| config).await;
    create_table(&client).await;
    let seed = cluster.node(0).addr().to_string();
    for (endpoint, host) in [
        (None, seed.as_str()),
        (Some("http://alternator.test"), "alternator.test"),
        (Some("http://alternator.test:80/"), "alternator.test"),
        (Some("https://alternator.test:443"), "alternator.test"),
        (Some("https://alternator.test:80"), "alternator.test:80"),
        (Some("http://[2001:db8::7]:8000"), "[2001:db8::7]:8000"),
    ] {
        let client = lean_client(&connector, |mut config| {
            config.set_endpoint_url(endpoint.map(str::to_owned));
            config
        })
        .await;
        put(&client, "x").await.unwrap();
        let arrived = heads(&cluster);
        let of_host = arrived.iter().filter(|a| a.header("host") == Some(host));
        assert!(of_host.count() > 0, "{endpoint:?}");
        assert!(arrived.iter().all(|a| a.signed() == LEAST));
    }
}

#[tokio::test]
async fn a_wrong_secret_is_refused_after_one_request() {
    let cluster = enforcing(Tls::Off).nodes(3).start().unwrap();
    let connector = without_key_routing(connector(&cluster)).build().unwrap();
    let client = lean_client(&connector, |config| {
        config.credentials_provider(Credentials::new(USER.0, "wrong", None, None, "test"))
    })
    .await;
    let error = put(&client, "x").await.unwrap_err();
    assert_eq!(error.code(), Some("UnrecognizedClientException"));
    assert_eq!(error.message(), Some("wrong signature"));
    assert_eq!(user_requests(&cluster).iter().sum::<u64>(), 1);
}

fn with_token(token: &str) -> Credentials {
    Credentials::new(USER.0, USER.1, Some(token.to_owned()), None, "test")
}

#[tokio::test]
async fn a_session_token_is_sent_and_signed() {
    let cluster = enforcing(Tls::Off).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    // Short, and longer than anything else in a request.
    let tokens = ["token".to_owned(), "token/+=".repeat(200)];
    for token in &tokens {
        let client =
            lean_client(&connector, |config| config.credentials_provider(with_token(token))).await;
        ping(&client).await.unwrap();
    }
    let arrived = heads(&cluster);
    let [host, date, target] = LEAST;
    let signed = [host, date, "x-amz-security-token", target];
    for (arrived, token) in arrived.iter().zip(&tokens) {
        assert_eq!(arrived.header("x-amz-security-token"), Some(&token[..]));
        assert_eq!(arrived.signed(), signed);
    }
    assert_eq!(arrived.len(), 2);
}

#[tokio::test]
async fn what_a_user_changes_before_the_signature_is_signed_or_sent_as_it_is() {
    let cluster = enforcing(Tls::Off).start().unwrap();
    let connector = without_key_routing(connector(&cluster)).build().unwrap();
    let client = lean_client(&connector, |config| config).await;
    create_table(&client).await;
    client
        .put_item()
        .table_name("another")
        .item("pk", s("x"))
        .customize()
        .mutate_request(|request| {
            let body = r#"{"TableName":"items","Item":{"pk":{"S":"changed"}}}"#;
            *request.body_mut() = body.into();
            let headers = request.headers_mut();
            headers.insert("content-length", body.len().to_string());
            headers.insert("host", "their.own.host");
            headers.insert("x-their-own", "two  blanks");
        })
        .send()
        .await
        .unwrap();
    let heads = heads(&cluster);
    let is_changed = |head: &&Head| head.header("host") == Some("their.own.host");
    let changed = heads.iter().find(is_changed).expect("their own host is sent");
    assert_eq!(changed.header("x-their-own"), Some("two  blanks"));
    assert_eq!(changed.signed(), LEAST);
    let read = client.get_item().table_name(TABLE).key("pk", s("changed"));
    assert!(read.send().await.unwrap().item().is_some());
}

/// Asks for another name of the session token's header, which only the SDK's signer knows how to
/// do.
#[derive(Debug)]
struct RenameToken;

impl Intercept for RenameToken {
    fn name(&self) -> &'static str {
        "RenameToken"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let name = SigV4SessionTokenNameOverride::new(|_, _| Ok(Some("x-their-token")));
        config.interceptor_state().store_put(name);
        Ok(())
    }
}

#[tokio::test]
async fn what_is_unusual_is_signed_by_the_sdk() {
    let cluster = enforcing(Tls::Off).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client =
        lean_client(&connector, |config| config.credentials_provider(with_token("token"))).await;
    client.list_tables().customize().interceptor(RenameToken).send().await.unwrap();
    ping(&client).await.unwrap();
    let arrived = heads(&cluster);
    assert_eq!(arrived[0].header("x-their-token"), Some("token"));
    assert!(arrived[0].signed().contains(&"content-length"));
    assert_eq!(arrived[1].header("x-amz-security-token"), Some("token"));
    assert_eq!(arrived[1].signed().len(), 4);
}
