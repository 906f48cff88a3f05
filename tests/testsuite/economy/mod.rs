//! The SDK's clients with the connector's configuration: nodes accept everything that they send,
//! whatever the options are, what is on the wire is exactly what the pages say, and what users do
//! with the SDK goes on working.

mod accepted;
mod clients;
mod customized;
mod drop_in;
mod heads;
mod interceptors;
mod operations;
mod options;
mod other_services;
mod retries;

use alternator_testcluster::{Builder, Cluster};

use crate::support::USER;

/// A cluster of three nodes that accepts what [`USER`] has signed, and nothing else.
fn enforcing() -> Builder {
    Cluster::builder().nodes(3).auth(USER.0, USER.1)
}
