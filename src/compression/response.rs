//! What users choose for the bodies of answers.

use super::Encoding;

/// DynamoDB answers with 16 MB of items at most (BatchGetItem), and no attribute takes more than
/// nine times its size in JSON: the worst is one of a single letter that is null, 2 bytes that
/// become the 17 of `"a":{"NULL":true}`.
const MAX_SIZE: usize = 160 << 20;

/// Whether nodes may compress their answers, and how. Default: [`off`](Self::off).
///
/// Servers compress answers of 4 KiB and more, unless they are configured otherwise, since ScyllaDB
/// 2026.1; earlier ones ignore the wish. It costs a request 23 to 32 bytes to say so.
///
/// It is an interceptor of the SDK, too, so that single operations can have their own:
///
/// ```
/// # async fn example(client: aws_sdk_dynamodb::Client) -> Result<(), aws_sdk_dynamodb::Error> {
/// use alternator_connector::ResponseCompression;
///
/// client.scan().table_name("events").customize().interceptor(ResponseCompression::gzip()).send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseCompression {
    accepted: &'static [Encoding],
    max_size: usize,
}

impl ResponseCompression {
    fn with(accepted: &'static [Encoding]) -> Self {
        Self { accepted, max_size: MAX_SIZE }
    }

    /// Answers come as they are, and whatever comes is left alone.
    pub fn off() -> Self {
        Self::with(&[])
    }

    /// Answers may be compressed with gzip.
    pub fn gzip() -> Self {
        Self::with(&[Encoding::Gzip])
    }

    /// Answers may be compressed with deflate, in the zlib format.
    pub fn deflate() -> Self {
        Self::with(&[Encoding::Deflate])
    }

    /// Answers may be compressed with gzip or deflate, at the node's choice.
    pub fn on() -> Self {
        Self::with(&[Encoding::Gzip, Encoding::Deflate])
    }

    /// The most bytes that an answer may have once it is decompressed; one that has more is an
    /// error ([`DecompressionError::TooLarge`](crate::DecompressionError::TooLarge)). Default: 160
    /// MiB, more than any answer of 16 MB of items.
    pub fn max_size(mut self, bytes: usize) -> Self {
        self.max_size = bytes;
        self
    }

    pub(crate) fn limit(&self) -> usize {
        self.max_size
    }

    /// The value of `accept-encoding`, if there is to be any.
    pub(crate) fn accept_encoding(&self) -> Option<&'static str> {
        match self.accepted {
            [] => None,
            [encoding] => Some(encoding.name()),
            _ => Some("gzip, deflate"),
        }
    }

    pub(crate) fn accepts(&self, encoding: Encoding) -> bool {
        self.accepted.contains(&encoding)
    }
}

impl Default for ResponseCompression {
    fn default() -> Self {
        Self::off()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_what_is_accepted() {
        let cases = [
            (ResponseCompression::off(), None, false, false),
            (ResponseCompression::gzip(), Some("gzip"), true, false),
            (ResponseCompression::deflate(), Some("deflate"), false, true),
            (ResponseCompression::on(), Some("gzip, deflate"), true, true),
        ];
        for (options, header, gzip, deflate) in cases {
            assert_eq!(options.accept_encoding(), header);
            assert_eq!(options.accepts(Encoding::Gzip), gzip);
            assert_eq!(options.accepts(Encoding::Deflate), deflate);
        }
        assert_eq!(ResponseCompression::default(), ResponseCompression::off());
    }
}
