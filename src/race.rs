//! The connect race: how one request gets a connection to some node.
//!
//! The first choice is given a moment to produce one. Then the next node of the plan is tried beside it, and the first
//! connection wins, in the manner of happy eyeballs (RFC 8305). Nobody's connect is in vain: a loser's connection is kept for
//! its node.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep};

use crate::cluster::Cluster;
use crate::error::ConnectError;
use crate::moment::Moment;
use crate::node::Node;
use crate::plan::Plan;
use crate::transport::Lease;

/// How many nodes are tried side by side for one request. With connects that take a hundred times the usual, a third seldom
/// helps, and a request that connected to every node would be a flood.
const SIDE_BY_SIDE: usize = 3;

/// How long a node may take to produce a connection before another is tried beside it: the shortest delay that RFC 8305
/// recommends. It is far above what a node in the same region takes.
const HEAD_START: Duration = Duration::from_millis(100);

/// How long one request may wait for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For a connection to one node.
    pub(crate) connect: Duration,
    /// For a connection to any node.
    pub(crate) until: Instant,
}

/// The nodes that could not be connected, in the order in which that was learned, and why.
pub(crate) type Tried = Vec<(SocketAddr, ConnectError)>;

/// A connection to the first node of the plan that has one. Adds to `tried` why others had none.
pub(crate) async fn connect(
    cluster: &Arc<Cluster>,
    plan: Plan<'_>,
    patience: Patience,
    tried: &mut Tried,
) -> Option<(Arc<Node>, Lease)> {
    let now = Moment::now();
    let first = plan.next(now)?;
    if let Some(lease) = first.try_lease(now) {
        return Some((first, lease));
    }
    let head_start = head_start(cluster, patience);
    let mut racing = FuturesUnordered::new();
    let mut latest = Arc::clone(&first);
    let mut next = Some(Arc::clone(&first));
    let winner = loop {
        if let Some(node) = next.take() {
            if let Some(lease) = node.try_lease(Moment::now()) {
                break Some((node, lease));
            }
            latest = Arc::clone(&node);
            let left = patience.until.saturating_duration_since(Instant::now());
            let limit = patience.connect.min(left);
            racing.push(Box::pin(lease(Arc::clone(cluster), node, limit)));
        }
        let in_time = Instant::now() < patience.until;
        tokio::select! {
            biased;
            ended = racing.next() => match ended {
                Some((node, Ok(lease))) => break Some((node, lease)),
                Some((node, Err(error))) => {
                    tracing::debug!(node = %node.addr(), %error, "node not connected, trying another");
                    tried.push((node.addr(), error));
                }
                None => break None,
            },
            () = sleep(head_start), if in_time && racing.len() < SIDE_BY_SIDE => {
                if latest.was_connected_within(head_start) {
                    // It is busy and not out of reach: a connect elsewhere would only add to that.
                    continue;
                }
                cluster.stalled(&latest);
            }
        }
        if in_time {
            next = plan.next(Moment::now());
        }
    };
    if !racing.is_empty() {
        // It ends with the connect timeout of the last of them.
        tokio::spawn(async move {
            while let Some((_, leased)) = racing.next().await {
                if let Ok(lease) = leased {
                    lease.finish();
                }
            }
        });
    }
    if let Some((node, _)) = &winner
        && !Arc::ptr_eq(node, &first)
    {
        cluster.note_redispatch();
    }
    winner
}

/// How long a node may take before another is tried beside it: twice what connects take lately if that is known to be more
/// than [`HEAD_START`], and at most half of the time there is.
fn head_start(cluster: &Cluster, patience: Patience) -> Duration {
    let usual = cluster.connect_time().unwrap_or_default();
    HEAD_START.max(usual * 2).min(patience.connect / 2)
}

async fn lease(
    cluster: Arc<Cluster>,
    node: Arc<Node>,
    limit: Duration,
) -> (Arc<Node>, Result<Lease, ConnectError>) {
    let begun = Moment::now();
    let leased = node.lease(limit, begun).await;
    match &leased {
        Ok(lease) if !lease.reused() => cluster.connected(&node, Moment::now().since(begun)),
        Ok(_) => {}
        Err(error) if error.is_own_limit() => {}
        Err(_) => cluster.unreachable(&node),
    }
    (node, leased)
}
