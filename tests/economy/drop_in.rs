//! The connector as an HTTP client and nothing else: the SDK signs for itself, and what it adds
//! after that and nobody reads is taken out.

use alternator_connector::AlternatorConnector;
use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

use crate::enforcing;
use crate::made::{Made, lines};
use crate::support::*;
use crate::wire::{head_of, heads};

/// What the SDK adds after the signature.
const UNSIGNED: [&str; 3] = ["amz-sdk-invocation-id", "amz-sdk-request", "user-agent"];

async fn client(connector: &AlternatorConnector, made: &Made) -> Client {
    let config = Builder::from(&sdk_config(connector).await);
    Client::from_conf(config.interceptor(made.clone()).build())
}

#[tokio::test]
async fn only_what_is_neither_read_nor_signed_is_taken_out() {
    let cluster = enforcing().start().unwrap();
    let made = Made::default();
    let client = client(&connector(&cluster).build().unwrap(), &made).await;
    ping(&client).await.unwrap();
    let arrived = lines(head_of(&cluster, "ListTables").text());
    assert_eq!(arrived, made.without(&UNSIGNED));
    assert_eq!(made.without(&[]).len() - arrived.len(), UNSIGNED.len());
}

#[tokio::test]
async fn a_header_that_is_to_be_kept_arrives() {
    for kept in UNSIGNED {
        let cluster = enforcing().start().unwrap();
        let connector = connector(&cluster).keep_header(kept).build().unwrap();
        let made = Made::default();
        ping(&client(&connector, &made).await).await.unwrap();
        let gone: Vec<_> = UNSIGNED.into_iter().filter(|name| *name != kept).collect();
        let arrived = lines(head_of(&cluster, "ListTables").text());
        assert_eq!(arrived, made.without(&gone), "{kept}");
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
    let made = Made::default();
    let config =
        Builder::from(&sdk_config(&connector).await).interceptor(Covers).interceptor(made.clone());
    ping(&Client::from_conf(config.build())).await.unwrap();
    let heads = heads(&cluster);
    assert_eq!(lines(heads[0].text()), made.without(&[]));
}
