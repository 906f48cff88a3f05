//! The body of a node's answer, which decides whether the attempt came to a good end.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep};

use crate::dispatch::attempts::TriedNodes;
use crate::dispatch::in_flight::InFlight;
use crate::error::{BoxError, Error};
use crate::transport::{ConnectionInfo, NodeBody};

/// An answer whose body is still to be read, and what has become of the request so far.
pub(crate) type NodeResponse = (Response<NodeBody>, InFlight);

/// The body of a node's answer. An attempt whose answer breaks off has failed on its node like one
/// without any, and so has one whose answer is that the node is overloaded or out of order: the SDK
/// tries again, and should meet another node then.
pub(crate) struct ResponseBody {
    body: NodeBody,
    connection: ConnectionInfo,
    attempt: Option<(TriedNodes, InFlight)>,
    /// How long nothing may come of the body.
    limit: Duration,
    /// Runs while nothing comes.
    silence: Option<Pin<Box<Sleep>>>,
}

impl ResponseBody {
    pub(crate) fn new(
        body: NodeBody,
        tried_nodes: TriedNodes,
        in_flight: InFlight,
        limit: Duration,
    ) -> Self {
        let mut answer = Self {
            body,
            connection: in_flight.connection().clone(),
            attempt: Some((tried_nodes, in_flight)),
            limit,
            silence: None,
        };
        answer.end_attempt();
        answer
    }

    /// The connection that the answer comes on.
    pub(crate) fn connection(&self) -> &ConnectionInfo {
        &self.connection
    }

    /// Ends the attempt if the answer has come to an end.
    fn end_attempt(&mut self) {
        if self.body.is_read() {
            if let Some((tried_nodes, in_flight)) = self.attempt.take() {
                match in_flight.read(self.body.sheds()) {
                    true => tried_nodes.answered(),
                    false => tried_nodes.forget(),
                }
            }
        } else if self.body.is_broken()
            && let Some((_, in_flight)) = self.attempt.take()
        {
            in_flight.broke();
        }
    }

    /// Whether nothing has come for too long.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let Some((_, in_flight)) = &self.attempt else {
            return Poll::Pending;
        };
        if self.silence.is_none() && Handle::try_current().is_err() {
            // Read outside of any runtime, which is not forbidden, there are no timers.
            return Poll::Pending;
        }
        let (node, after) = (in_flight.node().addr(), self.limit);
        self.silence
            .get_or_insert_with(|| Box::pin(sleep(after)))
            .as_mut()
            .poll(cx)
            .map(|()| Error::Stalled { node, after })
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut polled = Pin::new(&mut self.body).poll_frame(cx).map_err(Into::into);
        if polled.is_ready() {
            self.silence = None;
        } else if let Poll::Ready(stalled) = self.poll_silence(cx) {
            self.body.give_up();
            polled = Poll::Ready(Some(Err(stalled.into())));
        }
        self.end_attempt();
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
