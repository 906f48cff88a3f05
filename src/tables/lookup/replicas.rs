//! The lookup of a table's replicas: its tablets, or else the ring, and the hosts that both name.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use super::session::{LookupError, QUERY, SCAN, Session};
use crate::balance::moment::Moment;
use crate::keys::replicas::{Hosts, Kind, Replicas, RingRange, Tablet};
use crate::tables::{Freshness, Tables};

/// The table name of the ring that all tables without tablets share.
const ALL_TABLES: &str = "<ALL>";

/// The rows that replicas are built from.
enum Rows {
    Tablets(Vec<Tablet>, Freshness),
    /// With the kind of replicas that they make.
    Ring(Kind, Vec<RingRange>),
}

impl Rows {
    /// Returns whether `hosts` has all hosts that the rows name.
    fn are_covered_by(&self, hosts: &Hosts) -> bool {
        match self {
            Self::Tablets(tablets, _) => {
                let mut ids = tablets.iter().flat_map(|tablet| &tablet.replicas);
                ids.all(|(id, _)| hosts.knows(*id))
            }
            Self::Ring(_, ranges) => {
                let mut endpoints = ranges.iter().map(|range| range.endpoint);
                endpoints.all(|endpoint| hosts.knows_internal(endpoint))
            }
        }
    }

    fn build(self, hosts: &Hosts) -> (Replicas, Freshness) {
        match self {
            Self::Tablets(tablets, freshness) => {
                (Replicas::from_tablets(hosts, tablets), freshness)
            }
            Self::Ring(kind, ranges) => {
                (Replicas::from_ring(hosts, kind, ranges), Freshness::Settled)
            }
        }
    }
}

/// A lookup of replicas in one session.
#[derive(Debug)]
pub(super) struct ReplicaLookup<'a> {
    pub(super) session: Session<'a>,
    pub(super) tables: &'a Tables,
    /// The addresses of the node list.
    pub(super) listed: BTreeSet<IpAddr>,
    /// How often the node list has changed.
    pub(super) changes: u64,
}

impl ReplicaLookup<'_> {
    /// Returns the replicas of a table, and how they are expected to change.
    pub(super) async fn run(
        &self,
        name: &str,
        id: Option<&str>,
    ) -> Result<(Replicas, Freshness), LookupError> {
        let rows = self.rows(name, id).await?;
        if let Some(hosts) = self.tables.cached_hosts(Moment::now(), self.changes)
            && rows.are_covered_by(&hosts)
        {
            return Ok(rows.build(&hosts));
        }
        let begun = Moment::now();
        let hosts = Arc::new(self.hosts().await?);
        self.tables.cache_hosts(Arc::clone(&hosts), begun, self.changes);
        Ok(rows.build(&hosts))
    }

    /// Returns the rows of the tablets. If there are none, or they may not be read, returns those
    /// of the ring.
    async fn rows(&self, name: &str, id: Option<&str>) -> Result<Rows, LookupError> {
        let tablets = match id {
            Some(id) => self.tablets(id).await,
            None => Err(LookupError::NotFound),
        };
        let rings: &[_] = match self.session.warn_if_denied(tablets, "system.tablets") {
            Ok((tablets, freshness)) if !tablets.is_empty() => {
                return Ok(Rows::Tablets(tablets, freshness));
            }
            // A ring of this table alone is made of its tablets, without their order of replicas.
            Ok(_) | Err(LookupError::Denied) => {
                &[(Some(name), Kind::Unordered), (Some(ALL_TABLES), Kind::Ring)]
            }
            // Servers that have no tablets have one ring for each keyspace.
            Err(LookupError::NotFound) => &[(None, Kind::Ring)],
            Err(error) => return Err(error),
        };
        for (table, kind) in rings {
            let ranges =
                self.session.warn_if_denied(self.ring(name, *table).await, "system.token_ring")?;
            if !ranges.is_empty() {
                return Ok(Rows::Ring(*kind, ranges));
            }
        }
        Err(LookupError::Failed(
            "the table is neither in system.tablets nor in system.token_ring".into(),
        ))
    }

    /// Returns the tablets of the table, or those of the one whose tablets it shares.
    async fn tablets(&self, id: &str) -> Result<(Vec<Tablet>, Freshness), LookupError> {
        let (own, freshness, base) = self.tablets_of(id).await?;
        match base {
            Some(base) if own.is_empty() => {
                let (tablets, freshness, _) = self.tablets_of(&base).await?;
                Ok((tablets, freshness))
            }
            _ => Ok((own, freshness)),
        }
    }

    async fn tablets_of(
        &self,
        id: &str,
    ) -> Result<(Vec<Tablet>, Freshness, Option<String>), LookupError> {
        let body = json!({
            "TableName": ".scylla.alternator.system.tablets",
            "KeyConditionExpression": "table_id = :id",
            "ExpressionAttributeValues": { ":id": { "S": id } },
            "ProjectionExpression": "last_token, replicas, base_table, stage, transition",
        });
        let (mut tablets, mut freshness, mut base) = (Vec::new(), Freshness::Settled, None);
        let rows = self.session.for_each_row(QUERY, body, |row| {
            tablets.extend(row.tablet());
            if row.is_moving() {
                freshness = Freshness::Moving;
            }
            if let Some(table) = row.text("base_table") {
                base = Some(table.to_owned());
            }
        });
        rows.await?;
        Ok((tablets, freshness, base))
    }

    /// Returns the ring in the keyspace of the table `name`: that of `table` there, or that of all.
    async fn ring(&self, name: &str, table: Option<&str>) -> Result<Vec<RingRange>, LookupError> {
        let keyspace = format!("alternator_{name}");
        let mut body = json!({
            "TableName": ".scylla.alternator.system.token_ring",
            "KeyConditionExpression": "keyspace_name = :k",
            "ExpressionAttributeValues": { ":k": { "S": keyspace } },
            "ProjectionExpression": "start_token, end_token, endpoint",
        });
        if let Some(table) = table {
            body["KeyConditionExpression"] = json!("keyspace_name = :k AND table_name = :t");
            body["ExpressionAttributeValues"][":t"] = json!({ "S": table });
        }
        let mut ranges = Vec::new();
        let rows = self.session.for_each_row(QUERY, body, |row| ranges.extend(row.ring_range()));
        rows.await?;
        Ok(ranges)
    }

    /// Returns the hosts of the cluster: the node itself and its peers.
    async fn hosts(&self) -> Result<Hosts, LookupError> {
        let mut hosts = Vec::new();
        for (table, internal) in [("system.local", "broadcast_address"), ("system.peers", "peer")] {
            let body: Value = json!({
                "TableName": format!(".scylla.alternator.{table}"),
                // Not the tokens: a host has 256 of them.
                "ProjectionExpression": format!("{internal}, host_id, rpc_address, data_center, rack"),
            });
            let rows = self.session.for_each_row(SCAN, body, |row| hosts.extend(row.host()));
            self.session.warn_if_denied(rows.await, table)?;
        }
        Ok(Hosts::as_listed(hosts, |ip| self.listed.contains(&ip)))
    }
}
