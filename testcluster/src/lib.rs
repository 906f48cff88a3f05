//! An embedded multi-node ScyllaDB Alternator.

mod compression;
mod error;
mod sigv4;
mod store;

pub use error::ApiError;
