//! Which writes read the item first, by the server's rules.

use serde_json::Value;

use super::update;

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
    let mut updates = updates.as_object().into_iter().flatten();
    updates.any(|(_, update)| match update["Action"].as_str() {
        Some("ADD") => true,
        Some("DELETE") => !update["Value"].is_null(),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn writes_read_first_by_the_servers_rules() {
        for (operation, request, reads) in [
            ("PutItem", json!({}), false),
            ("PutItem", json!({"ReturnValues": "NONE"}), false),
            ("PutItem", json!({"ReturnValues": "ALL_OLD"}), true),
            ("PutItem", json!({"ConditionExpression": "attribute_exists(a)"}), true),
            ("PutItem", json!({"Expected": {"a": {"Exists": false}}}), true),
            ("DeleteItem", json!({}), false),
            ("DeleteItem", json!({"ReturnValues": "ALL_OLD"}), true),
            ("UpdateItem", json!({}), false),
            ("UpdateItem", json!({"UpdateExpression": "SET a = :v"}), false),
            ("UpdateItem", json!({"UpdateExpression": "ADD a :v"}), true),
            ("UpdateItem", json!({"ReturnValues": "UPDATED_NEW"}), false),
            ("UpdateItem", json!({"ReturnValues": "ALL_NEW"}), true),
            ("UpdateItem", json!({"ReturnValues": "UPDATED_OLD"}), true),
            ("UpdateItem", json!({"AttributeUpdates": {"a": {"Action": "PUT"}}}), false),
            ("UpdateItem", json!({"AttributeUpdates": {"a": {"Action": "DELETE"}}}), false),
            (
                "UpdateItem",
                json!({"AttributeUpdates": {"a": {"Action": "DELETE", "Value": {"SS": ["x"]}}}}),
                true,
            ),
            (
                "UpdateItem",
                json!({"AttributeUpdates": {"b": {}, "a": {"Action": "ADD", "Value": {"N": "1"}}}}),
                true,
            ),
        ] {
            assert_eq!(read_before(operation, &request), reads, "{operation} {request}");
        }
    }
}
