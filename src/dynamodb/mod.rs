//! What a DynamoDB request says of itself in its head, without I/O.

pub(crate) mod host;
pub(crate) mod operation;
pub(crate) mod read;
