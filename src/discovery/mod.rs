//! Which nodes are in the cluster: a regular survey of the nodes themselves.

use std::time::Duration;

mod ask;
#[cfg(feature = "dynamodb_config")]
mod compression_probe;
mod contacts;
pub(crate) mod localnodes;
mod names;
mod recovery;
mod refresh;
mod refresher;
mod survey;

pub(crate) use ask::ask;
#[cfg(feature = "dynamodb_config")]
pub(crate) use compression_probe::{CompressionProbe, understands_compression};
pub(crate) use contacts::Contacts;
pub(crate) use refresh::seed_nodes;
pub(crate) use refresher::Refresher;

/// How long a refresh waits for the slower of several contacts after the first response. A slow
/// query goes on in the background, and its response is used in the next refresh.
const GRACE: Duration = Duration::from_millis(250);
