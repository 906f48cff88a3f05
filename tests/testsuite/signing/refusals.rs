//! What a node refuses comes back as the node's own error, and what it does not ask for need not be
//! there.

use alternator_testcluster::{Cluster, Tls};
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;

use crate::signing::{client_noting, connector, enforcing, put};
use crate::support::heads::{Recorder, heads};
use crate::support::{USER, create_table, data_requests};

#[tokio::test]
async fn a_wrong_secret_is_the_nodes_own_error_after_one_request() {
    for (user, secret, message) in [
        (USER.0, "not-the-secret", "wrong signature"),
        ("mallory", USER.1, "User not found: mallory"),
    ] {
        let cluster = enforcing(Tls::Off).nodes(3).start().unwrap();
        let connector = connector(&cluster).build().unwrap();
        let client = client_noting(&Recorder::default(), &connector, |config| {
            config.credentials_provider(Credentials::new(user, secret, None, None, "test"))
        })
        .await;
        let error = put(&client, "x").await.unwrap_err();
        assert_eq!(error.code(), Some("UnrecognizedClientException"));
        assert_eq!(error.message(), Some(message));
        assert_eq!(data_requests(&cluster).iter().sum::<u64>(), 1);
        assert_eq!(connector.stats().redispatched, 0);
    }
}

#[tokio::test]
async fn an_unsigned_request_is_refused_by_a_cluster_that_enforces_signatures() {
    let cluster = enforcing(Tls::Off).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client =
        client_noting(&Recorder::default(), &connector, |config| config.allow_no_auth()).await;
    // With credentials the SDK signs all the same.
    create_table(&client).await;

    let anonymous = anonymous(&connector).await;
    let error = put(&anonymous, "x").await.unwrap_err();
    assert_eq!(error.code(), Some("MissingAuthenticationTokenException"));
}

#[tokio::test]
async fn unsigned_requests_work_where_signatures_are_not_enforced() {
    let cluster = Cluster::builder().nodes(3).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client = anonymous(&connector).await;
    create_table(&client).await;
    for i in 0..5 {
        put(&client, i.to_string()).await.unwrap();
    }
    let arrived = heads(&cluster);
    assert_eq!(arrived.len(), 6);
    assert!(arrived.iter().all(|a| a.header("authorization").is_none()));
}

async fn anonymous(
    connector: &alternator_connector::AlternatorConnector,
) -> aws_sdk_dynamodb::Client {
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .http_client(connector.clone())
        .region(aws_config::Region::new("us-east-1"))
        .no_credentials()
        .load()
        .await;
    let config = aws_sdk_dynamodb::config::Builder::from(&config).allow_no_auth();
    aws_sdk_dynamodb::Client::from_conf(config.build())
}
