//! Which requests may be hedged: those that change nothing, so that sending one twice is as good as
//! once.

/// The values of `x-amz-target` that stand for reads. `ExecuteStatement` and its kin are not among
/// them, because a PartiQL statement may write, and only its body tells.
const TARGETS: [&[u8]; 9] = [
    b"DynamoDB_20120810.GetItem",
    b"DynamoDB_20120810.Query",
    b"DynamoDB_20120810.BatchGetItem",
    b"DynamoDB_20120810.Scan",
    b"DynamoDB_20120810.TransactGetItems",
    b"DynamoDBStreams_20120810.GetRecords",
    b"DynamoDBStreams_20120810.GetShardIterator",
    b"DynamoDBStreams_20120810.DescribeStream",
    b"DynamoDBStreams_20120810.ListStreams",
];

/// An operation that reads, as its place among all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Read(pub(crate) usize);

impl Read {
    pub(crate) const KINDS: usize = TARGETS.len();

    /// The read that a value of `x-amz-target` asks for, if it is one.
    pub(crate) fn of(target: &[u8]) -> Option<Self> {
        TARGETS.iter().position(|read| *read == target).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_read_is_a_kind_of_its_own() {
        let core = "GetItem Query BatchGetItem Scan TransactGetItems";
        let streams = "GetRecords GetShardIterator DescribeStream ListStreams";
        let of = |service, operations: &str| {
            let targets =
                operations.split(' ').map(move |operation| format!("{service}.{operation}"));
            targets.map(|target| Read::of(target.as_bytes()).map(|read| read.0)).collect::<Vec<_>>()
        };
        assert_eq!(of("DynamoDB_20120810", core), [0, 1, 2, 3, 4].map(Some));
        assert_eq!(of("DynamoDBStreams_20120810", streams), [5, 6, 7, 8].map(Some));
        assert_eq!(Read::KINDS, 9);
    }

    #[test]
    fn nothing_else_is_a_read() {
        for target in [
            "",
            "GetItem",
            "DynamoDB_20120810",
            "DynamoDB_20120810.",
            // Writes, and what may be one.
            "DynamoDB_20120810.PutItem",
            "DynamoDB_20120810.UpdateItem",
            "DynamoDB_20120810.DeleteItem",
            "DynamoDB_20120810.BatchWriteItem",
            "DynamoDB_20120810.TransactWriteItems",
            "DynamoDB_20120810.CreateTable",
            "DynamoDB_20120810.ExecuteStatement",
            "DynamoDB_20120810.BatchExecuteStatement",
            "DynamoDB_20120810.ExecuteTransaction",
            // Near misses.
            "DynamoDB_20120810.GetItems",
            "DynamoDB_20120810.GetIte",
            "DynamoDB_20120810.getitem",
            "dynamodb_20120810.GetItem",
            "DynamoDB_20120811.GetItem",
            " DynamoDB_20120810.GetItem",
            "DynamoDB_20120810.GetItem ",
            "DynamoDB_20120810.GetRecords",
            "DynamoDBStreams_20120810.GetItem",
            "Kinesis_20131202.GetRecords",
        ] {
            assert_eq!(Read::of(target.as_bytes()), None, "{target:?}");
        }
    }
}
