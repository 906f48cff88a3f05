//! The connector as a `tower` service, for use without the SDK.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use sync_wrapper::SyncWrapper;
use tower_service::Service;

use crate::body::Body;
use crate::connector::AlternatorConnector;
use crate::dispatch::attempts::Attempt;
use crate::dynamodb::target::has_dynamodb_target;
use crate::error::{BoxError, Error};
use crate::pass_through::Timeouts;

type Responding = dyn Future<Output = Result<Response<Body>, Error>> + Send;

/// The response to a request that was sent through the connector as a [`Service`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture(SyncWrapper<Pin<Box<Responding>>>);

impl Future for ResponseFuture {
    type Output = Result<Response<Body>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.get_mut().as_mut().poll(cx)
    }
}

impl<B> Service<Request<B>> for AlternatorConnector
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let connector = self.clone();
        ResponseFuture(SyncWrapper::new(Box::pin(async move {
            let inner = connector.inner()?;
            let is_dynamodb = has_dynamodb_target(request.headers());
            if !inner.balances(is_dynamodb, || Some(request.uri().clone())) {
                return inner.pass_through.call(request).await;
            }
            let attempt = Attempt::of(request.headers());
            let response = inner.call(request, attempt, None, Timeouts::default()).await?;
            Ok(response.map(Body::new))
        })))
    }
}
