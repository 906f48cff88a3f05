//! Table lookups: they read what is known of a table from the cluster, with the identity of a
//! client that uses the table.
//!
//! All requests of a lookup go to one node, which holds what they ask for in memory. If it fails,
//! the next lookup goes to another.

mod replicas;
pub(crate) mod responses;
pub(crate) mod rows;
mod session;
mod steps;

use std::sync::Arc;

use tokio::time::timeout;

use crate::balance::moment::Moment;
use crate::balance::policy::Candidate;
use crate::cluster::Cluster;
use crate::cluster::node::Node;
use crate::config::Config;
use crate::tables::{Claim, LOOKUP_TIMEOUT, LookupPermit, Table, Tables, Timing};
use replicas::ReplicaLookup;
pub(crate) use responses::error_name;
pub(crate) use session::SignAs;
use session::{LookupError, Session};
use steps::Lookup;

/// A lookup of one table. A request carries it to the connector as an extension, which runs it in
/// the background.
#[derive(Clone, Debug)]
pub(crate) struct TableLookup {
    pub(crate) table: Arc<Table>,
    /// From [`Table::begin_lookup`].
    pub(crate) claim: Claim,
    pub(crate) client: Arc<dyn SignAs>,
    /// Held until the lookup has ended.
    pub(crate) permit: LookupPermit,
}

impl TableLookup {
    /// Looks up the table and records the result there.
    pub(crate) async fn run(self, cluster: Arc<Cluster>, tables: Arc<Tables>, config: Arc<Config>) {
        let (table, claim) = (&self.table, self.claim);
        let nodes = cluster.all_nodes();
        let Some(node) = any_node(&cluster.nodes()) else {
            return table.record_failed(claim, Moment::now(), fastrand::f64());
        };
        let session = Session {
            node: &node,
            client: &*self.client,
            timeout: config.discovery_timeout,
            warnings: &tables.warnings,
        };
        let lookup = Lookup {
            session,
            config: &config,
            replicas: ReplicaLookup {
                session,
                tables: &tables,
                listed: nodes.iter().map(|n| n.addr().ip().to_canonical()).collect(),
                changes: cluster.changes(),
            },
        };
        let begun = Moment::now();
        let found = timeout(LOOKUP_TIMEOUT, lookup.run(table)).await;
        let took = Moment::now().since(begun);
        drop(self.permit);
        let found = found.unwrap_or_else(|_| Err(LookupError::Failed("no answer in time".into())));
        let (now, random) = (Moment::now(), fastrand::f64());
        match found {
            Ok((info, freshness)) => {
                let max_age = config.clients.table_refresh_interval;
                tracing::debug!(table = table.name(), node = %node.addr(), ?took, ?freshness, "table was looked up");
                let timing = Timing { took, max_age, random };
                table.record_found(claim, info, freshness, timing, now);
            }
            Err(LookupError::NotFound) => table.record_missing(claim, now),
            Err(LookupError::Denied | LookupError::TooManyRows) => {
                tables.warnings.denied("DescribeTable");
                table.record_denied(claim, now);
            }
            Err(LookupError::Failed(error)) => {
                tracing::debug!(table = table.name(), node = %node.addr(), %error, "table could not be looked up");
                table.record_failed(claim, now, random);
            }
        }
    }
}

/// Returns a random node of those that serve, or of all if none does.
fn any_node(nodes: &[Arc<Node>]) -> Option<Arc<Node>> {
    let serving: Vec<_> = nodes.iter().filter(|node| node.serves()).collect();
    fastrand::choice(serving).or_else(|| fastrand::choice(nodes)).cloned()
}
