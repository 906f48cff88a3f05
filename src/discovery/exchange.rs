//! One request of the connector's own to one node, on a new connection.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};

use super::localnodes::BODY_LIMIT;
use crate::error::BoxError;
use crate::transport::{Lease, NodeBody, SendError};

/// Sends the request and reads the whole answer.
pub(super) async fn exchange(
    mut lease: Lease,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), BoxError> {
    let response = match lease.connection.send(request).await {
        Ok(response) => response,
        Err(SendError::Unsent(_, error) | SendError::Sent(error)) => return Err(error),
    };
    let status = response.status();
    let body = NodeBody::new(status, response.into_body(), lease);
    let body = Limited::new(body, BODY_LIMIT).collect().await?;
    Ok((status, body.to_bytes()))
}
