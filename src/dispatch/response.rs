//! The body of a node's response, which decides whether the attempt has succeeded.

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

/// A response whose body is still to be read, and the guard of its request.
pub(crate) type NodeResponse = (Response<NodeBody>, InFlight);

/// The body of a node's response. If it breaks off, or says that the node is overloaded or failing,
/// the attempt has failed on its node, as without a response: the SDK retries, and should then meet
/// another node.
pub(crate) struct ResponseBody {
    body: NodeBody,
    connection: ConnectionInfo,
    attempt: Option<(TriedNodes, InFlight)>,
    /// How long the body may stall.
    limit: Duration,
    /// Runs while it stalls.
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

    /// The connection of the response.
    pub(crate) fn connection(&self) -> &ConnectionInfo {
        &self.connection
    }

    /// Ends the attempt if the response has ended.
    fn end_attempt(&mut self) {
        if self.body.is_read() {
            if let Some((tried_nodes, in_flight)) = self.attempt.take() {
                if in_flight.read(self.body.rejection()) {
                    tried_nodes.answered();
                } else {
                    tried_nodes.forget();
                }
            }
        } else if self.body.is_broken()
            && let Some((_, in_flight)) = self.attempt.take()
        {
            in_flight.broke();
        }
    }

    /// Ready if the body has stalled for too long.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let Some((_, in_flight)) = &self.attempt else {
            return Poll::Pending;
        };
        if self.silence.is_none() && Handle::try_current().is_err() {
            // Outside of a runtime, where a body may be read, there are no timers.
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
