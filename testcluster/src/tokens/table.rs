//! One table: its partition key, how it is spread, and how its writes are isolated.

use serde_json::Value;

use super::isolation::{self, WriteIsolation};
use super::map::Map;
use crate::error::ApiError;

/// How a table's tokens are spread over the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// This number of tablets, rounded up to a power of two.
    Tablets(usize),
    Vnodes,
}

#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Its UUID in the cluster's tables.
    pub(crate) id: String,
    /// The name of its partition key.
    pub(crate) key: String,
    pub(crate) spread: Spread,
    /// How many replicas a range has in each datacenter. Fixed when the table is created.
    pub(crate) factor: usize,
    pub(crate) map: Map,
    /// The table whose tablets this one shares, if it has none of its own.
    pub(crate) base: Option<String>,
    /// Where it differs from the server's default.
    pub(crate) isolation: Option<WriteIsolation>,
}

/// A request that creates a table.
#[derive(Debug)]
pub(crate) struct CreateTable {
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) spread: Option<Spread>,
    pub(crate) isolation: Option<WriteIsolation>,
}

impl CreateTable {
    /// Reads a request that creates a table; none where the request cannot succeed anyway.
    ///
    /// # Errors
    ///
    /// Where a tag has a value that the server refuses.
    pub(crate) fn of(request: &Value) -> Result<Option<Self>, ApiError> {
        let hash = request["KeySchema"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|key| key["KeyType"] == "HASH")
            .find_map(|key| key["AttributeName"].as_str());
        let (Some(name), Some(key)) = (request["TableName"].as_str(), hash) else {
            return Ok(None);
        };
        let spread = tag(request, "system:initial_tablets").map(|tablets| {
            tablets.parse().map_or(Spread::Vnodes, |count: usize| Spread::Tablets(count.max(1)))
        });
        Ok(Some(Self {
            name: name.to_owned(),
            key: key.to_owned(),
            spread,
            isolation: isolation_of(request)?,
        }))
    }
}

/// Returns the isolation that a request's tags set.
///
/// # Errors
///
/// Where there is none of that name.
pub(crate) fn isolation_of(request: &Value) -> Result<Option<WriteIsolation>, ApiError> {
    tag(request, isolation::TAG).map(WriteIsolation::parse).transpose()
}

fn tag<'a>(request: &'a Value, name: &str) -> Option<&'a str> {
    request["Tags"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|tag| tag["Key"] == name)
        .find_map(|tag| tag["Value"].as_str())
}
