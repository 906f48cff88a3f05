//! How long a node may be silent before a request is given up, where the user has set no limit.

use std::time::Duration;

/// The server gives up a data operation after ten seconds (`alternator_timeout_in_ms`) and says so; whoever has said nothing
/// two seconds later will not.
const DATA: Duration = Duration::from_secs(12);

/// An operation that changes the schema also waits for all nodes to agree on it: up to thirty seconds.
const SCHEMA: Duration = Duration::from_secs(42);

const SCHEMA_CHANGES: [&[u8]; 6] = [
    b"DynamoDB_20120810.CreateTable",
    b"DynamoDB_20120810.UpdateTable",
    b"DynamoDB_20120810.DeleteTable",
    b"DynamoDB_20120810.UpdateTimeToLive",
    b"DynamoDB_20120810.TagResource",
    b"DynamoDB_20120810.UntagResource",
];

/// The limit for the operation that a value of `x-amz-target` asks for.
pub(crate) fn deadline(target: &[u8]) -> Duration {
    if SCHEMA_CHANGES.contains(&target) {
        SCHEMA
    } else {
        DATA
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_the_schema_may_take_longer_than_requests_for_data() {
        assert_eq!(deadline(b"DynamoDB_20120810.CreateTable"), SCHEMA);
        for data in [
            "DynamoDB_20120810.GetItem",
            "DynamoDBStreams_20120810.GetRecords",
            "",
        ] {
            assert_eq!(deadline(data.as_bytes()), DATA);
        }
    }
}
