//! A guard for one request on a node: records its result for the node's load and health, however it
//! ends.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::balance::moment::Moment;
use crate::cluster::Cluster;
use crate::cluster::node::Node;
use crate::dynamodb::operation::Operation;
use crate::rejection::Rejection;
use crate::transport::ConnectionInfo;

/// How many failures a read timeout counts as if the node was silent, for long, all the while: a
/// live node would have responded to something.
pub(crate) const SILENCE_WEIGHT: u32 = 3;

/// A request that was given to a node. It is counted once, also if it is dropped.
pub(crate) struct InFlight {
    cluster: Arc<Cluster>,
    node: Arc<Node>,
    connection: ConnectionInfo,
    operation: Operation,
    written_before: u64,
    begun: Moment,
    /// Requests in flight on the node when it began, itself included.
    sharing: usize,
    stage: Stage,
}

#[derive(PartialEq, Eq)]
enum Stage {
    Waiting,
    /// The response head arrived, with this status and latency.
    Responded(StatusCode, Duration),
    Ended,
}

impl InFlight {
    pub(crate) fn begin(
        cluster: &Arc<Cluster>,
        node: Arc<Node>,
        connection: ConnectionInfo,
        operation: Operation,
    ) -> Self {
        let sharing = node.pool.in_flight();
        Self {
            cluster: Arc::clone(cluster),
            node,
            written_before: connection.written(),
            connection,
            operation,
            begun: Moment::now(),
            sharing,
            stage: Stage::Waiting,
        }
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// The connection that the request is on.
    pub(crate) fn connection(&self) -> &ConnectionInfo {
        &self.connection
    }

    /// Ends it as unsent: nothing of the request was written.
    pub(crate) fn unsent(mut self) -> Arc<Node> {
        self.stage = Stage::Ended;
        Arc::clone(&self.node)
    }

    /// Records that the response head arrived.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        let now = Moment::now();
        let latency = now.since(self.begun);
        self.stage = Stage::Responded(status, latency);
        self.node.counters.requests.add_one();
        if status.is_success() && self.operation == Operation::Data {
            self.node.load.answered(latency, self.sharing, now);
        } else {
            self.node.load.heard(self.begun, now);
        }
        if status.is_server_error() {
            self.cluster.failed(&self.node, 1, self.begun);
        }
    }

    /// Records that the response was read to its end, and why it rejects the request, if it does.
    /// Returns whether a retry should avoid the node.
    pub(crate) fn read(mut self, rejection: Option<Rejection>) -> bool {
        let Stage::Responded(status, latency) = std::mem::replace(&mut self.stage, Stage::Ended)
        else {
            return false;
        };
        let (load, health) = (&self.node.load, &self.node.health);
        let Some(rejection) = rejection else {
            if !status.is_server_error() {
                health.succeeded();
            }
            return status.is_server_error();
        };
        let now = Moment::now();
        if rejection == Rejection::Overload {
            load.shed(now);
            return true;
        }
        health.succeeded();
        match rejection {
            // The node has done what it does for every request.
            Rejection::Condition => load.answered(latency, self.sharing, now),
            _ => load.refused(latency, self.sharing, now),
        }
        false
    }

    /// Records that the connection broke before the response was complete.
    pub(crate) fn broke(mut self) {
        let stage = std::mem::replace(&mut self.stage, Stage::Ended);
        if stage == Stage::Waiting {
            self.node.counters.requests.add_one();
        }
        self.node.counters.failures.add_one();
        // A server error was counted when its head arrived.
        if !matches!(stage, Stage::Responded(status, _) if status.is_server_error()) {
            self.cluster.failed(&self.node, 1, self.begun);
        }
    }

    /// Records that the response head did not arrive in time.
    pub(crate) fn timed_out(mut self) {
        let silent = self.give_up();
        let weight = if silent { SILENCE_WEIGHT } else { 1 };
        self.cluster.failed(&self.node, weight, self.begun);
    }

    /// Ends it without a response. Returns whether the node was silent, for long, all the while.
    fn give_up(&mut self) -> bool {
        self.stage = Stage::Ended;
        self.node.counters.requests.add_one();
        self.node.counters.failures.add_one();
        let now = Moment::now();
        self.operation != Operation::Schema
            && self.node.load.given_up(now.since(self.begun), self.sharing, now)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        // The caller has timed out or cancelled.
        if self.stage == Stage::Waiting
            && self.connection.written() > self.written_before
            && self.give_up()
        {
            self.cluster.failed(&self.node, 1, self.begun);
        }
    }
}
