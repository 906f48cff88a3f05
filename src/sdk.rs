//! The connector as an HTTP client of the AWS SDK. What is not DynamoDB's passes through to the SDK's own default client.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::box_error::BoxError as SmithyError;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::ErrorKind;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;

use crate::balancer::{TARGET, is_dynamodb};
use crate::body::Body;
use crate::connector::{AlternatorConnector, Inner};
use crate::error::{BoxError, Error};
use crate::transport::ConnectionInfo;

impl HttpClient for AlternatorConnector {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Call {
            connector: self.clone(),
            settings: Settings::of(settings),
            sleep: components.sleep_impl(),
        })
    }

    /// Reports a misconfigured connector, for every operation: making a client cannot fail without a panic of the SDK.
    fn validate_final_config(
        &self,
        _: &RuntimeComponents,
        _: &ConfigBag,
    ) -> Result<(), SmithyError> {
        match self.inner() {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::Config(Arc::clone(error)).into()),
        }
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        Some(ConnectorMetadata::new(
            env!("CARGO_PKG_NAME"),
            Some(env!("CARGO_PKG_VERSION").into()),
        ))
    }
}

/// What the SDK asks of a connector, made for each attempt.
#[derive(Debug)]
struct Call {
    connector: AlternatorConnector,
    settings: Settings,
    sleep: Option<SharedAsyncSleep>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Settings {
    connect: Option<Duration>,
    read: Option<Duration>,
}

impl Settings {
    fn of(settings: &HttpConnectorSettings) -> Self {
        Self {
            connect: settings.connect_timeout(),
            read: settings.read_timeout(),
        }
    }
}

impl HttpConnector for Call {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let inner = match self.connector.inner() {
            Ok(inner) => inner,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(connector_error(Error::Config(
                    Arc::clone(error),
                ))));
            }
        };
        let ours = is_dynamodb(request.headers().get(TARGET.as_str()).map(str::as_bytes));
        let request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
            }
        };
        if inner.balances(ours, request.uri()) {
            HttpConnectorFuture::new(balanced(Arc::clone(inner), self.settings, request))
        } else {
            match HttpRequest::try_from(request) {
                Ok(request) => inner
                    .pass_through
                    .client(self.settings, self.sleep.clone())
                    .call(request),
                Err(error) => HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
            }
        }
    }
}

async fn balanced(
    inner: Arc<Inner>,
    settings: Settings,
    mut request: Request<SdkBody>,
) -> Result<HttpResponse, ConnectorError> {
    let capture = request.extensions_mut().remove::<CaptureSmithyConnection>();
    let response = inner
        .call(request, settings.connect, settings.read)
        .await
        .map_err(connector_error)?;
    if let (Some(capture), Some(info)) = (capture, response.extensions().get::<ConnectionInfo>()) {
        let info = info.clone();
        capture.set_connection_retriever(move || Some(metadata(&info)));
    }
    HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
        .map_err(|e| ConnectorError::other(e.into(), None))
}

/// Lets the SDK say that a connection should not be used again.
fn metadata(info: &ConnectionInfo) -> ConnectionMetadata {
    let poison = info.clone();
    let mut metadata = ConnectionMetadata::builder()
        .proxied(false)
        .poison_fn(move || poison.poison());
    metadata
        .set_remote_addr(info.remote_addr())
        .set_local_addr(info.local_addr());
    metadata.build()
}

/// Every failure of the network is one that the SDK retries.
fn connector_error(error: Error) -> ConnectorError {
    match &error {
        Error::Config(_) | Error::Request(_) | Error::NoRuntime => {
            ConnectorError::user(error.into())
        }
        Error::NoNodes(_) => {
            ConnectorError::other(error.into(), Some(ErrorKind::TransientError)).never_connected()
        }
        Error::Unreachable { .. } => ConnectorError::io(error.into()).never_connected(),
        Error::Unanswered { .. } => {
            ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
        }
        Error::ReadTimeout { .. } => ConnectorError::timeout(error.into()),
        Error::PassThrough(_) => ConnectorError::other(error.into(), None),
    }
}

/// The SDK's default client, made when the first request needs it: one connector for each pair of timeouts, as in the SDK.
#[derive(Debug, Default)]
pub(crate) struct PassThrough(Mutex<Vec<(Settings, SharedHttpConnector)>>);

impl PassThrough {
    fn client(&self, settings: Settings, sleep: Option<SharedAsyncSleep>) -> SharedHttpConnector {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = clients.iter().find(|(s, _)| *s == settings) {
            return client.clone();
        }
        let mut timeouts = HttpConnectorSettings::builder();
        timeouts
            .set_connect_timeout(settings.connect)
            .set_read_timeout(settings.read);
        let mut builder = Connector::builder()
            .tls_provider(tls::Provider::Rustls(CRYPTO))
            .connector_settings(timeouts.build())
            .proxy_config(ProxyConfig::from_env());
        builder.set_sleep_impl(sleep);
        let client = SharedHttpConnector::new(builder.build());
        clients.push((settings, client.clone()));
        client
    }

    /// Sends a request that did not come from the SDK.
    pub(crate) async fn call<B>(&self, request: Request<B>) -> Result<Response<Body>, Error>
    where
        B: http_body::Body<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<BoxError>,
    {
        let request = HttpRequest::try_from(request.map(SdkBody::from_body_1_x));
        let request = request.map_err(|e| Error::Request(e.into()))?;
        let response = self.client(Settings::default(), None).call(request).await;
        let response = response.and_then(|r| {
            r.try_into_http1x()
                .map_err(|e| ConnectorError::other(e.into(), None))
        });
        let response = response.map_err(|e| Error::PassThrough(e.into()))?;
        Ok(response.map(|body| Body::pass_through(body.boxed_unsync())))
    }
}

#[cfg(feature = "aws-lc")]
const CRYPTO: CryptoMode = CryptoMode::AwsLc;
#[cfg(not(feature = "aws-lc"))]
const CRYPTO: CryptoMode = CryptoMode::Ring;
