//! Requests to one node, with the identity of a client.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::responses::error_name;
use super::rows::{Page, Row};
use crate::cluster::exchange::{Limits, exchange};
use crate::cluster::node::Node;
use crate::dynamodb::target::TARGET;
use crate::error::BoxError;
use crate::tables::WarnOnce;

pub(super) const QUERY: &str = "DynamoDB_20120810.Query";
pub(super) const SCAN: &str = "DynamoDB_20120810.Scan";

/// Maximum size of a response body, in bytes.
const BODY_LIMIT: usize = 4 << 20;

/// Maximum number of rows of a page. The limit above leaves 2,097 bytes for each. The row of a
/// tablet has 44 bytes for each replica (a UUID, a shard of five digits and what separates them)
/// and less than 300 for all else: 2,016 bytes for three replicas in each of 13 datacenters.
const ROWS: usize = 2000;

/// Maximum number of pages that are read: twice those of the largest table with tablets, and those
/// of a ring of 330 nodes with 256 vnodes each.
const PAGES: usize = 128;

/// Gives a request the identity of a client.
pub(crate) trait SignAs: fmt::Debug + Send + Sync {
    /// Sets the address, user agent and signature of a request that has a body and the header
    /// `x-amz-target`.
    ///
    /// # Errors
    ///
    /// If the request cannot be signed.
    fn sign(&self, request: &mut Request<Bytes>) -> Result<(), BoxError>;
}

/// A node, and the client whose identity the requests have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session<'a> {
    pub(super) node: &'a Node,
    pub(super) client: &'a dyn SignAs,
    /// Maximum time until each response has been read.
    pub(super) timeout: Duration,
    pub(super) warnings: &'a WarnOnce,
}

/// Why a request, or the lookup that it belongs to, has no result.
#[derive(Debug)]
pub(super) enum LookupError {
    /// The client lacks the permission.
    Denied,
    /// What the request is about does not exist.
    NotFound,
    /// There are more pages than are read.
    TooManyRows,
    /// The same request may succeed later, or with another node.
    Failed(BoxError),
}

impl Session<'_> {
    /// Sends a request and returns the body of a response with status 200.
    pub(super) async fn send(&self, target: &str, body: &Value) -> Result<Bytes, LookupError> {
        let (status, body) = self.exchange(target, body).await.map_err(LookupError::Failed)?;
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

    async fn exchange(&self, target: &str, body: &Value) -> Result<(StatusCode, Bytes), BoxError> {
        let mut request =
            Request::post("/").header(TARGET, target).body(Bytes::from(body.to_string()))?;
        self.client.sign(&mut request)?;
        let limits = Limits { time: self.timeout, body: BODY_LIMIT };
        exchange(&self.node.pool, request, limits).await
    }

    /// Sends a Query or Scan, page by page, and calls `f` for each row.
    pub(super) async fn for_each_row(
        &self,
        target: &str,
        mut request: Value,
        mut f: impl FnMut(Row<'_>),
    ) -> Result<(), LookupError> {
        request["Limit"] = json!(ROWS);
        for _ in 0..PAGES {
            let body = self.send(target, &request).await?;
            let page = Page::parse(&body)
                .ok_or_else(|| LookupError::Failed("its answer has no items".into()))?;
            page.rows().for_each(&mut f);
            let Some(next) = page.next else {
                return Ok(());
            };
            request["ExclusiveStartKey"] = next;
        }
        Err(LookupError::TooManyRows)
    }

    /// Warns, once, if the client may not read `what`.
    pub(super) fn warn_if_denied<T>(
        &self,
        result: Result<T, LookupError>,
        what: &str,
    ) -> Result<T, LookupError> {
        if matches!(result, Err(LookupError::Denied)) {
            self.warnings.denied(what);
        }
        result
    }
}
