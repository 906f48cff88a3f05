//! Warnings that are logged once for a connector, and not for every table.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::keys::partition_key::PartitionKey;

/// Which warnings were logged already.
#[derive(Debug, Default)]
pub(crate) struct WarnOnce {
    denied: AtomicBool,
    hidden: AtomicBool,
    too_many_rows: AtomicBool,
    key_mismatch: AtomicBool,
}

impl WarnOnce {
    /// Warns that the permission to read `what` is missing.
    pub(crate) fn denied(&self, what: &str) {
        if !self.denied.swap(true, Relaxed) {
            tracing::warn!(
                what,
                "the cluster does not let this client read what requests are routed by, and some go to any node; GRANT SELECT ON \
                 system.tablets, and likewise on system.token_ring, system.local, system.peers and system.config"
            );
        }
    }

    /// Warns that the cluster has no tables to read replicas from.
    pub(crate) fn hidden(&self) {
        if !self.hidden.swap(true, Relaxed) {
            tracing::warn!(
                "the cluster does not tell where tables have their replicas, and requests go to any node; ScyllaDB does since 6.0"
            );
        }
    }

    /// Warns that a table has more tablets or vnodes than are read.
    pub(crate) fn too_many_rows(&self, table: &str) {
        if !self.too_many_rows.swap(true, Relaxed) {
            tracing::warn!(
                table,
                "the table has more tablets or vnodes than are read, and its requests go to any node; check that their number is \
                 meant, or turn off TokenAwareness, so that they are not asked for in vain"
            );
        }
    }

    /// Warns that a table has another partition key than the user has configured.
    pub(crate) fn key_mismatch(
        &self,
        table: &str,
        configured: &PartitionKey,
        found: &PartitionKey,
    ) {
        if !self.key_mismatch.swap(true, Relaxed) {
            tracing::warn!(
                table,
                ?configured,
                ?found,
                "the partition key is another than is configured; check ConnectorBuilder::table_partition_key"
            );
        }
    }
}
