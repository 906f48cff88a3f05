//! `.scylla.alternator.<keyspace>.<table>`: the cluster's own tables, which can be read by Query
//! and Scan and by nothing else.

mod cell;
mod paging;
mod query;
mod rows;
mod tables;

use serde_json::Value;

use crate::error::ApiError;
use crate::store::Output;

pub(crate) use tables::Source;

const PREFIX: &str = ".scylla.alternator.";

/// Whether a request may name one of these tables: a cheap check before the body is parsed.
pub(crate) fn may_concern(operation: &str, body: &[u8]) -> bool {
    matches!(operation, "Query" | "Scan")
        && body.windows(PREFIX.len()).any(|bytes| bytes == PREFIX.as_bytes())
}

/// Returns which of these tables a request names, such as `system.local`.
pub(crate) fn table(request: &Value) -> Option<&str> {
    request["TableName"].as_str()?.strip_prefix(PREFIX)
}

/// Executes a request on the table `table`, if `permit` allows it. Returns a page of at most
/// `page_bytes`.
///
/// # Errors
///
/// Where there is no such table, the reader may not read it, or the request is wrong.
pub(crate) fn read(
    source: &Source<'_>,
    operation: &str,
    request: &Value,
    table: &str,
    page_bytes: usize,
    permit: impl FnOnce() -> Result<(), ApiError>,
) -> Result<Output, ApiError> {
    let not_found = || {
        let what = "Requested resource not found";
        ApiError::new(
            "ResourceNotFoundException",
            format!("{what}: Table: {PREFIX}{table} not found"),
        )
    };
    // No partition has an empty key, so this is the table without its rows.
    let schema = source.contents(table, Some("")).ok_or_else(not_found)?;
    permit()?;
    if !request["IndexName"].is_null() {
        return Err(ApiError::validation("Internal tables have no indexes"));
    }
    let selection = query::Selection::of(operation, request)?;
    let partition = selection.partition(&schema)?;
    let contents = source.contents(table, partition.as_deref()).ok_or_else(not_found)?;
    let page = selection.page(&contents, partition.as_deref(), page_bytes)?;
    Ok(Output {
        items: page["Items"].as_array().map_or(0, Vec::len),
        body: page.to_string().into(),
    })
}
