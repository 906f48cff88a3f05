//! Learns what is to be known of a table, from the cluster itself and in the name of a client that
//! uses the table.
//!
//! All that is asked of one node, which holds what is asked for in memory. Where it fails, the next
//! lesson asks another.

mod description;
mod map;
mod one_table;
mod rows;
mod session;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use tokio::time::timeout;

use crate::balance::moment::Moment;
use crate::balance::policy::Candidate;
use crate::cluster::Cluster;
use crate::cluster::node::Node;
use crate::config::Config;
use crate::error::BoxError;
use crate::tables::{Claim, LOOKUP, Table, Tables, Timing, Turn};
pub(crate) use description::error_name;
use one_table::Lookup;
use session::{LookupError, Session};

/// Completes a request that has a body and the header `x-amz-target`, in the name of a client: its
/// address, what it says of itself, and its signature.
pub(crate) trait SignAs: fmt::Debug + Send + Sync {
    /// # Errors
    ///
    /// Where the request cannot be signed.
    fn complete(&self, request: &mut Request<Bytes>) -> Result<(), BoxError>;
}

/// One lookup of one table, which is asked for by a request and made in the background. Carried by
/// that request as an extension, with the claim that [`Table::begin`] has given.
#[derive(Clone, Debug)]
pub(crate) struct TableLookup {
    pub(crate) table: Arc<Table>,
    pub(crate) claim: Claim,
    pub(crate) client: Arc<dyn SignAs>,
    /// Held until the lookup has ended.
    pub(crate) turn: Turn,
}

impl TableLookup {
    /// Looks the table up, and tells it what was found or when to ask again.
    pub(crate) async fn run(self, cluster: Arc<Cluster>, tables: Arc<Tables>, config: Arc<Config>) {
        let (table, claim) = (&self.table, self.claim);
        let nodes = cluster.all_nodes();
        let Some(node) = any(&cluster.nodes()) else {
            return table.failed(claim, Moment::now(), fastrand::f64());
        };
        let lookup = Lookup {
            session: Session {
                node: &node,
                client: &*self.client,
                limit: config.discovery_timeout,
            },
            tables: &tables,
            config: &config,
            listed: nodes.iter().map(|n| n.addr().ip().to_canonical()).collect(),
            changes: cluster.changes(),
        };
        let begun = Moment::now();
        let found = timeout(LOOKUP, lookup.table(table)).await;
        let took = Moment::now().since(begun);
        drop(self.turn);
        let found = found.unwrap_or_else(|_| Err(LookupError::Failed("no answer in time".into())));
        let (now, random) = (Moment::now(), fastrand::f64());
        match found {
            Ok((info, freshness)) => {
                let longest = config.token_awareness.refresh_interval;
                tracing::debug!(table = table.name(), node = %node.addr(), ?took, ?freshness, "table was looked up");
                let timing = Timing { took, longest, random };
                table.learned(claim, info, freshness, timing, now);
            }
            Err(LookupError::NotFound) => table.absent(claim, now),
            Err(LookupError::Denied | LookupError::TooLong) => {
                tables.warnings.denied("DescribeTable");
                table.refused(claim, now);
            }
            Err(LookupError::Failed(error)) => {
                tracing::debug!(table = table.name(), node = %node.addr(), %error, "table could not be looked up");
                table.failed(claim, now, random);
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
