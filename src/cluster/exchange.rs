//! One of the connector's own requests to one node, on a new connection.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};

use crate::error::BoxError;
use crate::transport::{Lease, NodeBody, SendError};

/// Sends the request and reads the whole response, of `body_limit` bytes at most.
pub(crate) async fn exchange(
    mut lease: Lease,
    request: Request<Full<Bytes>>,
    body_limit: usize,
) -> Result<(StatusCode, Bytes), BoxError> {
    let response = match lease.connection.send(request).await {
        Ok(response) => response,
        Err(SendError::Unsent(_, error) | SendError::Sent(error)) => return Err(error),
    };
    let status = response.status();
    let body = NodeBody::new(status, response.into_body(), lease);
    let body = Limited::new(body, body_limit).collect().await?;
    Ok((status, body.to_bytes()))
}
