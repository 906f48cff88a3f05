//! The connector's own requests to one node.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use tokio::time::timeout;

use crate::error::{BoxError, explain};
use crate::transport::{Lease, NodeBody, Pool, SendError};

/// Limits of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Maximum time until the response has been read.
    pub(crate) time: Duration,
    /// Maximum size of the response body, in bytes.
    pub(crate) body: usize,
}

/// Sends a request on a connection of the pool and reads the whole response.
///
/// # Errors
///
/// With all causes in its text, as it is only logged.
pub(crate) async fn exchange(
    pool: &Arc<Pool>,
    request: Request<Bytes>,
    limits: Limits,
) -> Result<(StatusCode, Bytes), BoxError> {
    let exchange = async {
        loop {
            let lease = pool.lease_uncounted(limits.time).await?;
            let reused = lease.reused();
            match send(lease, request.clone(), limits.body).await {
                // The node has closed an idle connection, which is no failure.
                Err(SendError::Unsent(..)) if reused => {}
                ended => return ended.map_err(cause),
            }
        }
    };
    within(limits.time, exchange).await
}

/// The same on this connection.
pub(crate) async fn exchange_on(
    lease: Lease,
    request: Request<Bytes>,
    limits: Limits,
) -> Result<(StatusCode, Bytes), BoxError> {
    within(limits.time, async { send(lease, request, limits.body).await.map_err(cause) }).await
}

async fn send(
    mut lease: Lease,
    request: Request<Bytes>,
    body_limit: usize,
) -> Result<(StatusCode, Bytes), SendError> {
    let response = lease.connection.send(request.map(Full::new)).await?;
    let status = response.status();
    let body = NodeBody::new(status, response.into_body(), lease);
    // An invalid response is read as well, so that its connection can be kept.
    let body = Limited::new(body, body_limit).collect().await.map_err(SendError::Sent)?;
    Ok((status, body.to_bytes()))
}

fn cause(error: SendError) -> BoxError {
    match error {
        SendError::Unsent(_, error) | SendError::Sent(error) => error,
    }
}

async fn within<T>(
    limit: Duration,
    ending: impl Future<Output = Result<T, BoxError>>,
) -> Result<T, BoxError> {
    match timeout(limit, ending).await {
        Ok(ended) => ended.map_err(|error| explain(&*error).into()),
        Err(_) => Err(format!("no answer within {limit:?}").into()),
    }
}
