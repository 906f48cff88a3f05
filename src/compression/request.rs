//! What users choose for the bodies of requests.

use super::{CompressionLevel, Encoding};

/// Whether the bodies of requests are compressed, and how. Default: [`off`](Self::off).
///
/// A body is compressed if it has [`min_size`](Self::min_size) bytes, if that makes the request
/// smaller, and only while every node is known to understand it, which ScyllaDB does since 2026.1.
/// Nodes are asked with the first request that could be compressed, which is not delayed by it, and
/// those that do not understand are asked again every minute.
///
/// It is an interceptor of the SDK, too, so that single operations can have their own:
///
/// ```
/// # async fn example(client: aws_sdk_dynamodb::Client) -> Result<(), aws_sdk_dynamodb::Error> {
/// use alternator_connector::RequestCompression;
///
/// client.put_item().table_name("photos").customize().interceptor(RequestCompression::off()).send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RequestCompression {
    encoding: Option<Encoding>,
    level: CompressionLevel,
    min_size: usize,
}

impl RequestCompression {
    fn with(encoding: Option<Encoding>) -> Self {
        Self { encoding, level: CompressionLevel::DEFAULT, min_size: 1024 }
    }

    /// Requests are sent as they are.
    pub fn off() -> Self {
        Self::with(None)
    }

    /// Requests are compressed with gzip.
    pub fn gzip() -> Self {
        Self::with(Some(Encoding::Gzip))
    }

    /// Requests are compressed with deflate, in the zlib format, which is 12 bytes shorter than
    /// gzip.
    pub fn deflate() -> Self {
        Self::with(Some(Encoding::Deflate))
    }

    /// How hard to compress. Default: [`CompressionLevel::DEFAULT`].
    pub fn level(mut self, level: CompressionLevel) -> Self {
        self.level = level;
        self
    }

    /// The size in bytes from which a body is compressed. Default: 1,024, as a smaller one goes
    /// into a single packet with its head anyway, and saving a byte of it takes twice the time or
    /// more.
    pub fn min_size(mut self, bytes: usize) -> Self {
        self.min_size = bytes;
        self
    }

    /// What a body of this size is compressed to, if it is.
    pub(crate) fn applies(&self, size: usize) -> Option<(Encoding, CompressionLevel)> {
        let encoding = self.encoding.filter(|_| size >= self.min_size);
        encoding.map(|encoding| (encoding, self.level))
    }
}

impl Default for RequestCompression {
    fn default() -> Self {
        Self::off()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_compressed_from_the_least_size_on() {
        let gzip = RequestCompression::gzip().min_size(10).level(CompressionLevel::SMALLEST);
        assert_eq!(gzip.applies(9), None);
        assert_eq!(gzip.applies(10), Some((Encoding::Gzip, CompressionLevel::SMALLEST)));
        assert_eq!(RequestCompression::off().min_size(0).applies(10), None);
        assert_eq!(RequestCompression::default(), RequestCompression::off());
    }
}
