//! What a request tells of the node that has it, from the moment it is sent until its answer has
//! been read.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::balance::moment::Moment;
use crate::cluster::Cluster;
use crate::cluster::node::Node;
use crate::dynamodb::operation::Operation;
use crate::transport::ConnectionInfo;

/// A silence tells of the node, and not of one request, if it was at least this long and nothing
/// was answered meanwhile.
const LONG_SILENCE: Duration = Duration::from_secs(1);

/// How many failures a read timeout in such a silence is worth: a node that is alive would have
/// answered something.
const SILENCE_WEIGHT: u32 = 3;

/// A request that a node has. It is counted once, however it ends, also if it is dropped.
pub(crate) struct InFlight {
    cluster: Arc<Cluster>,
    node: Arc<Node>,
    connection: ConnectionInfo,
    operation: Operation,
    written_before: u64,
    begun: Moment,
    /// Requests on the node when it began, itself included.
    sharing: usize,
    stage: Stage,
}

#[derive(PartialEq, Eq)]
enum Stage {
    Waiting,
    /// The head of an answer came, with this status, after so long.
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

    /// Nothing of the request was written.
    pub(crate) fn unsent(mut self) -> Arc<Node> {
        self.stage = Stage::Ended;
        Arc::clone(&self.node)
    }

    /// The head of an answer came.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        let now = Moment::now();
        let latency = now.since(self.begun);
        self.stage = Stage::Responded(status, latency);
        self.node.counters.sent();
        if status.is_success() && self.operation == Operation::Data {
            self.node.load.answered(latency, self.sharing, now);
        } else {
            self.node.load.heard(self.begun, now);
        }
        if status.is_server_error() {
            self.cluster.failed(&self.node, 1, self.begun);
        }
    }

    /// The answer was read to its end, and says, or does not, that the node sheds load. Answers
    /// whether another node would have been better.
    pub(crate) fn read(mut self, sheds: bool) -> bool {
        let Stage::Responded(status, latency) = std::mem::replace(&mut self.stage, Stage::Ended)
        else {
            return false;
        };
        let (load, health) = (&self.node.load, &self.node.health);
        if sheds {
            load.shed(Moment::now());
        } else if !status.is_server_error() {
            health.succeeded();
            if status.is_client_error() {
                load.refused(latency, self.sharing, Moment::now());
            }
        }
        sheds || status.is_server_error()
    }

    /// The connection broke before the answer was complete.
    pub(crate) fn broke(mut self) {
        let stage = std::mem::replace(&mut self.stage, Stage::Ended);
        if stage == Stage::Waiting {
            self.node.counters.sent();
        }
        self.node.counters.failed();
        // A server error was counted when its head came.
        if !matches!(stage, Stage::Responded(status, _) if status.is_server_error()) {
            self.cluster.failed(&self.node, 1, self.begun);
        }
    }

    /// There was no answer in time.
    pub(crate) fn timed_out(mut self) {
        let silent = self.give_up();
        let weight = if silent { SILENCE_WEIGHT } else { 1 };
        self.cluster.failed(&self.node, weight, self.begun);
    }

    /// Answers whether the node was silent for long, while the request waited.
    fn give_up(&mut self) -> bool {
        self.stage = Stage::Ended;
        self.node.counters.sent();
        self.node.counters.failed();
        let now = Moment::now();
        let waited = now.since(self.begun);
        if self.operation == Operation::Schema {
            return false;
        }
        let silent = waited >= LONG_SILENCE && self.node.load.silence(now) >= waited;
        self.node.load.given_up(waited, self.sharing, now);
        silent
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        // Whoever sent it has lost patience, or interest.
        if self.stage == Stage::Waiting
            && self.connection.written() > self.written_before
            && self.give_up()
        {
            self.cluster.failed(&self.node, 1, self.begun);
        }
    }
}
