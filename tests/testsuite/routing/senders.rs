//! Lookups are made in the name of the client whose request asks for one.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Builder, Credentials};
use aws_smithy_async::time::{SystemTimeSource, TimeSource};

use crate::routing::{nine_nodes, until_the_order_is_known};
use crate::support::direct::header;
use crate::support::{
    USER, alternator_client, connector, create_table, retrying_at_once, sdk_config,
};

/// A clock that is an hour slow, which no server accepts.
#[derive(Debug)]
struct Slow;

impl TimeSource for Slow {
    fn now(&self) -> SystemTime {
        SystemTimeSource::new().now() - Duration::from_secs(3600)
    }
}

/// Learns the table by a client that is configured so, and is told the heads of what was asked.
async fn learned_by(change: impl FnOnce(Builder) -> Builder) -> Vec<Vec<u8>> {
    let cluster = nine_nodes().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    create_table(&alternator_client(&connector).await).await;
    let sdk = sdk_config(&connector).await;
    let config = retrying_at_once(connector.dynamodb_config(&sdk), 3);
    let client = Client::from_conf(change(config).build());
    until_the_order_is_known(&client, &connector, &cluster).await;
    let heads = cluster.nodes().into_iter().flat_map(|node| node.heads());
    let is_lookup = |head: &Vec<u8>| {
        header(head, "x-amz-target")
            .is_some_and(|t| ["DescribeTable", "Query", "Scan"].iter().any(|op| t.ends_with(op)))
    };
    heads.filter(is_lookup).collect()
}

#[tokio::test]
async fn lookups_have_the_session_token_and_the_user_agent_of_the_client() {
    let session = Credentials::new(USER.0, USER.1, Some("a token".into()), None, "test");
    let heads = learned_by(|config| config.credentials_provider(session)).await;
    assert!(!heads.is_empty());
    for head in heads {
        assert_eq!(header(&head, "x-amz-security-token").as_deref(), Some("a token"));
        let user_agent = header(&head, "user-agent").unwrap();
        assert!(user_agent.starts_with("alternator-connector/"), "{user_agent}");
    }
}

#[tokio::test]
async fn a_client_whose_clock_is_wrong_learns_once_the_sdk_has_corrected_it() {
    learned_by(|config| config.time_source(Slow)).await;
}
