//! What is to be known of an operation: whether it is about data, or changes the schema.

use std::time::Duration;

/// An operation of DynamoDB or its Streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Data,
    /// It waits for all nodes of the cluster to agree, so how long it takes tells nothing of the
    /// one that has it.
    Schema,
}

const SCHEMA_CHANGES: [&[u8]; 6] = [
    b"DynamoDB_20120810.CreateTable",
    b"DynamoDB_20120810.UpdateTable",
    b"DynamoDB_20120810.DeleteTable",
    b"DynamoDB_20120810.UpdateTimeToLive",
    b"DynamoDB_20120810.TagResource",
    b"DynamoDB_20120810.UntagResource",
];

impl Operation {
    /// The operation that a value of `x-amz-target` asks for.
    pub(crate) fn of(target: &[u8]) -> Self {
        if SCHEMA_CHANGES.contains(&target) { Self::Schema } else { Self::Data }
    }

    /// How long a node may be silent before the request is given up, where the user has set no
    /// limit.
    ///
    /// The server gives up a request for data after ten seconds (`alternator_timeout_in_ms`) and
    /// says so, and waits up to thirty more for agreement on a schema. Whoever has said nothing two
    /// seconds later will not.
    pub(crate) fn deadline(self) -> Duration {
        Duration::from_secs(match self {
            Self::Data => 12,
            Self::Schema => 42,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_the_schema_are_told_from_requests_for_data() {
        let of = |target: &str| Operation::of(target.as_bytes());
        assert_eq!(of("DynamoDB_20120810.CreateTable"), Operation::Schema);
        assert_eq!(of("DynamoDB_20120810.UntagResource"), Operation::Schema);
        for data in [
            "DynamoDB_20120810.GetItem",
            "DynamoDB_20120810.DescribeTable",
            "DynamoDBStreams_20120810.GetRecords",
            "",
        ] {
            assert_eq!(of(data), Operation::Data);
        }
    }
}
