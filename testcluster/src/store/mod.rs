//! The data behind every node: a published DynamoDB emulator in process, with Alternator's errors.

use std::io;

use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};

use crate::error::ApiError;

/// One store for the whole cluster. Calls block, though only for as long as memory takes.
#[derive(Clone)]
pub(crate) struct Store(Database);

/// What an operation returns.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) body: Bytes,
    /// How many items a Query or Scan found: the server frames long lists differently.
    pub(crate) items: usize,
}

impl Store {
    pub(crate) fn new() -> io::Result<Self> {
        Database::memory().map(Self).map_err(io::Error::other)
    }

    /// Runs the operation that `X-Amz-Target` named; `host` is the request's Host header.
    pub(crate) fn execute(
        &self,
        operation: &str,
        body: &[u8],
        host: Option<&str>,
    ) -> Result<Output, ApiError> {
        macro_rules! call {
            ($method:ident, |$response:ident| $items:expr) => {{
                let request =
                    serde_json::from_slice(object(body)?).map_err(|error| unreadable(&error))?;
                #[allow(unused_mut, reason = "only CreateTable's response is changed")]
                let mut $response =
                    self.0.$method(request).map_err(|error| refusal(error, body))?;
                let items = $items;
                let body = serde_json::to_vec(&$response).map_err(unwritable)?.into();
                Ok(Output { body, items })
            }};
            ($method:ident) => {
                call!($method, |response| 0)
            };
        }
        match operation {
            "BatchGetItem" => call!(batch_get_item),
            "BatchWriteItem" => call!(batch_write_item),
            "CreateTable" => call!(create_table, |response| {
                // The server responds when the table can be used.
                let table = &mut response.table_description;
                "ACTIVE".clone_into(&mut table.table_status);
                for index in table.global_secondary_indexes.iter_mut().flatten() {
                    "ACTIVE".clone_into(&mut index.index_status);
                }
                0
            }),
            "DeleteItem" => call!(delete_item),
            "DeleteTable" => call!(delete_table),
            "DescribeContinuousBackups" => self.continuous_backups(body),
            "DescribeEndpoints" => object(body).map(|_| Output { body: endpoints(host), items: 0 }),
            "DescribeStream" => call!(describe_stream),
            "DescribeTable" => call!(describe_table),
            "DescribeTimeToLive" => call!(describe_time_to_live),
            "GetItem" => call!(get_item),
            "GetRecords" => call!(get_records),
            "GetShardIterator" => call!(get_shard_iterator),
            "ListStreams" => call!(list_streams),
            "ListTables" => call!(list_tables),
            "ListTagsOfResource" => call!(list_tags_of_resource),
            "PutItem" => call!(put_item),
            "Query" => call!(query, |response| response.items.as_ref().map_or(0, Vec::len)),
            "Scan" => call!(scan, |response| response.items.as_ref().map_or(0, Vec::len)),
            "TagResource" => call!(tag_resource),
            "TransactGetItems" => call!(transact_get_items),
            "TransactWriteItems" => call!(transact_write_items),
            "UntagResource" => call!(untag_resource),
            "UpdateItem" => call!(update_item),
            "UpdateTable" => call!(update_table),
            "UpdateTimeToLive" => call!(update_time_to_live),
            _ => Err(ApiError::new(
                "UnknownOperationException",
                format!("Unsupported operation {operation}"),
            )),
        }
    }

    /// There are no backups. Only here does the server use another error type for a missing table.
    fn continuous_backups(&self, body: &[u8]) -> Result<Output, ApiError> {
        match self.execute("DescribeTable", body, None) {
            Ok(_) => Ok(Output {
                body: json!({"ContinuousBackupsDescription": {
                    "ContinuousBackupsStatus": "DISABLED",
                    "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
                }})
                .to_string()
                .into(),
                items: 0,
            }),
            Err(error) if error.kind == "ResourceNotFoundException" => Err(ApiError::new(
                "TableNotFoundException",
                format!("Table {} not found", table_name(body).unwrap_or_default()),
            )),
            Err(error) => Err(error),
        }
    }
}

/// Returns the body if it looks like a JSON object. That it is JSON at all is checked first.
fn object(body: &[u8]) -> Result<&[u8], ApiError> {
    if body.trim_ascii_start().first() == Some(&b'{') {
        return Ok(body);
    }
    match serde_json::from_slice::<Value>(body) {
        Err(error) => Err(unreadable(&error)),
        Ok(_) => Err(ApiError::validation("Request content must be an object")),
    }
}

fn endpoints(host: Option<&str>) -> Bytes {
    let address = host.unwrap_or_default();
    json!({"Endpoints": [{"Address": address, "CachePeriodInMinutes": 1440}]}).to_string().into()
}

/// Any error in a body's JSON is a validation error in Alternator.
fn unreadable(error: &serde_json::Error) -> ApiError {
    if !error.is_data() {
        return ApiError::validation(format!("Parsing JSON failed: {error}"));
    }
    // The emulator prefixes its own messages with the kind of error, and the parser appends the
    // position.
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(&*text, |(message, _)| message);
    let marks = [
        "VALIDATION:",
        "VALIDATION_REQUEST:",
        "VALIDATION_AS_READ:",
        "SERIALIZATION:",
        "SERIALIZATION_AS_READ:",
    ];
    let unmarked = marks.iter().find_map(|mark| message.strip_prefix(mark));
    ApiError::validation(unmarked.unwrap_or(message))
}

fn unwritable(error: serde_json::Error) -> ApiError {
    ApiError::internal(format!("Internal server error: {error}"))
}

fn refusal(error: DynoxideError, body: &[u8]) -> ApiError {
    let kind = match error.error_type().rsplit('#').next() {
        None | Some("SerializationException") => "ValidationException",
        Some(kind) => kind,
    };
    let mut refusal = ApiError::new(kind, error.to_string());
    match error {
        DynoxideError::ConditionalCheckFailedException(_, item) => {
            refusal.item = item.and_then(|item| serde_json::to_value(item).ok());
        }
        DynoxideError::TransactionCanceledException(_, reasons) => {
            refusal.reasons = serde_json::to_value(reasons).ok();
        }
        DynoxideError::ResourceNotFoundException(short)
            if short == "Requested resource not found" =>
        {
            name_table(&mut refusal.message, body);
        }
        _ => {}
    }
    refusal
}

/// The server names the table that it did not find; the emulator, like DynamoDB, does so for some
/// operations only.
fn name_table(message: &mut String, body: &[u8]) {
    if let Some(table) = table_name(body) {
        message.push_str(&format!(": Table: {table} not found"));
    }
}

fn table_name(body: &[u8]) -> Option<String> {
    let request = serde_json::from_slice::<Value>(body).ok()?;
    request["TableName"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
