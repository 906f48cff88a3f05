//! Counters of a node. They are always on, as they are cheap.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::sync::lock;

/// What a node has counted since the cluster started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Connections accepted.
    pub connections: u64,
    /// Connections open now.
    pub open: u64,
    /// TLS handshakes that resumed an earlier session.
    pub tls_resumed: u64,
    /// Requests whose head arrived: by operation, or by method and path for those outside the
    /// DynamoDB API.
    pub requests: BTreeMap<String, u64>,
    /// Requests that the store executed, successfully or not.
    pub executed: u64,
    /// The same by operation.
    pub executed_by_operation: BTreeMap<String, u64>,
    /// Keys of requests that the node holds itself, by the tables' own keys: one for each of a
    /// batch.
    pub replica_hits: u64,
    /// Keys of requests that only other nodes hold.
    pub hops: u64,
    /// Lightweight transactions: one for each key.
    pub lwt: u64,
    /// Of those, how many met one of another node on the same partition. Counted where the cluster
    /// has a contention window.
    pub contended: u64,
    /// Requests being read, executed or held back now.
    pub in_flight: u64,
    /// Bytes read from sockets.
    pub bytes_in: u64,
    /// Bytes written to sockets.
    pub bytes_out: u64,
}

impl Stats {
    /// How many requests of an operation, or of a method and path such as `GET /localnodes`,
    /// arrived.
    pub fn requests_of(&self, operation: &str) -> u64 {
        self.requests.get(operation).copied().unwrap_or(0)
    }

    /// How many requests of the DynamoDB API arrived.
    pub fn data_requests(&self) -> u64 {
        self.requests.iter().filter(|(name, _)| !name.contains(' ')).map(|(_, count)| count).sum()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) connections: AtomicU64,
    pub(crate) open: AtomicU64,
    pub(crate) tls_resumed: AtomicU64,
    pub(crate) bytes_in: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
    pub(crate) replica_hits: AtomicU64,
    pub(crate) hops: AtomicU64,
    pub(crate) lwt: AtomicU64,
    pub(crate) contended: AtomicU64,
    requests: Mutex<BTreeMap<String, u64>>,
    executed: Mutex<BTreeMap<String, u64>>,
}

impl Counters {
    pub(crate) fn requested(&self, name: &str) {
        count(&self.requests, name);
    }

    pub(crate) fn executed(&self, operation: &str) {
        count(&self.executed, operation);
    }

    pub(crate) fn snapshot(&self, in_flight: usize) -> Stats {
        let executed_by_operation = lock(&self.executed).clone();
        Stats {
            connections: self.connections.load(Relaxed),
            open: self.open.load(Relaxed),
            tls_resumed: self.tls_resumed.load(Relaxed),
            requests: lock(&self.requests).clone(),
            executed: executed_by_operation.values().sum(),
            executed_by_operation,
            replica_hits: self.replica_hits.load(Relaxed),
            hops: self.hops.load(Relaxed),
            lwt: self.lwt.load(Relaxed),
            contended: self.contended.load(Relaxed),
            in_flight: in_flight as u64,
            bytes_in: self.bytes_in.load(Relaxed),
            bytes_out: self.bytes_out.load(Relaxed),
        }
    }
}

fn count(counts: &Mutex<BTreeMap<String, u64>>, name: &str) {
    let mut counts = lock(counts);
    // Looked up first, because an entry would need an owned name for every request.
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => {
            counts.insert(name.to_owned(), 1);
        }
    }
}
