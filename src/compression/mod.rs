//! Fewer bytes on the wire: what users choose, and how bodies are compressed and decompressed.

mod body;
pub(crate) mod decode;
mod encode;
mod encoding;
mod level;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub(crate) use body::Decoded;
pub use decode::DecompressionError;
pub(crate) use encode::encode;
pub(crate) use encoding::Encoding;
pub use level::CompressionLevel;
pub use request::RequestCompression;
pub use response::ResponseCompression;

/// Marks requests that were compressed here, and the answers to them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compressed;
