//! Requests that are not to be made cheaper: those of other services on the same configuration, and
//! those that carry their signature in the query.

use std::time::Duration;

use aws_runtime::auth::{HttpSignatureType, SigV4OperationSigningConfig};
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tower::ServiceExt;

use crate::economy::clients::{Clients, changed};
use crate::economy::enforcing;
use crate::economy::options::USELESS;
use crate::support::heads::{Recorder, headers_without_host, heads};
use crate::support::server::Server;
use crate::support::{connector, ping, sdk_config};

const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
    <GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

#[tokio::test]
async fn another_service_on_the_same_configuration_sends_what_it_always_sends() {
    let cluster = enforcing().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let sdk = sdk_config(&connector).await;
    let clients = Clients::new(&connector, &sdk);
    ping(&clients.dynamodb).await.unwrap();

    let server = Server::start(|_, _| Some(IDENTITY.to_owned()));
    let made = Recorder::default();
    let config = aws_sdk_sts::config::Builder::from(&sdk)
        .endpoint_url(server.url())
        .interceptor(made.clone());
    let sts = aws_sdk_sts::Client::from_conf(config.build());
    let identity = sts.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some("111122223333"));
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    let (head, _) = requests[0].split_once("\r\n\r\n").unwrap();
    let mut arrived = headers_without_host(head);
    // The HTTP client adds it.
    arrived.retain(|line| !line.starts_with("content-length: "));
    assert_eq!(arrived, made.latest_without(&[]));
    for name in USELESS.into_iter().chain(["authorization"]) {
        assert!(head.contains(&format!("\r\n{name}: ")), "{name} in {head}");
    }
    assert!(!cluster.nodes().iter().any(|node| node.saw(b"GetCallerIdentity")));
    ping(&clients.dynamodb).await.unwrap();
}

#[tokio::test]
async fn a_presigned_request_to_another_service_arrives_as_it_is() {
    let cluster = enforcing().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let server = Server::start(|_, _| Some("content".to_owned()));
    let query = "/bucket/a%20b?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-SignedHeaders=host%3Buser-agent&X-Amz-Signature=00";
    let request = Request::get(format!("{}{query}", server.url()))
        .header("user-agent", "signed")
        .body(Full::<Bytes>::default())
        .unwrap();
    assert_eq!(connector.oneshot(request).await.unwrap().status(), 200);
    let arrived = server.requests().concat();
    assert!(arrived.starts_with(&format!("GET {query} HTTP/1.1\r\n")), "{arrived}");
    for line in [format!("host: {}", server.addr()), "user-agent: signed".to_owned()] {
        assert!(arrived.contains(&format!("\r\n{line}")), "{line} in {arrived}");
    }
}

/// Has the SDK put the signature into the query, as its presigning does.
#[derive(Debug)]
struct Presigns;

impl Intercept for Presigns {
    fn name(&self) -> &'static str {
        "Presigns"
    }

    fn modify_before_signing(
        &self,
        _: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut signing =
            config.load::<SigV4OperationSigningConfig>().expect("the operation has one").clone();
        let options = &mut signing.signing_options;
        options.signature_type = HttpSignatureType::HttpRequestQueryParams;
        options.expires_in = Some(Duration::from_secs(900));
        config.interceptor_state().store_put(signing);
        Ok(())
    }
}

/// Alternator knows no such signatures; a proxy in front of it may.
#[tokio::test]
async fn a_signature_in_the_query_stays_there() {
    let cluster = alternator_testcluster::Cluster::builder().start().unwrap();
    let connector = connector(&cluster).build().unwrap();
    let client = changed(&connector, |config| config.interceptor(Presigns)).await;
    ping(&client).await.unwrap();
    let head = heads(&cluster).remove(0);
    let line = head.text().lines().next().unwrap();
    for part in [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "X-Amz-Credential=alice%2F",
        "X-Amz-Expires=900",
        "X-Amz-Signature=",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert_eq!(head.header("authorization"), None);
}
