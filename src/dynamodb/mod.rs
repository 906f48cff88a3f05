//! What a DynamoDB request says of itself in its head, without I/O.

#[cfg(feature = "dynamodb_config")]
pub(crate) mod access;
pub(crate) mod headers;
pub(crate) mod host;
pub(crate) mod operation;
pub(crate) mod read;
pub(crate) mod target;
