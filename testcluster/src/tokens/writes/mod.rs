//! Which writes read the item first, by the server's rules.

use serde_json::Value;

use crate::expression::update;

/// Whether a PutItem, DeleteItem or UpdateItem has to read before it writes.
pub(crate) fn read_before(operation: &str, request: &Value) -> bool {
    let has = |member: &str| !request[member].is_null();
    let returned = request["ReturnValues"].as_str().unwrap_or("NONE");
    let is_conditional = has("ConditionExpression") || has("Expected");
    if operation != "UpdateItem" {
        return is_conditional || returned == "ALL_OLD";
    }
    is_conditional
        || !matches!(returned, "NONE" | "UPDATED_NEW")
        || request["UpdateExpression"].as_str().is_some_and(update::reads_before)
        || legacy_updates_read(&request["AttributeUpdates"])
}

/// Adding reads, and so does deleting from a set, which is a deletion that has a value.
fn legacy_updates_read(updates: &Value) -> bool {
    updates.as_object().into_iter().flatten().any(|(_, update)| match update["Action"].as_str() {
        Some("ADD") => true,
        Some("DELETE") => !update["Value"].is_null(),
        _ => false,
    })
}

#[cfg(test)]
mod tests;
