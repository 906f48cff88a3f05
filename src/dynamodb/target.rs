//! Which requests are DynamoDB's, by the header that names the operation.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that says which operation a request is for.
pub(crate) const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// Whether a request is DynamoDB's, and so for the cluster.
pub(crate) fn is_dynamodb(target: Option<&[u8]>) -> bool {
    target.is_some_and(|t| {
        t.starts_with(b"DynamoDB_20120810.") || t.starts_with(b"DynamoDBStreams_20120810.")
    })
}

/// Whether the headers say that a request is DynamoDB's.
pub(crate) fn has_dynamodb_target(headers: &HeaderMap) -> bool {
    is_dynamodb(headers.get(TARGET).map(HeaderValue::as_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_dynamodb_services_are_ours() {
        assert!(is_dynamodb(Some(b"DynamoDB_20120810.GetItem")));
        assert!(is_dynamodb(Some(b"DynamoDBStreams_20120810.GetRecords")));
        for other in [
            &b"DynamoDB_20120810"[..],
            b"",
            b"AWSSecurityTokenService.X",
            b"dynamodb_20120810.GetItem",
        ] {
            assert!(!is_dynamodb(Some(other)));
        }
        assert!(!is_dynamodb(None));
    }
}
