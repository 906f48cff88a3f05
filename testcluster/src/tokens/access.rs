//! Which keys a request touches, and which of them by a lightweight transaction.

use serde_json::Value;

use super::isolation::WriteIsolation;
use super::state::State;
use super::table::Table;
use super::{key, writes};
use crate::error::ApiError;
use crate::expression::conditions::{self, Operator};

/// One key that a request reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access<'a> {
    pub(crate) table: &'a str,
    pub(crate) token: i64,
    pub(crate) is_transaction: bool,
}

/// Whether the keys that an operation touches are in its request.
pub(crate) fn concerns(operation: &str) -> bool {
    matches!(
        operation,
        "GetItem"
            | "PutItem"
            | "UpdateItem"
            | "DeleteItem"
            | "Query"
            | "BatchGetItem"
            | "BatchWriteItem"
            | "TransactGetItems"
            | "TransactWriteItems"
    )
}

impl<'a> Access<'a> {
    /// Every key that a request touches, as far as its table exists and the key is valid.
    ///
    /// # Errors
    ///
    /// Where the table's write isolation forbids the request.
    pub(crate) fn all(
        state: &State,
        default: WriteIsolation,
        operation: &str,
        request: &'a Value,
    ) -> Result<Vec<Self>, ApiError> {
        let mut finder = Finder { state, found: Vec::new() };
        let isolation = |table: &Table| table.isolation.unwrap_or(default);
        match operation {
            "GetItem" => finder.add(&request["TableName"], &request["Key"], false),
            "PutItem" | "UpdateItem" | "DeleteItem" => {
                let keys = if operation == "PutItem" { "Item" } else { "Key" };
                let table = state.table(&request["TableName"]).map(isolation);
                let is_transaction = match table {
                    Some(isolation) => {
                        isolation.uses_lwt(writes::read_before(operation, request))?
                    }
                    None => false,
                };
                finder.add(&request["TableName"], &request[keys], is_transaction);
            }
            "Query" if request["IndexName"].is_null() => finder.add_query(request),
            "BatchGetItem" => {
                for (table, keys) in batch(request) {
                    for key in keys["Keys"].as_array().into_iter().flatten() {
                        finder.add_to(table, key, false);
                    }
                }
            }
            "BatchWriteItem" => {
                // One such table makes transactions of the whole batch.
                let always = batch(request)
                    .filter_map(|(table, _)| state.tables.get(table))
                    .any(|table| isolation(table) == WriteIsolation::Always);
                for (table, writes) in batch(request) {
                    for write in writes.as_array().into_iter().flatten() {
                        finder.add_to(table, &write["PutRequest"]["Item"], always);
                        finder.add_to(table, &write["DeleteRequest"]["Key"], always);
                    }
                }
            }
            "TransactGetItems" | "TransactWriteItems" => {
                let items = request["TransactItems"].as_array().into_iter().flatten();
                for part in items.filter_map(Value::as_object).flat_map(|item| item.values()) {
                    let keys = if part["Item"].is_null() { "Key" } else { "Item" };
                    let table = state.table(&part["TableName"]).map(isolation);
                    let is_transaction = operation == "TransactWriteItems"
                        && table.is_some_and(WriteIsolation::has_lwt);
                    finder.add(&part["TableName"], &part[keys], is_transaction);
                }
            }
            _ => {}
        }
        Ok(finder.found)
    }
}

fn batch(request: &Value) -> impl Iterator<Item = (&str, &Value)> {
    request["RequestItems"].as_object().into_iter().flatten().map(|(table, keys)| (&**table, keys))
}

struct Finder<'a, 's> {
    state: &'s State,
    found: Vec<Access<'a>>,
}

impl<'a> Finder<'a, '_> {
    fn add(&mut self, table: &'a Value, keys: &Value, is_transaction: bool) {
        if let Some(table) = table.as_str() {
            self.add_to(table, keys, is_transaction);
        }
    }

    fn add_to(&mut self, table: &'a str, keys: &Value, is_transaction: bool) {
        if let Some(Table { key, .. }) = self.state.tables.get(table)
            && let Some(token) = key::token(&keys[key])
        {
            self.found.push(Access { table, token, is_transaction });
        }
    }

    fn add_query(&mut self, request: &'a Value) {
        // Errors in the conditions are left to the store.
        let (Some(table), Ok(conditions)) =
            (request["TableName"].as_str(), conditions::of(request))
        else {
            return;
        };
        let Some(Table { key, .. }) = self.state.tables.get(table) else {
            return;
        };
        let token = conditions
            .iter()
            .find(|condition| condition.attribute == key && condition.operator == Operator::Equal)
            .and_then(|condition| key::token(condition.values[0]));
        if let Some(token) = token {
            self.found.push(Access { table, token, is_transaction: false });
        }
    }
}

impl State {
    fn table(&self, name: &Value) -> Option<&Table> {
        self.tables.get(name.as_str()?)
    }
}
