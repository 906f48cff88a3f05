//! One `/localnodes` query to one node.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use tokio::time::timeout;

use super::localnodes::{self, BODY_LIMIT};
use crate::cluster::node::{Node, without_zone};
use crate::error::{BoxError, explain};
use crate::transport::{NodeBody, SendError};

/// Returns the nodes that `node` lists under `path`, which is
/// [`Scope::localnodes`](crate::scope::Scope::localnodes)'s.
///
/// Only a 200 with an array in it is valid.
pub(crate) async fn ask(
    node: &Node,
    path: &str,
    limit: Duration,
) -> Result<Vec<SocketAddr>, BoxError> {
    match timeout(limit, ask_unlimited(node, path, limit)).await {
        Ok(answer) => answer.map_err(|error| explain(&*error).into()),
        Err(_) => Err(format!("no answer within {limit:?}").into()),
    }
}

async fn ask_unlimited(
    node: &Node,
    path: &str,
    limit: Duration,
) -> Result<Vec<SocketAddr>, BoxError> {
    let body = loop {
        let mut lease = node.pool.lease_uncounted(limit).await?;
        let request = Request::get(path)
            .header(header::HOST, without_zone(node.addr()).to_string())
            .body(Full::<Bytes>::default())?;
        match lease.connection.send(request).await {
            Ok(response) => {
                let status = response.status();
                break response.map(|incoming| NodeBody::new(status, incoming, lease));
            }
            // The node closed an idle connection, which says nothing about the node.
            Err(SendError::Unsent(..)) if lease.reused() => {}
            Err(SendError::Unsent(_, error) | SendError::Sent(error)) => return Err(error),
        }
    };
    let status = body.status();
    // An invalid response is read as well, so that its connection can be kept.
    let text = Limited::new(body.into_body(), BODY_LIMIT).collect().await?.to_bytes();
    if status != StatusCode::OK {
        return Err(format!("it answered {status}").into());
    }
    let parsed = localnodes::parse(&text, node.addr()).ok_or("its answer is not a JSON array")?;
    if parsed.skipped > 0 {
        tracing::debug!(node = %node.addr(), skipped = parsed.skipped, "/localnodes has entries that are no addresses");
    }
    Ok(parsed.nodes)
}
