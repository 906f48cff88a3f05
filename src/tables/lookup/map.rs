//! The map of a table's replicas: its tablets, or else the ring, and the hosts that both name.

use std::sync::Arc;

use serde_json::{Value, json};

use super::one_table::{Lookup, QUERY, SCAN};
use super::session::LookupError;
use crate::balance::moment::Moment;
use crate::keys::replicas::{Hosts, Kind, Replicas, RingRange, Tablet};
use crate::tables::Freshness;

/// How the server calls the ring of all tables that have no tablets.
const ALL: &str = "<ALL>";

/// The rows that a map is made of.
enum Rows {
    Tablets(Vec<Tablet>, Freshness),
    /// With the kind of map that they make.
    Ring(Kind, Vec<RingRange>),
}

impl Rows {
    fn name_only(&self, hosts: &Hosts) -> bool {
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

    fn map(self, hosts: &Hosts) -> (Replicas, Freshness) {
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

impl Lookup<'_> {
    pub(super) async fn map(
        &self,
        name: &str,
        id: Option<&str>,
    ) -> Result<(Replicas, Freshness), LookupError> {
        let rows = self.rows(name, id).await?;
        if let Some(hosts) = self.tables.hosts(Moment::now(), self.changes)
            && rows.name_only(&hosts)
        {
            return Ok(rows.map(&hosts));
        }
        let begun = Moment::now();
        let hosts = Arc::new(self.hosts().await?);
        self.tables.looked_up(Arc::clone(&hosts), begun, self.changes);
        Ok(rows.map(&hosts))
    }

    /// The rows of the tablets. Where there are none, or they may not be read, those of the ring.
    async fn rows(&self, name: &str, id: Option<&str>) -> Result<Rows, LookupError> {
        let tablets = match id {
            Some(id) => self.tablets(id).await,
            None => Err(LookupError::NotFound),
        };
        let rings: &[_] = match self.noting(tablets, "system.tablets") {
            Ok((tablets, freshness)) if !tablets.is_empty() => {
                return Ok(Rows::Tablets(tablets, freshness));
            }
            // Rows of the table alone are its tablets, without the order that others read.
            Ok(_) | Err(LookupError::Denied) => {
                &[(Some(name), Kind::Unordered), (Some(ALL), Kind::Ring)]
            }
            // Before there were tablets, the ring was not told by tables.
            Err(LookupError::NotFound) => &[(None, Kind::Ring)],
            Err(refusal) => return Err(refusal),
        };
        for (of, kind) in rings {
            let ranges = self.noting(self.ring(name, *of).await, "system.token_ring")?;
            if !ranges.is_empty() {
                return Ok(Rows::Ring(*kind, ranges));
            }
        }
        Err(LookupError::Failed(
            "the table is neither in system.tablets nor in system.token_ring".into(),
        ))
    }

    /// Those of the table itself, or of the one whose tablets it shares.
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
        let rows = self.session.rows(QUERY, body, |row| {
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

    /// Of one table, or of all in the keyspace.
    async fn ring(&self, name: &str, of: Option<&str>) -> Result<Vec<RingRange>, LookupError> {
        let keyspace = format!("alternator_{name}");
        let mut body = json!({
            "TableName": ".scylla.alternator.system.token_ring",
            "KeyConditionExpression": "keyspace_name = :k",
            "ExpressionAttributeValues": { ":k": { "S": keyspace } },
            "ProjectionExpression": "start_token, end_token, endpoint",
        });
        if let Some(of) = of {
            body["KeyConditionExpression"] = json!("keyspace_name = :k AND table_name = :t");
            body["ExpressionAttributeValues"][":t"] = json!({ "S": of });
        }
        let mut ranges = Vec::new();
        let rows = self.session.rows(QUERY, body, |row| ranges.extend(row.ring_range()));
        rows.await?;
        Ok(ranges)
    }

    /// The node itself, and those that it knows.
    async fn hosts(&self) -> Result<Hosts, LookupError> {
        let mut hosts = Vec::new();
        for (table, internal) in [("system.local", "broadcast_address"), ("system.peers", "peer")] {
            let body: Value = json!({
                "TableName": format!(".scylla.alternator.{table}"),
                // Without tokens, of which there are 256 for each host.
                "ProjectionExpression": format!("{internal}, host_id, rpc_address, data_center, rack"),
            });
            let rows = self.session.rows(SCAN, body, |row| hosts.extend(row.host()));
            self.noting(rows.await, table)?;
        }
        Ok(Hosts::as_listed(hosts, |ip| self.listed.contains(&ip)))
    }
}
