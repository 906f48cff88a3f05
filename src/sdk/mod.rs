//! The connector as an HTTP client of the AWS SDK. Requests that are not DynamoDB's pass through to
//! the SDK's default client.

#[cfg(feature = "dynamodb_config")]
mod context;

use std::sync::Arc;

use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::ErrorKind;
use http::{Request, Response};

use crate::connector::{AlternatorConnector, Inner};
use crate::dispatch::attempts::Attempt;
use crate::dispatch::response::ResponseBody;
use crate::dynamodb::target::{TARGET, is_dynamodb};
use crate::error::Error;
use crate::pass_through::Timeouts;
use crate::transport::ConnectionInfo;

impl HttpClient for AlternatorConnector {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(SdkConnector {
            connector: self.clone(),
            timeouts: Timeouts::of(settings),
            sleep: components.sleep_impl(),
        })
    }

    /// Reports a misconfigured connector for every operation: when a client is built, the SDK would
    /// panic.
    fn validate_final_config(&self, _: &RuntimeComponents, _: &ConfigBag) -> Result<(), BoxError> {
        self.inner()?;
        Ok(())
    }
}

/// The SDK's view of the connector, built for each attempt.
#[derive(Debug)]
struct SdkConnector {
    connector: AlternatorConnector,
    timeouts: Timeouts,
    sleep: Option<SharedAsyncSleep>,
}

impl HttpConnector for SdkConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let inner = match self.connector.inner() {
            Ok(inner) => inner,
            Err(error) => return HttpConnectorFuture::ready(Err(connector_error(error))),
        };
        let is_dynamodb = is_dynamodb(request.headers().get(TARGET.as_str()).map(str::as_bytes));
        if !inner.balances(is_dynamodb, || request.uri().parse().ok()) {
            return inner.pass_through.client(self.timeouts, self.sleep.clone()).call(request);
        }
        match request.try_into_http1x() {
            Ok(request) => balanced(Arc::clone(inner), self.timeouts, request),
            Err(error) => HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        }
    }
}

/// Sends a request to the cluster. The future that is boxed has no other around it: each would move
/// the request and the response once more.
#[cfg_attr(not(feature = "dynamodb_config"), expect(unused_mut, reason = "nothing is attached"))]
fn balanced(
    inner: Arc<Inner>,
    timeouts: Timeouts,
    mut request: Request<SdkBody>,
) -> HttpConnectorFuture {
    #[cfg(feature = "dynamodb_config")]
    if let Some(context) = request.extensions_mut().remove() {
        return HttpConnectorFuture::new(context::send(inner, timeouts, context, request));
    }
    HttpConnectorFuture::new(send(inner, timeouts, request))
}

/// Sends a request of which the connector knows no more than its headers.
async fn send(
    inner: Arc<Inner>,
    timeouts: Timeouts,
    mut request: Request<SdkBody>,
) -> Result<HttpResponse, ConnectorError> {
    // The SDK's attempt headers are for the connector, and not for the node.
    let attempt = Attempt::of(request.headers());
    inner.config.kept.strip(request.headers_mut());
    let capture = request.extensions_mut().remove();
    let response = inner.call(request, attempt, None, timeouts).await;
    convert(response.map_err(connector_error)?, capture)
}

/// Returns the response as the SDK's type, and tells the SDK about its connection.
fn convert(
    response: Response<ResponseBody>,
    capture: Option<CaptureSmithyConnection>,
) -> Result<HttpResponse, ConnectorError> {
    if let Some(capture) = capture {
        let info = response.body().connection().clone();
        capture.set_connection_retriever(move || Some(metadata(&info)));
    }
    HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
        .map_err(|e| ConnectorError::other(e.into(), None))
}

/// Lets the SDK mark a connection as not to be reused.
fn metadata(info: &ConnectionInfo) -> ConnectionMetadata {
    let poison = info.clone();
    let mut metadata =
        ConnectionMetadata::builder().proxied(false).poison_fn(move || poison.poison());
    metadata.set_remote_addr(info.remote_addr()).set_local_addr(info.local_addr());
    metadata.build()
}

/// Maps errors so that the SDK retries every network failure.
fn connector_error(error: Error) -> ConnectorError {
    match &error {
        Error::Config { .. } | Error::Request { .. } | Error::NoRuntime => {
            ConnectorError::user(error.into())
        }
        Error::NoNodes { .. } => {
            ConnectorError::other(error.into(), Some(ErrorKind::TransientError)).never_connected()
        }
        Error::Unreachable { .. } => ConnectorError::io(error.into()).never_connected(),
        Error::Unanswered { .. } => {
            ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
        }
        Error::ReadTimeout { .. } | Error::Stalled { .. } => ConnectorError::timeout(error.into()),
        Error::PassThrough { .. } => ConnectorError::other(error.into(), None),
    }
}
