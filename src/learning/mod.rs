//! Learns what is to be known of a table, from the cluster itself and in the name of a client that uses the table.
//!
//! All that is asked of one node, which holds what is asked for in memory. Where it fails, the next lesson asks another.

mod asking;
mod description;
mod lookup;
mod map;
mod rows;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use tokio::time::timeout;

use crate::cluster::Cluster;
use crate::config::Config;
use crate::error::BoxError;
use crate::moment::Moment;
use crate::node::Node;
use crate::policy::Candidate;
use crate::table::{LOOKUP, Table, Tables, Turn};
use asking::{Asking, Refusal};
pub(crate) use description::error_name;
use lookup::Lookup;

/// Completes a request that has a body and the header `x-amz-target`, in the name of a client: its address, what it says of
/// itself, and its signature.
pub(crate) trait Complete: fmt::Debug + Send + Sync {
    /// # Errors
    ///
    /// Where the request cannot be signed.
    fn complete(&self, request: &mut Request<Bytes>) -> Result<(), BoxError>;
}

/// One lookup of one table, which is asked for by a request and made in the background. Carried by that request as an extension,
/// once [`Table::begin`] has said yes.
#[derive(Clone, Debug)]
pub(crate) struct Lesson {
    pub(crate) table: Arc<Table>,
    pub(crate) client: Arc<dyn Complete>,
    /// Held until the lookup has ended.
    pub(crate) turn: Turn,
}

impl Lesson {
    /// Looks the table up, and tells it what was found or when to ask again.
    pub(crate) async fn give(
        self,
        cluster: Arc<Cluster>,
        tables: Arc<Tables>,
        config: Arc<Config>,
    ) {
        let (table, begun) = (&self.table, Moment::now());
        let Some(node) = any(&cluster.nodes()) else {
            return table.failed(Moment::now(), fastrand::f64());
        };
        let lookup = Lookup {
            asking: Asking {
                node: &node,
                client: &*self.client,
                limit: config.discovery_timeout,
            },
            tables: &tables,
            config: &config,
            changes: cluster.changes(),
        };
        let found = timeout(LOOKUP, lookup.table(table)).await;
        drop(self.turn);
        let found = found.unwrap_or_else(|_| Err(Refusal::Failed("no answer in time".into())));
        let (now, random) = (Moment::now(), fastrand::f64());
        match found {
            Ok((known, outlook)) => {
                let longest = config.token_awareness.refresh_interval;
                let took = now.since(begun);
                tracing::debug!(table = table.name(), node = %node.addr(), ?took, ?outlook, "table was looked up");
                table.learned(known, outlook, took, longest, now, random);
            }
            Err(Refusal::NotFound) => table.absent(now),
            Err(Refusal::Denied | Refusal::TooLong) => {
                tables.said.denied("DescribeTable");
                table.refused(now);
            }
            Err(Refusal::Failed(error)) => {
                tracing::debug!(table = table.name(), node = %node.addr(), %error, "table could not be looked up");
                table.failed(now, random);
            }
        }
    }
}

/// Any of the nodes that serve; any at all if none does.
fn any(nodes: &[Arc<Node>]) -> Option<Arc<Node>> {
    let serving: Vec<_> = nodes.iter().filter(|node| node.serves()).collect();
    let chosen = fastrand::choice(serving).or_else(|| fastrand::choice(nodes));
    chosen.cloned()
}
