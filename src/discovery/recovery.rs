//! The probes that bring back nodes which are out, so that no user's request has to.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::localnodes::BODY_LIMIT;
use crate::balance::health::Down;
use crate::balance::moment::Moment;
use crate::cluster::Cluster;
use crate::cluster::exchange::{Limits, exchange_on};
use crate::cluster::node::{Node, without_zone};
use crate::config::Config;
use crate::error::{BoxError, explain};
use crate::transport::Lease;

/// Maximum number of nodes probed in parallel.
const MAX_PARALLEL: usize = 16;

/// How long to wait for an outage if no probe is due.
const MAX_WAIT: Duration = Duration::from_secs(3600);

/// Probes nodes that are out whenever a probe is due; never ends.
pub(crate) async fn watch(config: &Config, cluster: &Arc<Cluster>) {
    let mut probes = JoinSet::new();
    let mut probed: HashSet<SocketAddr> = HashSet::new();
    loop {
        let now = Moment::now();
        let mut next = MAX_WAIT;
        for node in cluster.all_nodes() {
            let Some(due) = node.health.probe_due() else {
                continue;
            };
            if due > now {
                next = next.min(due.since(now));
            } else if probed.len() < MAX_PARALLEL && probed.insert(node.addr()) {
                let cluster = Arc::clone(cluster);
                let limit = config.discovery_timeout;
                probes.spawn(async move {
                    let answered = probe(&node, limit).await;
                    conclude(&cluster, &node, answered);
                    node.addr()
                });
            }
        }
        tokio::select! {
            () = sleep(next) => {}
            () = cluster.outage() => {}
            Some(ended) = probes.join_next() => match ended {
                Ok(addr) => { probed.remove(&addr); }
                // A task that was cancelled ended with its runtime, and this one will.
                Err(_) => probed.clear(),
            },
        }
    }
}

fn conclude(cluster: &Cluster, node: &Node, answered: Result<(), (Down, BoxError)>) {
    match answered {
        Ok(()) => {
            // It will get as many requests as the others, and should not have to connect for each.
            let snapshot = cluster.snapshot();
            let loads: Vec<_> =
                snapshot.iter().flat_map(|s| s.peers(node)).map(|n| n.pool.in_flight()).collect();
            let mean = loads.iter().sum::<usize>() / loads.len().max(1);
            node.pool.warm_up(mean);
            cluster.bring_back(node);
        }
        Err((why, error)) => {
            tracing::debug!(node = %node.addr(), error = %explain(&*error), "node does not answer a probe");
            let (now, draw) = (Moment::now(), fastrand::f64());
            node.health.probe_failed(why, now, draw);
        }
    }
}

/// Sends the node a request like those for data, on a new connection, for an operation that touches
/// none. It is not signed: a refusal shows that the node works, too. An error says what is wrong
/// with the node now.
async fn probe(node: &Node, limit: Duration) -> Result<(), (Down, BoxError)> {
    let lease = node.pool.dial(limit).await.map_err(|e| (Down::Unreachable, e.into()))?;
    ask(node, lease, limit).await.map_err(|e| (Down::Ejected, e))
}

async fn ask(node: &Node, lease: Lease, limit: Duration) -> Result<(), BoxError> {
    let request = Request::post("/")
        .header(header::HOST, without_zone(node.addr()).to_string())
        .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
        .header("x-amz-target", "DynamoDB_20120810.DescribeEndpoints")
        .body(Bytes::from_static(b"{}"))?;
    let limits = Limits { time: limit, body: BODY_LIMIT };
    let (status, _) = exchange_on(lease, request, limits).await?;
    if status.is_server_error() {
        return Err(format!("it answered {status}").into());
    }
    // A node that sheds load is alive.
    Ok(())
}
