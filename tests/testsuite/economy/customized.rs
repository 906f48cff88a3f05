//! What is set for one operation: its request, and the configuration that it is sent with.

use std::time::Duration;

use alternator_connector::{ConnectorBuilder, RequestCompression};
use alternator_testcluster::{ApiError, Fault, Scope};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{AppName, Builder as Override, Credentials, Region};
use aws_smithy_types::body::SdkBody;

use crate::economy::clients::{Clients, anonymous, changed, eventually_compresses, signing};
use crate::economy::enforcing;
use crate::support::heads::{head_of, heads_of};
use crate::support::{TABLE, USER, connector, create_table, ping, retrying, s, user_requests};

async fn assert_sends_what_is_changed(
    options: impl FnOnce(ConnectorBuilder) -> ConnectorBuilder,
    compressed: bool,
) {
    let cluster = enforcing().start().unwrap();
    let connector = options(connector(&cluster)).build().unwrap();
    let client = signing(&connector).await;
    create_table(&client).await;
    if compressed {
        eventually_compresses(&cluster, &client).await;
    }
    let key = "changed ".repeat(100);
    let body = format!(r#"{{"TableName":"{TABLE}","Item":{{"pk":{{"S":"{key}"}}}}}}"#);
    let length = body.len().to_string();
    client
        .put_item()
        .table_name(TABLE)
        .item("pk", s("x"))
        .customize()
        .mutate_request(move |request| {
            *request.body_mut() = SdkBody::from(body.clone());
            let headers = request.headers_mut();
            headers.insert("content-length", length.clone());
            headers.insert("x-of-user", "1");
        })
        .send()
        .await
        .unwrap();
    let head = head_of(&cluster, "PutItem");
    assert_eq!(head.header("x-of-user"), Some("1"));
    assert_eq!(head.header("content-encoding").is_some(), compressed);
    let found = client.scan().table_name(TABLE).send().await.unwrap();
    assert_eq!(found.items().len(), 1);
    assert_eq!(found.items()[0]["pk"], s(&key));
}

#[tokio::test]
async fn a_changed_header_and_a_changed_body_arrive() {
    assert_sends_what_is_changed(|b| b, false).await;
    let compressed = RequestCompression::gzip().min_size(0);
    assert_sends_what_is_changed(move |b| b.request_compression(compressed), true).await;
}

#[tokio::test]
async fn credentials_and_region_of_one_operation_sign_it() {
    let cluster = enforcing().auth("bob", "salted-hash-of-bob").start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client = signing(&connector).await;
    create_table(&client).await;
    let bob = || Credentials::new("bob", "salted-hash-of-bob", None, None, "test");
    let list = client.list_tables().customize();
    let other = Override::new().credentials_provider(bob()).region(Region::new("mars-north-1"));
    list.config_override(other).send().await.unwrap();
    let head = head_of(&cluster, "ListTables");
    assert_eq!(head.access_key(), "bob");
    let authorization = head.header("authorization").unwrap();
    assert!(authorization.contains("/mars-north-1/dynamodb/"), "{authorization}");
    client.describe_table().table_name(TABLE).customize().send().await.unwrap();
    assert_eq!(head_of(&cluster, "DescribeTable").access_key(), USER.0);

    // Where the client itself has none.
    let client = Clients::new(&connector, &anonymous(&connector).await).dynamodb;
    ping(&client).await.unwrap_err();
    client
        .get_item()
        .table_name(TABLE)
        .key("pk", s("x"))
        .customize()
        .config_override(Override::new().credentials_provider(bob()))
        .send()
        .await
        .unwrap();
    let lists = heads_of(&cluster, "ListTables");
    let mut signed: Vec<_> =
        lists.iter().map(|head| head.header("authorization").is_some()).collect();
    signed.sort();
    assert_eq!(signed, [false, true]);
}

#[tokio::test]
async fn the_endpoint_of_one_operation_is_its_host_and_the_cluster_gets_it() {
    let cluster = enforcing().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client = signing(&connector).await;
    let list = client.list_tables().customize();
    let other = Override::new().endpoint_url("http://alternator.test:8000");
    list.config_override(other).send().await.unwrap();
    let head = head_of(&cluster, "ListTables");
    assert_eq!(head.header("host"), Some("alternator.test:8000"));
}

#[tokio::test]
async fn the_timeout_of_one_operation_ends_it() {
    let cluster = enforcing().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client = signing(&connector).await;
    for node in cluster.nodes() {
        node.inject(Fault::Hang(Scope::Data));
    }
    for timeouts in [
        TimeoutConfig::builder().operation_timeout(Duration::from_millis(300)),
        TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(300)),
        TimeoutConfig::builder().read_timeout(Duration::from_millis(300)),
    ] {
        let other =
            Override::new().timeout_config(timeouts.build()).retry_config(RetryConfig::disabled());
        let error =
            client.list_tables().customize().config_override(other).send().await.unwrap_err();
        let is_timeout = match &error {
            aws_sdk_dynamodb::error::SdkError::TimeoutError(_) => true,
            aws_sdk_dynamodb::error::SdkError::DispatchFailure(failure) => failure.is_timeout(),
            _ => false,
        };
        assert!(is_timeout, "{error:?}");
    }
}

#[tokio::test]
async fn the_retries_of_one_operation_are_as_many_as_it_says() {
    let cluster = enforcing().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client = aws_sdk_dynamodb::Client::from_conf(retrying(&connector, 1).await.build());
    create_table(&client).await;
    let client = signing(&connector).await;
    for node in cluster.nodes() {
        node.inject(Fault::Answer(ApiError::new("InternalServerError", "out of order")));
    }
    for attempts in [1, 2, 5] {
        let before: u64 = user_requests(&cluster).iter().sum();
        let retries = RetryConfig::standard()
            .with_max_attempts(attempts)
            .with_initial_backoff(Duration::from_millis(1));
        client
            .list_tables()
            .customize()
            .config_override(Override::new().retry_config(retries))
            .send()
            .await
            .unwrap_err();
        let after: u64 = user_requests(&cluster).iter().sum();
        assert_eq!(after - before, u64::from(attempts));
    }
}

#[tokio::test]
async fn the_name_of_an_application_is_sent_wherever_it_is_set() {
    let cluster = enforcing().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let shop = || AppName::new("shop").unwrap();
    let client = changed(&connector, |config| config.app_name(shop())).await;
    client.list_tables().send().await.unwrap();
    let agents = || {
        heads_of(&cluster, "ListTables")
            .into_iter()
            .map(|list| list.header("user-agent").unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let default = concat!("alternator-connector/", env!("CARGO_PKG_VERSION"));
    assert_eq!(agents(), [format!("{default} app/shop")]);
    let other = Override::new().app_name(AppName::new("other").unwrap());
    client.list_tables().customize().config_override(other).send().await.unwrap();
    assert!(agents().contains(&format!("{default} app/other")));
}
