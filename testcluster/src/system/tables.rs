//! The tables of tokens and nodes, as one node shows them.

use std::collections::BTreeSet;

use serde_json::json;

use super::cell::{Cell, Kind};
use super::rows::{Column, Contents, Row, column};
use crate::tokens::{Host, Replica, Spread, State, Table};
use crate::version::Version;

/// What the tables are made from: the node that is queried, and what it knows.
pub(crate) struct Source<'a> {
    pub(crate) state: &'a State,
    pub(crate) version: Version,
    pub(crate) node: u64,
    pub(crate) port: u16,
    /// How new tables are spread.
    pub(crate) spread: Spread,
    pub(crate) write_isolation: &'a str,
    pub(crate) enforces_authorization: bool,
}

const RING: [Column; 3] = [
    column("table_name", Kind::Text),
    column("start_token", Kind::Text),
    column("endpoint", Kind::Inet),
];
const LAST_TOKEN: [Column; 1] = [column("last_token", Kind::Bigint)];
const TABLE_NAME: [Column; 1] = [column("table_name", Kind::Text)];
const KEYSPACE: Column = column("keyspace_name", Kind::Text);

fn keyspace(table: &str) -> Cell {
    Cell::text(format!("alternator_{table}"))
}

impl Source<'_> {
    /// Returns the table of this name, such as `system.local`; `None` where the release has no such
    /// table. Partitions other than `partition` may be left out.
    pub(crate) fn contents(&self, name: &str, partition: Option<&str>) -> Option<Contents> {
        let contents = match name {
            "system.token_ring" => self.token_ring(partition),
            "system.tablets" if self.version.has_tablets() => {
                Contents::new(column("table_id", Kind::Uuid), &LAST_TOKEN, self.tablets(partition))
            }
            "system.local" => Contents::new(column("key", Kind::Text), &[], self.local()),
            "system.peers" => Contents::new(column("peer", Kind::Inet), &[], self.peers()),
            "system.config" => Contents::new(column("name", Kind::Text), &[], self.config()),
            "system_schema.keyspaces" => Contents::new(KEYSPACE, &[], self.keyspaces()),
            "system_schema.scylla_keyspaces" => {
                Contents::new(KEYSPACE, &[], self.scylla_keyspaces())
            }
            "system_schema.tables" => Contents::new(KEYSPACE, &TABLE_NAME, self.tables()),
            _ => return None,
        };
        Some(contents)
    }

    fn token_ring(&self, partition: Option<&str>) -> Contents {
        let mut rows = Vec::new();
        for (name, table) in &self.state.tables {
            let is_wanted = |wanted: &str| wanted.strip_prefix("alternator_") == Some(name);
            if partition.is_none_or(is_wanted) {
                self.ring_of(name, table, &mut rows);
            }
        }
        // Before tablets, a keyspace had one ring, and the table had no column for tables.
        let clustering = if self.version.has_tablets() { &RING[..] } else { &RING[1..] };
        Contents::new(KEYSPACE, clustering, rows)
    }

    fn ring_of(&self, name: &str, table: &Table, rows: &mut Vec<Row>) {
        let Some(mapped) = self.state.mapped(name) else {
            return;
        };
        for (at, range) in mapped.map.ranges.iter().enumerate() {
            let (start, table_name) = match table.spread {
                Spread::Tablets(_) => (mapped.map.line_start(at), name),
                Spread::Vnodes => (mapped.map.ring_start(at), "<ALL>"),
            };
            for replica in &range.replicas {
                let host = &self.state.hosts[&replica.node];
                let mut row = vec![
                    ("keyspace_name", keyspace(name)),
                    ("start_token", Cell::text(start)),
                    ("endpoint", Cell::text(host.internal)),
                    ("end_token", Cell::text(range.last)),
                    ("dc", Cell::text(&host.datacenter)),
                    ("rack", Cell::text(&host.rack)),
                ];
                if self.version.has_tablets() {
                    row.push(("table_name", Cell::text(table_name)));
                }
                rows.push(Row(row));
            }
        }
    }

    fn tablets(&self, partition: Option<&str>) -> Vec<Row> {
        let mut rows = Vec::new();
        for (name, table) in &self.state.tables {
            let is_tablets = matches!(table.spread, Spread::Tablets(_));
            if !is_tablets || partition.is_some_and(|wanted| wanted != table.id) {
                continue;
            }
            let mut common = vec![
                ("table_id", Cell::text(&table.id)),
                ("keyspace_name", keyspace(name)),
                ("table_name", Cell::text(name)),
                ("resize_seq_number", Cell::text(0)),
                ("resize_type", Cell::text("none")),
            ];
            if let Some(base) = table.base.as_ref().and_then(|base| self.state.tables.get(base)) {
                // Only the static columns.
                common.push(("base_table", Cell::text(&base.id)));
                rows.push(Row(common));
                continue;
            }
            common.push(("tablet_count", Cell::text(table.map.ranges.len())));
            for range in &table.map.ranges {
                let mut row = common.clone();
                row.push(("last_token", Cell::text(range.last)));
                row.push(("replicas", self.replicas(&range.replicas)));
                if let Some(moves_to) = &range.moves_to {
                    row.push(("new_replicas", self.replicas(moves_to)));
                    row.push(("stage", Cell::text("streaming")));
                    row.push(("transition", Cell::text("migration")));
                }
                rows.push(Row(row));
            }
        }
        rows
    }

    /// A list of pairs of host and shard.
    fn replicas(&self, replicas: &[Replica]) -> Cell {
        Cell::list(replicas.iter().map(|replica| {
            let host = &self.state.hosts[&replica.node];
            format!("{}:{}", host.id, replica.shard)
        }))
    }

    /// Only the queried node.
    fn local(&self) -> Vec<Row> {
        let row = |host: &Host| {
            let mut row = vec![
                ("key", Cell::text("local")),
                ("broadcast_address", Cell::text(host.internal)),
                ("listen_address", Cell::text(host.internal)),
                ("bootstrapped", Cell::text("COMPLETED")),
                ("cluster_name", Cell::text("Test Cluster")),
                ("partitioner", Cell::text("org.apache.cassandra.dht.Murmur3Partitioner")),
            ];
            row.extend(of_host(host));
            Row(row)
        };
        self.state.hosts.get(&self.node).map(row).into_iter().collect()
    }

    /// Every node except the queried one.
    fn peers(&self) -> Vec<Row> {
        let row = |host: &Host| {
            let mut row = vec![("peer", Cell::text(host.internal))];
            row.extend(of_host(host));
            Row(row)
        };
        self.state
            .hosts
            .iter()
            .filter(|(node, _)| **node != self.node)
            .map(|(_, host)| row(host))
            .collect()
    }

    /// The options that concern clients. Values are JSON, so that strings stand in quotes.
    fn config(&self) -> Vec<Row> {
        let mode = match self.spread {
            Spread::Tablets(_) => "enabled",
            Spread::Vnodes => "disabled",
        };
        [
            ("alternator_enforce_authorization", "bool", json!(self.enforces_authorization)),
            ("alternator_port", "integer", json!(self.port)),
            ("alternator_write_isolation", "string", json!(self.write_isolation)),
            ("tablets_mode_for_new_keyspaces", "string", json!(mode)),
        ]
        .map(|(name, kind, value)| {
            Row(vec![
                ("name", Cell::text(name)),
                ("source", Cell::text("config")),
                ("type", Cell::text(kind)),
                ("value", Cell::text(value)),
            ])
        })
        .into()
    }

    fn keyspaces(&self) -> Vec<Row> {
        let datacenters: BTreeSet<_> =
            self.state.hosts.values().map(|host| &host.datacenter).collect();
        let row = |(name, table): (&String, &Table)| {
            let class = "org.apache.cassandra.locator.NetworkTopologyStrategy";
            let factors =
                datacenters.iter().map(|name| ((*name).clone(), table.factor.to_string()));
            let class = ("class".to_owned(), class.to_owned());
            Row(vec![
                ("keyspace_name", keyspace(name)),
                ("durable_writes", Cell::Boolean(true)),
                ("replication", Cell::map(std::iter::once(class).chain(factors))),
            ])
        };
        self.state.tables.iter().map(row).collect()
    }

    /// Only keyspaces that have tablets have a row.
    fn scylla_keyspaces(&self) -> Vec<Row> {
        self.state
            .tables
            .iter()
            .filter_map(|(name, table)| match table.spread {
                Spread::Tablets(count) => Some(Row(vec![
                    ("keyspace_name", keyspace(name)),
                    ("initial_tablets", Cell::text(count)),
                ])),
                Spread::Vnodes => None,
            })
            .collect()
    }

    fn tables(&self) -> Vec<Row> {
        let row = |(name, table): (&String, &Table)| {
            Row(vec![
                ("keyspace_name", keyspace(name)),
                ("table_name", Cell::text(name)),
                ("id", Cell::text(&table.id)),
            ])
        };
        self.state.tables.iter().map(row).collect()
    }
}

/// The columns that both tables of nodes have.
fn of_host(host: &Host) -> Vec<(&'static str, Cell)> {
    vec![
        ("data_center", Cell::text(&host.datacenter)),
        ("host_id", Cell::text(&host.id)),
        ("rack", Cell::text(&host.rack)),
        ("release_version", Cell::text("3.0.8")),
        ("rpc_address", Cell::text(host.address)),
        ("tokens", Cell::set(&host.tokens)),
    ]
}
