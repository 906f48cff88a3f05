//! The connect race: how one request gets a connection to some node.
//!
//! The first choice gets a head start. Then the next node of the plan is tried beside it, and the
//! first connection wins, as in happy eyeballs (RFC 8305). No connect is wasted: a loser's
//! connection is kept for its node.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use crate::balance::head_start::head_start;
use crate::balance::moment::Moment;
use crate::cluster::Cluster;
use crate::cluster::node::Node;
use crate::dispatch::plan::Plan;
use crate::error::{ConnectError, FailedNode, explain};
use crate::transport::Lease;

/// Maximum number of nodes tried in parallel for one request. Even if connects take a hundred times
/// the usual, a third seldom helps, and connecting to every node would flood the cluster.
pub(crate) const MAX_PARALLEL: usize = 3;

/// Time limits of one request's connects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadlines {
    /// For a connection to one node.
    pub(crate) connect: Duration,
    /// For a connection to any node.
    pub(crate) until: Instant,
}

/// The nodes that could not be connected, with the errors, in the order of failure.
pub(crate) type Tried = Vec<FailedNode>;

/// Returns a connection to the first node of the plan that has one. Adds the errors of others to
/// `tried`.
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
    // Boxed, so that the futures of requests that need no connect stay small.
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
        let head_start = head_start(cluster.connect_time(&latest), deadlines.connect);
        let may_start = Instant::now() < deadlines.until && racing.0.len() < MAX_PARALLEL;
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
                    // It is busy, not unreachable: connecting elsewhere would only add load.
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
        cluster.redispatched.add_one();
    }
    Some((node, lease))
}

type Racer = Pin<Box<dyn Future<Output = (Arc<Node>, Result<Lease, ConnectError>)> + Send>>;

/// Connects in progress. They go on when the race is over, also if the call is dropped: their
/// results are recorded for their nodes, and their connections are kept.
struct Racing(FuturesUnordered<Racer>);

impl Drop for Racing {
    fn drop(&mut self) {
        let mut left = std::mem::take(&mut self.0);
        if left.is_empty() {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            // It ends at the latest with their connect timeout.
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
        // It had less time than the connect timeout.
        Err(ConnectError::Timeout { .. }) if left < deadlines.connect => {}
        Err(_) => cluster.unreachable(&node, begun),
    }
    (node, leased)
}
