//! The way of one DynamoDB request: plan, lease, send, observe.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::time::{Instant, timeout};

use crate::balance::hedge::Hedger;
use crate::balance::moment::Moment;
use crate::balance::policy::{Candidate, Chooser};
use crate::cluster::Cluster;
use crate::cluster::node::Node;
use crate::config::Config;
use crate::dispatch::attempts::{Attempt, Attempts, TriedNodes};
use crate::dispatch::hedged::hedged;
use crate::dispatch::in_flight::InFlight;
use crate::dispatch::plan::{Plan, Preference};
use crate::dispatch::race::{Deadlines, connect};
use crate::dispatch::response::{NodeResponse, ResponseBody};
use crate::dynamodb::host::address;
use crate::dynamodb::operation::Operation;
use crate::dynamodb::read::Read;
use crate::dynamodb::target::TARGET;
use crate::error::{BoxError, ConnectError, Error, FailedNode};
use crate::transport::{NodeBody, SendError};

/// How long a response body may stall if the user has set no read timeout: the grace period of the
/// SDK's stalled-stream protection. A node has the whole response before it sends the head.
const BODY_SILENCE: Duration = Duration::from_secs(5);

/// Time limits of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// For a connection to one node.
    pub(crate) connect: Duration,
    /// For a connection to any node.
    pub(crate) connect_budget: Duration,
    /// For the response head, once the request can be sent, and for each part of the body. `None`:
    /// [`Operation::deadline`] and [`BODY_SILENCE`].
    pub(crate) read: Option<Duration>,
}

impl Limits {
    fn deadlines(&self) -> Deadlines {
        Deadlines { connect: self.connect, until: Instant::now() + self.connect_budget }
    }
}

#[derive(Debug)]
pub(crate) struct Balancer {
    pub(crate) cluster: Arc<Cluster>,
    chooser: Chooser,
    attempts: Arc<Attempts>,
    hedger: Option<Hedger>,
}

/// What is the same for every node that a call tries.
#[derive(Clone, Copy)]
struct Call<'a> {
    body: &'a Bytes,
    operation: Operation,
    /// For the response head.
    limit: Duration,
    plan: Plan<'a>,
}

impl Balancer {
    pub(crate) fn new(cluster: Arc<Cluster>, config: &Config, random: &mut fastrand::Rng) -> Self {
        Self {
            cluster,
            chooser: Chooser::new(config.policy, random),
            attempts: Arc::new(Attempts::new()),
            hedger: config.hedging.as_ref().map(Hedger::new),
        }
    }

    /// Sends a DynamoDB request to one node: the first, in the order of the plan, that can be
    /// connected.
    pub(crate) async fn call<B>(
        &self,
        request: Request<B>,
        attempt: Option<Attempt>,
        preference: Option<&dyn Preference>,
        limits: Limits,
    ) -> Result<Response<ResponseBody>, Error>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let (mut head, body) = request.into_parts();
        let body = gather(body).await.map_err(|source| Error::Request { source })?;
        address(&mut head)?;
        let deadlines = limits.deadlines();
        if self.cluster.snapshot().is_none() {
            let known = timeout(limits.connect_budget, self.cluster.known());
            Box::pin(known)
                .await
                .unwrap_or_else(|_| self.cluster.last_refresh())
                .map_err(|source| Error::NoNodes { source })?;
        }

        if self.cluster.is_busy() {
            // Requests that become ready together are then written together, rather than each
            // waking its connection's task. This saves a seventh of the CPU time of 32 concurrent
            // requests on one thread, by `cargo bench -p alternator-benches --bench overhead`.
            tokio::task::yield_now().await;
        }

        let tried_nodes = TriedNodes::new(&self.attempts, attempt.map(|a| a.invocation));
        let earlier = attempt.map_or_else(Vec::new, |a| self.attempts.before(a));
        let plan = Plan {
            cluster: &self.cluster,
            chooser: &self.chooser,
            preference,
            avoid: &earlier,
            tried_nodes: &tried_nodes,
        };
        let target = head.headers.get(TARGET).map_or(&b""[..], HeaderValue::as_bytes);
        let operation = Operation::of(target);
        let call = Call {
            body: &body,
            operation,
            limit: limits.read.unwrap_or_else(|| operation.deadline()),
            plan,
        };
        let read = Read::of(target);
        let serve = |head, deadlines| self.serve(head, call, deadlines);
        let (response, in_flight) = match self.hedger.as_ref().zip(read) {
            None => serve(head, deadlines).await?,
            Some((hedger, read)) => {
                let copy = head.clone();
                let is_another = || plan.peek(Moment::now()).is_some_and(|n| n.serves());
                let second = || {
                    self.cluster.hedged.add_one();
                    serve(copy, limits.deadlines())
                };
                // Boxed, because its future holds two requests, and most requests are not hedged.
                let first = serve(head, deadlines);
                Box::pin(hedged(hedger, read, first, is_another, second)).await?
            }
        };
        let limit = limits.read.unwrap_or(BODY_SILENCE);
        Ok(response.map(|body| ResponseBody::new(body, tried_nodes, in_flight, limit)))
    }

    /// Sends the request on the first available connection. If that turns out to be closed before
    /// anything was written, on the next one.
    async fn serve(
        &self,
        mut head: Parts,
        call: Call<'_>,
        deadlines: Deadlines,
    ) -> Result<NodeResponse, Error> {
        let Call { plan, limit, .. } = call;
        let mut tried = Vec::new();
        while let Some((node, mut lease)) =
            connect(&self.cluster, plan, deadlines, &mut tried).await
        {
            let mut in_flight =
                InFlight::begin(&self.cluster, node, lease.connection.info(), call.operation);
            let request = Request::from_parts(head, Full::new(call.body.clone()));
            let Ok(sent) = timeout(limit, lease.connection.send(request)).await else {
                self.cluster.want_refresh();
                let node = in_flight.node().addr();
                in_flight.timed_out();
                return Err(Error::ReadTimeout { node, after: limit });
            };
            match sent {
                Ok(response) => {
                    let status = response.status();
                    in_flight.answered(status);
                    let response = response.map(|incoming| NodeBody::new(status, incoming, lease));
                    return Ok((response, in_flight));
                }
                Err(SendError::Unsent(unsent, source)) => {
                    head = *unsent;
                    let node = in_flight.unsent();
                    if lease.reused() {
                        // The node closed an idle connection, which says nothing about the node.
                        plan.tried_nodes.may_try_again(node.addr());
                    } else {
                        node.counters.connect_failures.add_one();
                        self.cluster.unreachable(&node, Moment::now());
                        let error = ConnectError::Closed { source };
                        tried.push(FailedNode { address: node.addr(), error });
                        self.cluster.redispatched.add_one();
                    }
                }
                Err(SendError::Sent(source)) => {
                    self.cluster.want_refresh();
                    let node = in_flight.node().addr();
                    in_flight.broke();
                    return Err(Error::Unanswered { node, source });
                }
            }
        }
        Err(Error::Unreachable { tried })
    }

    /// Returns the node that a request would try first now, and changes nothing.
    pub(crate) fn peek(&self) -> Option<Arc<Node>> {
        self.plan_of_any(|plan| plan.peek(Moment::now()))
    }

    /// Chooses a node as a request that belongs to no key does.
    #[cfg(feature = "__internals")]
    pub(crate) fn pick(&self) -> Option<Arc<Node>> {
        self.plan_of_any(|plan| plan.next(Moment::now()))
    }

    fn plan_of_any<T>(&self, run: impl FnOnce(Plan<'_>) -> T) -> T {
        run(Plan {
            cluster: &self.cluster,
            chooser: &self.chooser,
            preference: None,
            avoid: &[],
            tried_nodes: &TriedNodes::new(&self.attempts, None),
        })
    }
}

/// Returns the whole body as shared bytes. The bodies of DynamoDB are in memory, so this is one
/// poll that copies nothing; it also tells the SDK's protection against stalled uploads that the
/// upload is done.
async fn gather<B>(body: B) -> Result<Bytes, BoxError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let mut body = std::pin::pin!(body);
    let Some(first) = body.frame().await else {
        return Ok(Bytes::new());
    };
    let first = first.map_err(Into::into)?.into_data().unwrap_or_default();
    if body.is_end_stream() {
        return Ok(first);
    }
    let mut whole = Vec::from(first);
    whole.extend_from_slice(&body.collect().await.map_err(Into::into)?.to_bytes());
    Ok(whole.into())
}
