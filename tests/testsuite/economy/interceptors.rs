//! What users' own interceptors add to requests.

use alternator_connector::{ConnectorBuilder, RequestCompression, ResponseCompression};
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

use crate::economy::clients::{changed, eventually_compresses};
use crate::economy::enforcing;
use crate::economy::options::USELESS;
use crate::support::heads::{head_of, heads};
use crate::support::{TABLE, connector, create_table, ping, s, without_key_routing};

/// Adds a header before the request is signed, or after.
#[derive(Debug)]
enum Adds {
    Before(&'static str),
    After(&'static str),
}

impl Intercept for Adds {
    fn name(&self) -> &'static str {
        "Adds"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Self::Before(name) = self {
            context.request_mut().headers_mut().insert(*name, "of the user");
        }
        Ok(())
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Self::After(name) = self {
            context.request_mut().headers_mut().insert(*name, "of the user");
        }
        Ok(())
    }
}

fn everything(builder: ConnectorBuilder) -> ConnectorBuilder {
    let builder = USELESS.into_iter().fold(builder, ConnectorBuilder::keep_header);
    builder
        .request_compression(RequestCompression::gzip().min_size(0))
        .response_compression(ResponseCompression::on())
}

async fn assert_sends_what_is_added(
    options: fn(ConnectorBuilder) -> ConnectorBuilder,
    compressed: bool,
) {
    let cluster = enforcing().start().unwrap();
    let connector = options(without_key_routing(connector(&cluster))).build().unwrap();
    let client = changed(&connector, |config| {
        config.interceptor(Adds::Before("x-before")).interceptor(Adds::After("x-after"))
    })
    .await;
    create_table(&client).await;
    if compressed {
        eventually_compresses(&cluster, &client).await;
    }
    let put = client.put_item().table_name(TABLE);
    put.item("pk", s("x".repeat(500))).send().await.unwrap();
    let put = head_of(&cluster, "PutItem");
    assert_eq!(put.header("content-encoding").is_some(), compressed);
    for head in heads(&cluster) {
        assert_eq!(head.header("x-before"), Some("of the user"));
        assert_eq!(head.header("x-after"), Some("of the user"));
        // Nobody may need what the user adds for a request to be what it says.
        assert_eq!(head.signed(), ["host", "x-amz-date", "x-amz-target"]);
    }
}

#[tokio::test]
async fn headers_added_before_and_after_the_signature_arrive() {
    assert_sends_what_is_added(|b| b, false).await;
    assert_sends_what_is_added(everything, true).await;
}

/// Their names are those of headers that are otherwise not sent.
#[tokio::test]
async fn a_header_of_the_users_own_is_sent_whatever_its_name() {
    for name in USELESS {
        for adds in [Adds::Before(name), Adds::After(name)] {
            let cluster = enforcing().start().unwrap();
            let connector = without_key_routing(connector(&cluster)).build().unwrap();
            let told = format!("{adds:?}");
            let client = changed(&connector, |config| config.interceptor(adds)).await;
            ping(&client).await.unwrap();
            let heads = heads(&cluster);
            assert_eq!(heads[0].header(name), Some("of the user"), "{told}");
            let same_name = heads[0].names().into_iter().filter(|other| *other == name);
            assert_eq!(same_name.count(), 1, "{told}");
        }
    }
}
