//! One `/localnodes` query to one node.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};

use super::localnodes::{self, BODY_LIMIT};
use crate::cluster::exchange::{Limits, exchange};
use crate::cluster::node::{Node, without_zone};
use crate::error::BoxError;

/// Returns the nodes that `node` lists under `path`, which is
/// [`Scope::localnodes`](crate::scope::Scope::localnodes)'s.
///
/// Only a 200 with an array in it is valid.
pub(crate) async fn ask(
    node: &Node,
    path: &str,
    limit: Duration,
) -> Result<Vec<SocketAddr>, BoxError> {
    let request = Request::get(path)
        .header(header::HOST, without_zone(node.addr()).to_string())
        .body(Bytes::new())?;
    let limits = Limits { time: limit, body: BODY_LIMIT };
    let (status, text) = exchange(&node.pool, request, limits).await?;
    if status != StatusCode::OK {
        return Err(format!("it answered {status}").into());
    }
    let parsed = localnodes::parse(&text, node.addr()).ok_or("its answer is not a JSON array")?;
    if parsed.skipped > 0 {
        tracing::debug!(node = %node.addr(), skipped = parsed.skipped, "/localnodes has entries that are no addresses");
    }
    Ok(parsed.nodes)
}
