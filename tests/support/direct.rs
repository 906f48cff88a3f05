//! Requests without the SDK, for tests that need many or unusual ones, and what nodes recorded of
//! those with it.

use std::time::Duration;

use alternator_connector::{AlternatorConnector, ConnectorBuilder, Error, Tls};
use alternator_testcluster::Cluster;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::time::timeout;
use tower::ServiceExt;

/// As a refresh interval: never within a test.
pub const HOUR: Duration = Duration::from_secs(3600);

/// So that a test which would wait for ever fails instead.
const MINUTE: Duration = Duration::from_secs(60);

/// [`connector`](super::connector), which trusts the certificates of a cluster with TLS.
pub fn connector_with_ca(cluster: &Cluster) -> ConnectorBuilder {
    let builder = super::connector(cluster);
    if cluster.node(0).url().starts_with("https") {
        builder.tls(Tls::new().ca_pem(cluster.ca_pem()))
    } else {
        builder
    }
}

/// An unsigned request for an operation, addressed as the SDK would without an endpoint.
pub fn request(operation: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post("https://dynamodb.us-east-1.amazonaws.com/")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("content-type", "application/x-amz-json-1.0")
        .body(Full::new(body.into()))
        .unwrap()
}

/// A small request; a cluster without the table needs a canned answer to it.
pub fn get_item() -> Request<Full<Bytes>> {
    request("GetItem", r#"{"TableName":"items","Key":{"pk":{"S":"x"}}}"#)
}

/// Sends a request through the connector's tower service, and reads the whole answer.
pub fn send_direct(
    connector: &AlternatorConnector,
    request: Request<Full<Bytes>>,
) -> impl Future<Output = Result<(StatusCode, Bytes), Error>> + Send + use<> {
    let connector = connector.clone();
    async move {
        let answer = async {
            let (head, body) = connector.oneshot(request).await?.into_parts();
            let body = body.collect().await.expect("the body is whole");
            Ok((head.status, body.to_bytes()))
        };
        timeout(MINUTE, answer).await.expect("an end within a minute")
    }
}

/// The value of a header in a recorded head.
pub fn header(head: &[u8], name: &str) -> Option<String> {
    String::from_utf8_lossy(head).lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}
