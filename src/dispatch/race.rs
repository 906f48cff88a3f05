//! The connect race: how one request gets a connection to some node.
//!
//! The first choice is given a moment to produce one. Then the next node of the plan is tried
//! beside it, and the first connection wins, in the manner of happy eyeballs (RFC 8305). Nobody's
//! connect is in vain: a loser's connection is kept for its node.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use crate::balance::moment::Moment;
use crate::cluster::Cluster;
use crate::cluster::node::Node;
use crate::dispatch::plan::Plan;
use crate::error::{ConnectError, FailedNode, explain};
use crate::transport::Lease;

/// How many nodes are tried side by side for one request. With connects that take a hundred times
/// the usual, a third seldom helps, and a request that connected to every node would be a flood.
const SIDE_BY_SIDE: usize = 3;

/// How long a node may take to produce a connection before another is tried beside it: the shortest
/// delay that RFC 8305 recommends. It is far above what a node in the same region takes.
const HEAD_START: Duration = Duration::from_millis(100);

/// How long one request may wait for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadlines {
    /// For a connection to one node.
    pub(crate) connect: Duration,
    /// For a connection to any node.
    pub(crate) until: Instant,
}

/// The nodes that could not be connected, in the order in which that was learned, and why.
pub(crate) type Tried = Vec<FailedNode>;

/// A connection to the first node of the plan that has one. Adds to `tried` why others had none.
pub(crate) async fn connect(
    cluster: &Arc<Cluster>,
    plan: Plan<'_>,
    deadlines: Deadlines,
    tried: &mut Tried,
) -> Option<(Arc<Node>, Lease)> {
    let now = Moment::now();
    let first = plan.next(now)?;
    if let Some(lease) = first.try_lease(now) {
        return Some((first, lease));
    }
    // Boxed, as requests that need no connect should not be moved about with the room for one.
    Box::pin(race(cluster, plan, deadlines, first, now, tried)).await
}

/// Connects the first choice, and others beside it if that takes long.
async fn race(
    cluster: &Arc<Cluster>,
    plan: Plan<'_>,
    deadlines: Deadlines,
    first: Arc<Node>,
    now: Moment,
    tried: &mut Tried,
) -> Option<(Arc<Node>, Lease)> {
    let mut racing = Racing(FuturesUnordered::new());
    let mut latest = Arc::clone(&first);
    let mut begun = now;
    let mut next = Some(Arc::clone(&first));
    let (node, lease) = loop {
        if let Some(node) = next.take() {
            begun = Moment::now();
            if let Some(lease) = node.try_lease(begun) {
                break (node, lease);
            }
            latest = Arc::clone(&node);
            let racer = lease(Arc::clone(cluster), node, deadlines, begun);
            racing.0.push(Box::pin(racer));
        }
        let head_start = head_start(cluster, &latest, deadlines);
        let may_start = Instant::now() < deadlines.until && racing.0.len() < SIDE_BY_SIDE;
        tokio::select! {
            biased;
            ended = racing.0.next() => match ended? {
                (node, Ok(lease)) => break (node, lease),
                (node, Err(error)) => {
                    tracing::debug!(node = %node.addr(), error = %explain(&error), "node not connected, trying another");
                    tried.push(FailedNode { address: node.addr(), error });
                }
            },
            () = sleep(head_start), if may_start => {
                if latest.was_connected_since(begun) {
                    // It is busy and not out of reach: a connect elsewhere would only add to that.
                    begun = Moment::now();
                    continue;
                }
                cluster.stalled(&latest, begun);
            }
        }
        if Instant::now() < deadlines.until {
            next = plan.next(Moment::now());
        }
    };
    if !Arc::ptr_eq(&node, &first) {
        cluster.note_redispatch();
    }
    Some((node, lease))
}

type Racer = Pin<Box<dyn Future<Output = (Arc<Node>, Result<Lease, ConnectError>)> + Send>>;

/// Connects under way. They go on when the race is over, also if the call that wanted them is
/// dropped: what they come to is told of their nodes, and what they have made is kept.
struct Racing(FuturesUnordered<Racer>);

impl Drop for Racing {
    fn drop(&mut self) {
        let mut left = std::mem::take(&mut self.0);
        if left.is_empty() {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            // It ends with the connect timeout of the last of them.
            runtime.spawn(async move {
                while let Some((_, leased)) = left.next().await {
                    if let Ok(lease) = leased {
                        lease.finish();
                    }
                }
            });
        }
    }
}

/// How long a node may take before another is tried beside it: twice what it took the last time, if
/// that is more than [`HEAD_START`], and at most half of the time there is.
fn head_start(cluster: &Cluster, node: &Node, deadlines: Deadlines) -> Duration {
    let last = cluster.connect_time(node).unwrap_or_default();
    HEAD_START.max(last * 2).min(deadlines.connect / 2)
}

async fn lease(
    cluster: Arc<Cluster>,
    node: Arc<Node>,
    deadlines: Deadlines,
    begun: Moment,
) -> (Arc<Node>, Result<Lease, ConnectError>) {
    let left = deadlines.until.saturating_duration_since(Instant::now());
    let leased = node.lease(deadlines.connect.min(left), begun).await;
    match &leased {
        Ok(lease) if !lease.reused() => cluster.connected(&node),
        Ok(_) => {}
        Err(error) if error.is_not_the_nodes() => {}
        // It was not given the time that a node may take.
        Err(ConnectError::Timeout { .. }) if left < deadlines.connect => {}
        Err(_) => cluster.unreachable(&node, begun),
    }
    (node, leased)
}
