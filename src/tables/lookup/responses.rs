//! Parsers of a node's responses: the description of a table, its tags, the node's configuration,
//! and errors.

use serde_json::Value;

use crate::dynamodb::access::Isolation;
use crate::keys::key::PartitionKeyType;
use crate::keys::partition_key::PartitionKey;

/// The tag that gives a table its own write isolation.
const TAG: &str = "system:write_isolation";

/// What is read of a response to DescribeTable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) key: PartitionKey,
    /// A UUID, which differs once the table is deleted and created again.
    pub(crate) id: Option<Box<str>>,
    pub(crate) arn: Option<Box<str>>,
}

impl Description {
    /// Returns `None` if the body is no such response.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let response: Value = serde_json::from_slice(body).ok()?;
        let table = &response["Table"];
        let key = find(&table["KeySchema"], "KeyType", "HASH")?;
        let key_name = key["AttributeName"].as_str()?;
        let key = find(&table["AttributeDefinitions"], "AttributeName", key_name)?;
        let key_type = match key["AttributeType"].as_str()? {
            "S" => PartitionKeyType::String,
            "N" => PartitionKeyType::Number,
            "B" => PartitionKeyType::Binary,
            _ => return None,
        };
        let text = |name| table[name].as_str().map(Into::into);
        Some(Self {
            key: PartitionKey { name: key_name.into(), key_type },
            id: text("TableId"),
            arn: text("TableArn"),
        })
    }
}

/// Returns the element of `list` that has `text` under `name`.
fn find<'a>(list: &'a Value, name: &str, text: &str) -> Option<&'a Value> {
    let mut elements = list.as_array()?.iter();
    elements.find(|element| element[name].as_str() == Some(text))
}

/// Returns the write isolation in a response to ListTagsOfResource: `Some(None)` if no tag gives
/// one, and `None` if the body is no such response.
pub(crate) fn isolation_by_tags(body: &[u8]) -> Option<Option<Isolation>> {
    let response: Value = serde_json::from_slice(body).ok()?;
    response["Tags"].as_array()?;
    let tag = find(&response["Tags"], "Key", TAG);
    Some(tag.and_then(|tag| Isolation::named(tag["Value"].as_str()?)))
}

/// Returns the write isolation in the value of a row of `system.config`, which is a JSON string and
/// so has quotes.
pub(crate) fn isolation_by_config(value: &str) -> Option<Isolation> {
    let unquoted: Option<String> = serde_json::from_str(value).ok();
    Isolation::named(unquoted.as_deref().unwrap_or(value))
}

/// Returns the name of an error, such as `AccessDeniedException`.
pub(crate) fn error_name(body: &[u8]) -> Option<String> {
    let response: Value = serde_json::from_slice(body).ok()?;
    let name = response["__type"].as_str()?;
    Some(name.rsplit('#').next().unwrap_or(name).to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn description(table: &Value) -> Option<Description> {
        Description::parse(json!({ "Table": table }).to_string().as_bytes())
    }

    #[test]
    fn the_partition_key_is_found_among_the_attributes() {
        let mut table = json!({
            "TableId": "9e6b3b5c-0b9e-4c0c-9f0e-7f1f6d9f1b2a",
            "TableArn": "arn:scylla:alternator:alternator_t:scylla:table/t",
            "KeySchema": [{"AttributeName": "sort", "KeyType": "RANGE"}, {"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [
                {"AttributeName": "sort", "AttributeType": "S"},
                {"AttributeName": "id", "AttributeType": "N"},
            ],
        });
        let found = description(&table).unwrap();
        assert_eq!((&*found.key.name, found.key.key_type), ("id", PartitionKeyType::Number));
        assert_eq!(found.id.as_deref(), table["TableId"].as_str());
        assert_eq!(found.arn.as_deref(), table["TableArn"].as_str());
        for (name, key_type) in [("S", PartitionKeyType::String), ("B", PartitionKeyType::Binary)] {
            table["AttributeDefinitions"][1]["AttributeType"] = name.into();
            assert_eq!(description(&table).unwrap().key.key_type, key_type);
        }
        table["AttributeDefinitions"][1]["AttributeType"] = "M".into();
        assert_eq!(description(&table), None);
    }

    #[test]
    fn what_has_no_partition_key_is_no_description() {
        for table in [
            json!(null),
            json!({}),
            json!({"KeySchema": []}),
            json!({"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}),
            json!({"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "x"}]}),
        ] {
            assert_eq!(description(&table), None);
        }
        assert_eq!(Description::parse(b""), None);
        assert_eq!(Description::parse(b"[1]"), None);
    }

    #[test]
    fn the_write_isolation_is_read_from_tags_and_from_the_configuration() {
        let tags = |tags: Value| isolation_by_tags(json!({ "Tags": tags }).to_string().as_bytes());
        let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
        assert_eq!(
            tags(json!([tag("a", "b"), tag("system:write_isolation", "always")])),
            Some(Some(Isolation::AlwaysUseLwt))
        );
        assert_eq!(tags(json!([tag("a", "b")])), Some(None));
        assert_eq!(tags(json!([tag("system:write_isolation", "x")])), Some(None));
        assert_eq!(isolation_by_tags(b"{}"), None);
        assert_eq!(isolation_by_tags(b"x"), None);
        for value in ["\"only_rmw_uses_lwt\"", "only_rmw_uses_lwt", "\"o\""] {
            assert_eq!(isolation_by_config(value), Some(Isolation::OnlyRmwUsesLwt));
        }
        assert_eq!(isolation_by_config("8000"), None);
    }

    #[test]
    fn an_error_is_known_by_the_last_part_of_its_type() {
        let denied =
            br#"{"__type":"com.amazonaws.dynamodb.v20120810#AccessDeniedException","message":"x"}"#;
        assert_eq!(error_name(denied).as_deref(), Some("AccessDeniedException"));
        assert_eq!(error_name(br#"{"__type":"X"}"#).as_deref(), Some("X"));
        assert_eq!(error_name(b"{}"), None);
        assert_eq!(error_name(b"<html>"), None);
    }

    proptest! {
        #[test]
        fn no_body_makes_the_parsers_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (Description::parse(&body), isolation_by_tags(&body), error_name(&body));
        }
    }
}
