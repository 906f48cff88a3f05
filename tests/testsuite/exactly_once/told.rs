//! What the connector's error says about the execution of its request, to a client of the SDK that
//! knows nothing of the connector.

use alternator_connector::Error;
use alternator_testcluster::{Cluster, Fault, Node, Scope, Tls};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;

use crate::exactly_once::trial::{writes_executed, writes_received};
use crate::support::direct::{HOUR, connector_with_ca};
use crate::support::{TABLE, USER, client_without_retries, create_table, eventually, s};

struct Told {
    cluster: Cluster,
    client: Client,
}

impl Told {
    /// A table on a cluster of this many nodes.
    async fn new(nodes: usize, tls: Tls) -> Self {
        let cluster = Cluster::builder()
            .nodes(nodes)
            .auth(USER.0, USER.1)
            .tls(tls)
            .failure_detection(HOUR)
            .start()
            .unwrap();
        let connector = connector_with_ca(&cluster).active_refresh_interval(HOUR).build().unwrap();
        connector.refresh().await.unwrap();
        let client = client_without_retries(&connector).await;
        create_table(&client).await;
        Self { cluster, client }
    }

    /// A write, which fails.
    async fn write(&self) -> SdkError<PutItemError> {
        let put = self.client.put_item().table_name(TABLE).item("pk", s("x"));
        put.send().await.unwrap_err()
    }

    fn received(&self) -> usize {
        self.cluster.nodes().iter().map(writes_received).sum()
    }

    fn executed(&self) -> u64 {
        self.cluster.nodes().iter().map(writes_executed).sum()
    }
}

#[tokio::test]
async fn a_refused_request_was_not_executed_and_its_error_says_so() {
    for tls in [Tls::Off, Tls::Server] {
        let told = Told::new(3, tls).await;
        told.cluster.nodes().iter().for_each(Node::stop);
        let error = told.write().await;
        let cause = Error::find(&error).expect("it is the connector's");
        assert!(matches!(cause, Error::Unreachable { tried, .. } if tried.len() == 3), "{cause}");
        assert!(!cause.may_have_been_executed(), "{cause}");
        assert_eq!((told.received(), told.executed()), (0, 0));
    }
}

#[tokio::test]
async fn a_request_on_a_killed_node_may_have_been_executed_and_its_error_says_so() {
    for tls in [Tls::Off, Tls::Server] {
        let told = Told::new(1, tls).await;
        let node = told.cluster.node(0);
        node.inject(Fault::Hang(Scope::Data));
        let kill = async {
            eventually("the write is on the node", async || writes_received(&node) == 1).await;
            node.stop();
        };
        let (error, ()) = tokio::join!(told.write(), kill);
        let cause = Error::find(&error).expect("it is the connector's");
        let of = |other| other == node.addr();
        assert!(matches!(cause, Error::Unanswered { node, .. } if of(*node)), "{cause}");
        assert!(cause.may_have_been_executed(), "{cause}");
    }
}

#[tokio::test]
async fn a_request_that_was_executed_and_not_answered_has_an_error_that_says_so() {
    let told = Told::new(1, Tls::Off).await;
    told.cluster.node(0).inject(Fault::ResetAfterRequest { execute: true });
    let error = told.write().await;
    assert!(Error::find(&error).is_some_and(Error::may_have_been_executed), "{error:?}");
    assert_eq!(told.executed(), 1);
}

#[tokio::test]
async fn the_error_of_a_node_is_not_taken_for_the_connectors() {
    let told = Told::new(1, Tls::Off).await;
    let put = told.client.put_item().table_name("missing").item("pk", s("x"));
    let error = put.send().await.unwrap_err();
    assert!(matches!(error, SdkError::ServiceError(_)), "{error:?}");
    assert!(Error::find(&error).is_none());
}
