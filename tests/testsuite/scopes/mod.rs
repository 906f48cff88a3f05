//! Requests stay in the part of the cluster that they were given, and leave it only as they were
//! told to.

mod around;
mod boundary;
mod checks;
mod fallback;
mod names;
mod runtimes;
mod unknown;

use std::time::Duration;

use alternator_connector::{AlternatorConnector, ConnectorBuilder};
use alternator_testcluster::{Cluster, Node};

use crate::support::{USER, logs};

/// Two racks in each of two datacenters, with two nodes each: 0 to 3 in `dc1`, 4 to 7 in `dc2`.
fn cluster() -> Cluster {
    Cluster::builder()
        .rack("dc1", "r1", 2)
        .rack("dc1", "r2", 2)
        .rack("dc2", "r1", 2)
        .rack("dc2", "r2", 2)
        .auth(USER.0, USER.1)
        .start()
        .unwrap()
}

/// Two racks of a datacenter, with two nodes each.
fn two_racks() -> alternator_testcluster::Builder {
    Cluster::builder().rack("dc1", "r1", 2).rack("dc1", "r2", 2).auth(USER.0, USER.1)
}

/// A connector that refreshes often, and does not wait long for anyone.
fn connector_from<'a>(seeds: impl IntoIterator<Item = &'a Node>) -> ConnectorBuilder {
    logs::capture_logs();
    AlternatorConnector::builder()
        .seeds(seeds.into_iter().map(Node::url))
        .active_refresh_interval(Duration::from_millis(20))
        .discovery_timeout(Duration::from_secs(2))
}

/// A connector that refreshes only when it is told to.
fn refreshing_on_demand_from<'a>(seeds: impl IntoIterator<Item = &'a Node>) -> ConnectorBuilder {
    connector_from(seeds).active_refresh_interval(Duration::from_secs(3600))
}
