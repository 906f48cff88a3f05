//! The connector follows the cluster: through changes, silence, and answers that cannot be
//! believed.

mod entrants;
mod hangs;
mod leaving;
mod lies;
mod names;
mod proxy;
mod rhythm;
mod seeds;
mod start;
mod witnesses;

use std::time::Duration;

use alternator_connector::{AlternatorConnector, ConnectorBuilder};
use alternator_testcluster::{Cluster, Node};

use crate::support::{USER, connector};

/// For connectors that refresh only when they are told to.
const NEVER: Duration = Duration::from_secs(3600);

fn cluster(nodes: usize) -> Cluster {
    Cluster::builder().nodes(nodes).auth(USER.0, USER.1).start().unwrap()
}

/// A connector that refreshes only when it is told to, and does not wait long for anyone.
fn refreshing_on_demand(cluster: &Cluster) -> ConnectorBuilder {
    connector(cluster).active_refresh_interval(NEVER).discovery_timeout(Duration::from_secs(2))
}

/// The same with these seeds instead.
fn refreshing_on_demand_from<'a>(seeds: impl IntoIterator<Item = &'a Node>) -> ConnectorBuilder {
    AlternatorConnector::builder()
        .seeds(seeds.into_iter().map(Node::url))
        .active_refresh_interval(NEVER)
        .discovery_timeout(Duration::from_secs(2))
}
