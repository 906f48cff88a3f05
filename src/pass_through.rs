//! Requests that are not DynamoDB's: sent unchanged by the SDK's default client.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use sync_wrapper::SyncWrapper;

use crate::body::Body;
use crate::error::{BoxError, Error};

/// The timeouts that the SDK sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timeouts {
    pub(crate) connect: Option<Duration>,
    pub(crate) read: Option<Duration>,
}

impl Timeouts {
    pub(crate) fn of(settings: &HttpConnectorSettings) -> Self {
        Self { connect: settings.connect_timeout(), read: settings.read_timeout() }
    }
}

/// The SDK's default client, made when the first request needs it: one connector for each pair of
/// timeouts, as in the SDK.
#[derive(Debug, Default)]
pub(crate) struct PassThrough(Mutex<Vec<(Timeouts, SharedHttpConnector)>>);

impl PassThrough {
    pub(crate) fn client(
        &self,
        timeouts: Timeouts,
        sleep: Option<SharedAsyncSleep>,
    ) -> SharedHttpConnector {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = clients.iter().find(|(t, _)| *t == timeouts) {
            return client.clone();
        }
        let mut settings = HttpConnectorSettings::builder();
        settings.set_connect_timeout(timeouts.connect).set_read_timeout(timeouts.read);
        let mut builder = Connector::builder()
            .tls_provider(tls::Provider::Rustls(CRYPTO))
            .connector_settings(settings.build())
            .proxy_config(ProxyConfig::from_env());
        builder.set_sleep_impl(sleep);
        let client = SharedHttpConnector::new(builder.build());
        clients.push((timeouts, client.clone()));
        client
    }

    /// Sends a request that did not come from the SDK.
    pub(crate) async fn call<B>(&self, request: Request<B>) -> Result<Response<Body>, Error>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let body = |body| SdkBody::from_body_1_x(SyncBody::new(body));
        let request = HttpRequest::try_from(request.map(body))
            .map_err(|e| Error::Request { source: e.into() })?;
        let response = self.client(Timeouts::default(), None).call(request).await;
        let response = response
            .and_then(|r| r.try_into_http1x().map_err(|e| ConnectorError::other(e.into(), None)))
            .map_err(|e| Error::PassThrough { source: e.into() })?;
        Ok(response.map(Body::new))
    }
}

/// Makes any body `Sync`, which the SDK's has to be. A wrapped body cannot be reached by reference,
/// so its size is recorded whenever it can be.
struct SyncBody<B> {
    body: SyncWrapper<Pin<Box<B>>>,
    is_end_stream: bool,
    size_hint: SizeHint,
}

impl<B: http_body::Body> SyncBody<B> {
    fn new(body: B) -> Self {
        Self {
            is_end_stream: body.is_end_stream(),
            size_hint: body.size_hint(),
            body: SyncWrapper::new(Box::pin(body)),
        }
    }
}

impl<B: http_body::Body> http_body::Body for SyncBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let body = self.body.get_mut();
        let frame = body.as_mut().poll_frame(cx);
        let (is_end_stream, size_hint) = (body.is_end_stream(), body.size_hint());
        self.is_end_stream = is_end_stream;
        self.size_hint = size_hint;
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.is_end_stream
    }

    fn size_hint(&self) -> SizeHint {
        self.size_hint
    }
}

#[cfg(feature = "aws-lc")]
const CRYPTO: CryptoMode = CryptoMode::AwsLc;
#[cfg(not(feature = "aws-lc"))]
const CRYPTO: CryptoMode = CryptoMode::Ring;
