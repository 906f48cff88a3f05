//! The probes that bring back nodes which are out, so that no user's request has to find out.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::localnodes::BODY_LIMIT;
use crate::cluster::Cluster;
use crate::config::Config;
use crate::error::BoxError;
use crate::moment::Moment;
use crate::node::{Node, without_zone};
use crate::transport::{NodeBody, SendError};

/// How many nodes are probed side by side.
const SIDE_BY_SIDE: usize = 16;

/// How long it waits for news where nothing is due.
const LONG: Duration = Duration::from_secs(3600);

/// Probes nodes that are out whenever it is time to, and never ends.
pub(crate) async fn watch(config: &Config, cluster: &Arc<Cluster>) {
    let mut probes = JoinSet::new();
    let mut probed: HashSet<SocketAddr> = HashSet::new();
    loop {
        let now = Moment::now();
        let mut next = LONG;
        for node in cluster.nodes() {
            let Some(due) = node.health.probe_due() else {
                continue;
            };
            if due > now {
                next = next.min(due.since(now));
            } else if probed.len() < SIDE_BY_SIDE && probed.insert(node.addr()) {
                let cluster = Arc::clone(cluster);
                let (limit, connect) = (config.discovery_timeout, config.connect_timeout);
                probes.spawn(async move {
                    let outcome = timeout(limit, probe(&node, limit)).await;
                    let outcome = outcome.unwrap_or_else(|_| Err("no answer in time".into()));
                    conclude(&cluster, &node, outcome, connect);
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

fn conclude(cluster: &Cluster, node: &Node, outcome: Result<(), BoxError>, connect: Duration) {
    match outcome {
        Ok(()) => {
            // It gets as many requests as the others in the end, and should not have to connect for each.
            let nodes = cluster.nodes();
            let in_flight: usize = nodes.iter().map(|n| n.pool.in_flight()).sum();
            node.pool.warm_up(in_flight / nodes.len().max(1), connect);
            cluster.bring_back(node);
        }
        Err(error) => {
            tracing::debug!(node = %node.addr(), %error, "node does not answer a probe");
            node.health.probe_failed(Moment::now(), fastrand::f64());
        }
    }
}

/// Asks the node for something that costs next to nothing, in the way of any request for data: a new connection, and an
/// operation that touches no table. It is not signed; a refusal is an answer, too.
async fn probe(node: &Node, limit: Duration) -> Result<(), BoxError> {
    let mut lease = node.pool.dial(limit).await?;
    let request = Request::post("/")
        .header(header::HOST, without_zone(node.addr()).to_string())
        .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
        .header(
            "x-amz-target",
            HeaderValue::from_static("DynamoDB_20120810.DescribeEndpoints"),
        )
        .body(Full::new(Bytes::from_static(b"{}")))?;
    let response = match lease.connection.send(request).await {
        Ok(response) => response,
        Err(SendError::Unsent(_, error) | SendError::Sent(error)) => return Err(error),
    };
    let status = response.status();
    let mut body = NodeBody::new(status, response.into_body(), lease);
    Limited::new(&mut body, BODY_LIMIT).collect().await?;
    if status.is_server_error() || body.sheds() {
        return Err(format!("it answered {status}").into());
    }
    Ok(())
}
