//! Who is in the cluster: asked of its nodes, again and again.

use std::time::Duration;

mod ask;
mod compression_probe;
mod contacts;
pub(crate) mod localnodes;
mod names;
mod recovery;
mod refresh;
mod refresher;
mod survey;

pub(crate) use ask::ask;
pub(crate) use compression_probe::{CompressionProbe, MISTAKEN};
pub(crate) use contacts::Contacts;
pub(crate) use refresh::seed_nodes;
pub(crate) use refresher::Refresher;

/// How long a refresh waits for the slower of several contacts once it has heard one. A slow one
/// goes on in the background and is heard in the next refresh.
const GRACE: Duration = Duration::from_millis(250);
