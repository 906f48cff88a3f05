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
