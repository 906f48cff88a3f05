//! Coordination of a request: its cost, by whether the node holds the keys and whether other nodes
//! write to them, and the header that names the keys' replicas.

use std::sync::atomic::Ordering::Relaxed;

use serde_json::Value;
use tokio::time::sleep;

use super::contention::{Conflict, Contention, Transaction};
use super::state::NodeState;
use crate::error::ApiError;
use crate::tokens::{Access, Range, State, Table};

/// The reply's header that names the replicas of a key.
pub(crate) const ROUTING: &str = "X-Scylla-Alternator-Routing-V1";

/// A node as the coordinator of requests.
pub(crate) struct Coordinator<'a>(pub(crate) &'a NodeState);

/// A request for keys while it is executed.
#[derive(Default)]
pub(crate) struct Coordination<'a> {
    /// The value of [`ROUTING`], if the node does not hold the key.
    pub(crate) routing: Option<String>,
    _transactions: Vec<Transaction<'a>>,
}

impl<'a> Coordinator<'a> {
    /// Counts the request's hits, hops and transactions, and waits as long as they cost.
    ///
    /// # Errors
    ///
    /// Where the table's write isolation forbids the request, or a contended transaction times out.
    pub(crate) async fn coordinate(
        &self,
        operation: &str,
        request: &Value,
    ) -> Result<Coordination<'a>, ApiError> {
        let Survey { accesses, hits, hops, routing } = self.survey(operation, request)?;
        let counters = &self.0.counters;
        counters.replica_hits.fetch_add(hits, Relaxed);
        counters.hops.fetch_add(hops, Relaxed);
        let hop_cost = self.0.cluster.settings.hop_cost;
        if hops > 0 && !hop_cost.is_zero() {
            sleep(hop_cost).await;
        }
        let contention: &'a Contention = &self.0.cluster.contention;
        let mut worst = Conflict::None;
        let mut transactions = Vec::new();
        for access in accesses.iter().filter(|access| access.is_transaction) {
            counters.lwt.fetch_add(1, Relaxed);
            let begun = contention.begin(self.0.addr, access.table, access.token);
            let Some((transaction, conflict)) = begun else {
                continue;
            };
            transactions.push(transaction);
            if conflict != Conflict::None {
                counters.contended.fetch_add(1, Relaxed);
            }
            match conflict {
                Conflict::Failure => return Err(timed_out(access.table)),
                Conflict::Retry => worst = Conflict::Retry,
                Conflict::None => {}
            }
        }
        if worst == Conflict::Retry {
            sleep(contention.retry()).await;
        }
        Ok(Coordination { routing, _transactions: transactions })
    }

    fn survey<'r>(&self, operation: &str, request: &'r Value) -> Result<Survey<'r>, ApiError> {
        let tokens = &self.0.cluster.tokens;
        let state = tokens.read();
        let accesses = Access::all(&state, tokens.defaults.isolation, operation, request)?;
        let (mut hits, mut hops) = (0, 0);
        let mut routing = None;
        for access in &accesses {
            let table = state.mapped(access.table);
            let found = table.and_then(|table| Some((table, table.map.of(access.token)?)));
            // A table that shares the tablets of a deleted one has no replicas.
            let Some((table, range)) = found else {
                continue;
            };
            if range.is_on(self.0.id) {
                hits += 1;
            } else {
                hops += 1;
                routing = Some(self.routing(&state, table, range));
            }
        }
        let tells = self.0.cluster.settings.routing_header
            && matches!(operation, "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" | "Query");
        Ok(Survey { accesses, hits, hops, routing: routing.filter(|_| tells) })
    }

    /// Returns the bounds of the range, and the addresses of its replicas in this node's
    /// datacenter.
    fn routing(&self, state: &State, table: &Table, range: &Range) -> String {
        let at = table.map.ranges.partition_point(|other| other.last < range.last);
        let mut header = format!("{},{}", table.map.line_start(at), range.last);
        let here = state.hosts.get(&self.0.id).map(|host| &host.datacenter);
        let replicas = range.replicas.iter();
        for host in replicas.map(|replica| &state.hosts[&replica.node]) {
            if Some(&host.datacenter) == here {
                header.push_str(&format!(",{}", host.address));
            }
        }
        header
    }
}

/// The keys of a request, and how many of them this node holds.
struct Survey<'r> {
    accesses: Vec<Access<'r>>,
    hits: u64,
    hops: u64,
    routing: Option<String>,
}

/// The ambiguous end of a contended transaction.
fn timed_out(table: &str) -> ApiError {
    ApiError::internal(format!(
        "Internal server error: exceptions::mutation_write_timeout_exception (Operation timed out for \
             alternator_{table}.{table} - received only 1 responses from 2 CL=LOCAL_SERIAL.)"
    ))
}
