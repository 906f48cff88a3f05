//! The head of a `PutItem` with a body of 157 bytes, byte by byte, as `tests/data/heads` has it for
//! each option.
//!
//! Credentials, time and endpoint are fixed, so the signatures are, too. In the files lines end in
//! a line feed alone, and what depends on the versions of this crate, the SDK and the compiler is
//! in angle brackets. After a change that is meant,
//! `UPDATE_HEADS=1 cargo test --test testsuite economy::heads` writes the files
//! anew; `git diff` then shows it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use alternator_connector::{
    Authentication, ConnectorBuilder, RequestCompression, ResponseCompression, Tls, UserAgent,
};
use alternator_testcluster::Cluster;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_async::time::StaticTimeSource;

use crate::economy::clients::anonymous;
use crate::economy::options::USELESS;
use crate::support::heads::{Head, heads_of};
use crate::support::{TABLE, connector, eventually, s};

const ENDPOINT: &str = "http://alternator.test:8000";

/// 30 August 2015, 12:36:00 UTC, as in the examples of AWS.
const TIME: u64 = 1_440_938_160;

fn credentials(token: Option<&str>) -> SharedCredentialsProvider {
    let token = token.map(str::to_owned);
    SharedCredentialsProvider::new(Credentials::new(
        "AKIDEXAMPLE",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        token,
        None,
        "test",
    ))
}

/// A node that accepts everything, says nothing of the time, and has an answer to everything that
/// is sent here.
fn node() -> alternator_testcluster::Builder {
    Cluster::builder().without_date_header().canned("PutItem", "{}").canned("ListStreams", "{}")
}

async fn sdk(connector: &alternator_connector::AlternatorConnector) -> SdkConfig {
    anonymous(connector).await.into_builder().credentials_provider(credentials(None)).build()
}

/// The head of a request by a client of the connector's configuration, encoded if that is what the
/// options come to.
async fn head(cluster: &Cluster, builder: ConnectorBuilder, signed: bool, encoded: bool) -> Head {
    let connector = builder.build().unwrap();
    let sdk = if signed { sdk(&connector).await } else { anonymous(&connector).await };
    let config = connector.dynamodb_config(&sdk).endpoint_url(ENDPOINT);
    put(cluster, config, encoded).await
}

async fn put(cluster: &Cluster, config: aws_sdk_dynamodb::config::Builder, encoded: bool) -> Head {
    let client = Client::from_conf(config.time_source(StaticTimeSource::from_secs(TIME)).build());
    let found = || {
        heads_of(cluster, "PutItem")
            .into_iter()
            .find(|head| head.header("content-encoding").is_some() == encoded)
    };
    // The first ones go out before it is known that the node understands compressed requests.
    eventually("a request of this form arrives", async || {
        client.put_item().table_name(TABLE).item("pk", s("x".repeat(113))).send().await.unwrap();
        found().is_some()
    })
    .await;
    found().unwrap()
}

/// A head as the files have it.
fn written(head: &Head) -> String {
    let own = concat!("alternator-connector/", env!("CARGO_PKG_VERSION"));
    let text = head.text().replace(own, "alternator-connector/<version>");
    let mut written = String::new();
    for line in text.split_inclusive("\r\n") {
        let line = line.strip_suffix("\r\n").expect("lines end in CRLF");
        match line.split_once(": ") {
            Some((name @ ("user-agent" | "x-amz-user-agent"), value))
                if value.starts_with("aws-sdk-rust/") =>
            {
                writeln!(written, "{name}: <the SDK's own>").unwrap();
            }
            Some((name @ "amz-sdk-invocation-id", _)) => {
                writeln!(written, "{name}: <the SDK's own>").unwrap();
            }
            _ => writeln!(written, "{line}").unwrap(),
        }
    }
    written
}

/// Puts something else in the place of what comes after `mark` in its line.
fn hide(text: &str, mark: &str) -> String {
    let (before, after) = text.split_once(mark).expect("there is something to hide");
    let end = after.find('\n').expect("lines have an end");
    format!("{before}{mark}<hidden>{}", &after[end..])
}

fn assert_is(name: &str, arrived: &str) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/heads");
    let file = directory.join(name).with_extension("txt");
    if std::env::var_os("UPDATE_HEADS").is_some() {
        fs::write(&file, arrived).unwrap();
        return;
    }
    let wanted = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        wanted == arrived,
        "The head of a request is not as in {}.\n\nIt should be\n\n{wanted}and it is\n\n{arrived}If that is meant: \
         UPDATE_HEADS=1 cargo test --test testsuite economy::heads",
        file.display()
    );
}

/// A case: its file, its options, whether there are credentials, and whether requests are
/// compressed then.
type Case = (&'static str, fn(ConnectorBuilder) -> ConnectorBuilder, bool, bool);

const CASES: [Case; 11] = [
    ("signed", |b| b, true, false),
    ("unsigned", |b| b, false, false),
    ("agent_replaced", |b| b.user_agent(UserAgent::new("inventory/2.4")), true, false),
    ("agent_extended", |b| b.user_agent(UserAgent::default().and("inventory/2.4")), true, false),
    ("agent_omitted", |b| b.user_agent(UserAgent::omitted()), true, false),
    ("all_kept", |b| USELESS.into_iter().fold(b, ConnectorBuilder::keep_header), true, false),
    ("content_type_kept", |b| b.keep_header("content-type"), true, false),
    ("answers_compressed", |b| b.response_compression(ResponseCompression::on()), true, false),
    (
        "requests_gzipped",
        |b| b.request_compression(RequestCompression::gzip().min_size(0)),
        true,
        true,
    ),
    (
        "requests_deflated",
        |b| b.request_compression(RequestCompression::deflate().min_size(0)),
        true,
        true,
    ),
    (
        "unsigned_and_compressed",
        |b| {
            b.request_compression(RequestCompression::gzip().min_size(0))
                .response_compression(ResponseCompression::gzip())
        },
        false,
        true,
    ),
];

#[tokio::test]
async fn each_option_changes_the_head_as_written() {
    for (name, options, signed, encoded) in CASES {
        let cluster = node().start().unwrap();
        let builder = options(connector(&cluster));
        let head = head(&cluster, builder, signed, encoded).await;
        assert_is(name, &written(&head));
    }
}

#[tokio::test]
async fn a_session_token_is_sent_and_signed() {
    let cluster = node().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let config = connector
        .dynamodb_config(&sdk(&connector).await)
        .endpoint_url(ENDPOINT)
        .credentials_provider(credentials(Some("session-token")));
    let head = put(&cluster, config, false).await;
    assert_is("session_token", &written(&head));
}

#[tokio::test]
async fn with_a_client_certificate_nothing_is_sent_for_a_signature() {
    let cluster = node().tls(alternator_testcluster::Tls::Mutual).start().unwrap();
    let (certificate, key) = cluster.client_identity();
    let tls = Tls::new().ca_pem(cluster.ca_pem());
    let builder = connector(&cluster)
        .tls(tls.client_identity_pem(certificate, key))
        .authentication(Authentication::ClientCertificate);
    let head = head(&cluster, builder, true, false).await;
    assert_is("unsigned", &written(&head));
}

#[tokio::test]
async fn without_an_endpoint_the_host_is_that_of_the_first_seed() {
    let cluster = node().nodes(2).start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let config = connector.dynamodb_config(&sdk(&connector).await);
    let head = put(&cluster, config, false).await;
    let seed = cluster.node(0).addr().to_string();
    assert_eq!(head.header("host"), Some(&*seed));
    let hidden = |text: &str| hide(&hide(text, "Signature="), "host: ");
    let signed = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/heads/signed.txt");
    let signed = fs::read_to_string(signed).unwrap();
    assert_eq!(hidden(&written(&head)), hidden(&signed));
}

#[tokio::test]
async fn requests_for_streams_have_the_same_head() {
    let cluster = node().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let config = connector
        .dynamodbstreams_config(&sdk(&connector).await)
        .endpoint_url(ENDPOINT)
        .time_source(StaticTimeSource::from_secs(TIME));
    let client = aws_sdk_dynamodbstreams::Client::from_conf(config.build());
    client.list_streams().send().await.unwrap();
    let heads = heads_of(&cluster, "ListStreams");
    assert_is("streams", &written(&heads[0]));
}

/// What the SDK signs has its version in it.
#[tokio::test]
async fn the_drop_in_sends_what_the_sdk_has_signed_and_little_else() {
    for (name, builder) in [
        ("drop_in", (|b| b) as fn(ConnectorBuilder) -> ConnectorBuilder),
        ("drop_in_with_all_kept", |b| USELESS.into_iter().fold(b, ConnectorBuilder::keep_header)),
    ] {
        let cluster = node().start().unwrap();
        let connector = builder(connector(&cluster)).build().unwrap();
        let config = aws_sdk_dynamodb::config::Builder::from(&sdk(&connector).await);
        let head = put(&cluster, config.endpoint_url(ENDPOINT), false).await;
        assert_is(name, &hide(&written(&head), "Signature="));
    }
}
