//! Answers come compressed where that was asked for, and are read as if they had not been.

use std::sync::{Arc, Mutex};

use alternator_connector::{DecompressionError, ResponseCompression};
use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::config_bag::ConfigBag;

use crate::compression::{
    all_compressed, decode_error, get, heads, put, retrying_client, text, with_compression,
};
use crate::support::direct::header;
use crate::support::{
    TABLE, USER, alternator_client, connector, create_table, eventually, ping, s, sdk_config,
    without_key_routing,
};

fn start(threshold: usize) -> Cluster {
    Cluster::builder()
        .nodes(1)
        .auth(USER.0, USER.1)
        .response_compression_threshold(threshold)
        .start()
        .unwrap()
}

async fn with(cluster: &Cluster, answers: ResponseCompression) -> Client {
    let builder = without_key_routing(connector(cluster)).response_compression(answers);
    alternator_client(&builder.build().unwrap()).await
}

/// Hears of an answer as it comes from the node.
#[derive(Clone, Debug, Default)]
struct Wire(Arc<Mutex<Option<Headers>>>);

#[dyn_dispatch_hint]
impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "Wire"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *self.0.lock().unwrap() = Some(context.response().headers().clone());
        Ok(())
    }
}

/// Puts an item of this length and gets it, and answers what the encoding was and whether there
/// were chunks.
async fn sent(client: &Client, length: usize) -> (Option<String>, bool) {
    put(client, "key", &text(length)).await;
    let wire = Wire::default();
    let got = client
        .get_item()
        .table_name(TABLE)
        .key("pk", s("key"))
        .customize()
        .interceptor(wire.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(got.item.unwrap()["value"], s(text(length)));
    let headers = wire.0.lock().unwrap().take().unwrap();
    let encoding = headers.get("content-encoding").map(str::to_owned);
    (encoding, headers.get("content-length").is_none())
}

#[tokio::test]
async fn large_answers_come_compressed_and_small_ones_as_they_are() {
    let cluster = start(4_096);
    create_table(&with(&cluster, ResponseCompression::off()).await).await;
    let all = [
        (ResponseCompression::off(), None),
        (ResponseCompression::gzip(), Some("gzip")),
        (ResponseCompression::deflate(), Some("deflate")),
        (ResponseCompression::on(), Some("gzip")),
    ];
    for (answers, encoding) in all {
        let client = with(&cluster, answers).await;
        let encoding = encoding.map(str::to_owned);
        // A few bytes of JSON come to that.
        assert_eq!(sent(&client, 4_000).await, (None, false));
        assert_eq!(sent(&client, 4_100).await, (encoding.clone(), false));
        assert_eq!(sent(&client, 90_000).await, (encoding.clone(), false));
        assert_eq!(sent(&client, 390_000).await, (encoding, true));
    }
}

#[tokio::test]
async fn what_is_asked_for_is_what_was_chosen_and_is_not_signed() {
    let cluster = start(4_096);
    create_table(&with(&cluster, ResponseCompression::off()).await).await;
    let cases = [
        (ResponseCompression::gzip(), Some("gzip")),
        (ResponseCompression::deflate(), Some("deflate")),
        (ResponseCompression::on(), Some("gzip, deflate")),
        (ResponseCompression::off(), None),
    ];
    for (answers, asked) in cases {
        let client = with(&cluster, answers).await;
        ping(&client).await.unwrap();
        let head = heads(&cluster.node(0)).pop().unwrap();
        assert_eq!(header(&head, "accept-encoding").as_deref(), asked);
        let signed = header(&head, "authorization").unwrap();
        assert!(!signed.contains("accept-encoding"), "{signed}");
    }
}

#[tokio::test]
async fn an_operation_may_have_options_of_its_own() {
    let cluster = start(1);
    let asked =
        |cluster: &Cluster| header(&heads(&cluster.node(0)).pop().unwrap(), "accept-encoding");
    let on = with(&cluster, ResponseCompression::on()).await;
    create_table(&on).await;
    let list = on.list_tables().customize();
    let listed = list.interceptor(ResponseCompression::off()).send().await.unwrap();
    assert_eq!(listed.table_names(), [TABLE]);
    assert_eq!(asked(&cluster), None);

    let off = with(&cluster, ResponseCompression::off()).await;
    let listed = off
        .list_tables()
        .customize()
        .interceptor(ResponseCompression::deflate())
        .send()
        .await
        .unwrap();
    assert_eq!(listed.table_names(), [TABLE]);
    assert_eq!(asked(&cluster).as_deref(), Some("deflate"));
}

#[tokio::test]
async fn a_wish_of_the_users_own_wins() {
    let cluster = start(1);
    let client = with(&cluster, ResponseCompression::on()).await;
    create_table(&client).await;
    let list = || client.list_tables().customize();
    let wanting = |what: &'static str| {
        list().mutate_request(move |request| {
            request.headers_mut().insert("accept-encoding", what);
        })
    };
    for what in ["identity", "deflate"] {
        let listed = wanting(what).send().await.unwrap();
        assert_eq!(listed.table_names(), [TABLE]);
        let head = heads(&cluster.node(0)).pop().unwrap();
        assert_eq!(header(&head, "accept-encoding").as_deref(), Some(what));
    }
}

#[tokio::test]
async fn an_answer_above_the_limit_is_an_error_that_says_so() {
    let cluster = start(4_096);
    let answers = ResponseCompression::on();
    let builder = without_key_routing(connector(&cluster))
        .response_compression(answers.clone().max_size(10_000));
    let client = retrying_client(&builder.build().unwrap()).await;
    create_table(&client).await;
    put(&client, "large", &text(20_000)).await;
    let get = client.get_item().table_name(TABLE).key("pk", s("large"));
    let error = get.clone().send().await.unwrap_err();
    assert!(matches!(error, SdkError::ResponseError(_)), "{error:?}");
    let told = decode_error(&error).expect("it is told");
    assert!(matches!(told, DecompressionError::TooLarge { max_size: 10_000, .. }));
    // It would be no smaller another time.
    assert_eq!(cluster.node(0).stats().requests_of("GetItem"), 1);
    let unlimited = get.customize().interceptor(answers).send().await.unwrap();
    assert_eq!(unlimited.item.unwrap()["value"], s(text(20_000)));
}

#[tokio::test]
async fn both_directions_work_without_signatures() {
    let cluster = Cluster::builder().nodes(2).start().unwrap();
    let connector = with_compression(&cluster).build().unwrap();
    let mut sdk = sdk_config(&connector).await.into_builder();
    sdk.set_credentials_provider(None);
    let client = Client::from_conf(connector.dynamodb_config(&sdk.build()).build());
    create_table(&client).await;
    eventually("requests are compressed", async || {
        put(&client, "key", &text(9_000)).await;
        all_compressed(&cluster) > 0
    })
    .await;
    assert_eq!(get(&client, "key").await, text(9_000));
    let head = heads(&cluster.node(0)).pop().unwrap();
    assert_eq!(header(&head, "authorization"), None);
}
