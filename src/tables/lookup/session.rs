//! Questions to one node, in the name of a client.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::SignAs;
use super::description::error_name;
use super::rows::{Page, Row};
use crate::cluster::node::Node;
use crate::dynamodb::target::TARGET;
use crate::error::{BoxError, explain};
use crate::transport::{NodeBody, SendError};

/// The largest answer that is read, in bytes.
const BODY_LIMIT: usize = 4 << 20;

/// How many rows are asked for at a time, of which each has 2,097 bytes within that limit. That of
/// a tablet has 44 for each replica, which are a UUID, a shard of five digits and what is between
/// them, and less than 300 for all else: with the three replicas of each of 13 datacenters, 2,016.
const ROWS: usize = 2000;

/// How many pages are read at most: twice those of the largest table with tablets, and those of a
/// ring of 330 nodes with 256 vnodes each.
const PAGES: usize = 128;

/// A node, and in whose name it is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session<'a> {
    pub(super) node: &'a Node,
    pub(super) client: &'a dyn SignAs,
    /// For each answer.
    pub(super) limit: Duration,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum LookupError {
    /// The client may not ask this.
    Denied,
    /// What was asked about does not exist.
    NotFound,
    /// The answer has more pages than are read.
    TooLong,
    /// Another node, or the same one later, may answer.
    Failed(BoxError),
}

impl Session<'_> {
    /// The body of a good answer.
    pub(super) async fn ask(&self, target: &str, body: &Value) -> Result<Bytes, LookupError> {
        let answer = timeout(self.limit, self.exchange(target, body)).await;
        let answer =
            answer.unwrap_or_else(|_| Err(format!("no answer within {:?}", self.limit).into()));
        let (status, body) = answer.map_err(|e| LookupError::Failed(explain(&*e).into()))?;
        if status == StatusCode::OK {
            return Ok(body);
        }
        match error_name(&body).as_deref() {
            Some("AccessDeniedException") => Err(LookupError::Denied),
            Some("ResourceNotFoundException") => Err(LookupError::NotFound),
            name => {
                let name = name.unwrap_or("no reason that is understood");
                Err(LookupError::Failed(format!("it answered {status} to {target}: {name}").into()))
            }
        }
    }

    /// Shows all rows of an answer to Query or Scan, page by page.
    pub(super) async fn rows(
        &self,
        target: &str,
        mut request: Value,
        mut show: impl FnMut(Row<'_>),
    ) -> Result<(), LookupError> {
        request["Limit"] = json!(ROWS);
        for _ in 0..PAGES {
            let body = self.ask(target, &request).await?;
            let page = Page::parse(&body);
            let page = page.ok_or_else(|| LookupError::Failed("its answer has no items".into()))?;
            page.rows().for_each(&mut show);
            let Some(next) = page.next else {
                return Ok(());
            };
            request["ExclusiveStartKey"] = next;
        }
        Err(LookupError::TooLong)
    }

    async fn exchange(&self, target: &str, body: &Value) -> Result<(StatusCode, Bytes), BoxError> {
        let mut request =
            Request::post("/").header(TARGET, target).body(Bytes::from(body.to_string()))?;
        self.client.complete(&mut request)?;
        loop {
            let mut lease = self.node.pool.lease_uncounted(self.limit).await?;
            match lease.connection.send(request.clone().map(Full::new)).await {
                Ok(response) => {
                    let status = response.status();
                    let body = NodeBody::new(status, response.into_body(), lease);
                    let body = Limited::new(body, BODY_LIMIT).collect().await?;
                    return Ok((status, body.to_bytes()));
                }
                // The node closed an idle connection, which says nothing about the node.
                Err(SendError::Unsent(..)) if lease.reused() => {}
                Err(SendError::Unsent(_, error) | SendError::Sent(error)) => return Err(error),
            }
        }
    }
}
