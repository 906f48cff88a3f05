//! The connector as an HTTP client and nothing else: the SDK signs for itself, and what it adds
//! after that and nobody reads is taken out.

use alternator_connector::AlternatorConnector;
use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

use crate::economy::enforcing;
use crate::support::heads::{Recorder, head_of, heads};
use crate::support::{connector, ping, sdk_config};

/// What the SDK adds after the signature.
const UNSIGNED: [&str; 3] = ["amz-sdk-invocation-id", "amz-sdk-request", "user-agent"];

async fn client(connector: &AlternatorConnector, made: &Recorder) -> Client {
    let config = Builder::from(&sdk_config(connector).await);
    Client::from_conf(config.interceptor(made.clone()).build())
}

#[tokio::test]
async fn only_what_is_neither_read_nor_signed_is_taken_out() {
    let cluster = enforcing().start().unwrap();
    let made = Recorder::default();
    let client = client(&connector(&cluster).build().unwrap(), &made).await;
    ping(&client).await.unwrap();
    let arrived = head_of(&cluster, "ListTables").headers_without_host();
    assert_eq!(arrived, made.latest_without(&UNSIGNED));
    assert_eq!(made.latest_without(&[]).len() - arrived.len(), UNSIGNED.len());
}

#[tokio::test]
async fn a_header_that_is_to_be_kept_arrives() {
    for kept in UNSIGNED {
        let cluster = enforcing().start().unwrap();
        let connector = connector(&cluster).keep_header(kept).build().unwrap();
        let made = Recorder::default();
        ping(&client(&connector, &made).await).await.unwrap();
        let gone: Vec<_> = UNSIGNED.into_iter().filter(|name| *name != kept).collect();
        let arrived = head_of(&cluster, "ListTables").headers_without_host();
        assert_eq!(arrived, made.latest_without(&gone), "{kept}");
    }
}

/// Says that the signature covers what the SDK adds after it.
#[derive(Debug)]
struct Covers;

impl Intercept for Covers {
    fn name(&self) -> &'static str {
        "Covers"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        let authorization = headers.get("authorization").expect("it is signed");
        let names = format!("SignedHeaders={};", UNSIGNED.join(";"));
        let authorization = authorization.replace("SignedHeaders=", &names);
        headers.insert("authorization", authorization);
        Ok(())
    }
}

#[tokio::test]
async fn what_is_signed_arrives() {
    let cluster = Cluster::builder().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let made = Recorder::default();
    let config =
        Builder::from(&sdk_config(&connector).await).interceptor(Covers).interceptor(made.clone());
    ping(&Client::from_conf(config.build())).await.unwrap();
    let heads = heads(&cluster);
    assert_eq!(heads[0].headers_without_host(), made.latest_without(&[]));
}
