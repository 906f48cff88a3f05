//! The body of a node's answer, which decides whether the attempt came to a good end.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};

use crate::attempts::Trying;
use crate::outcome::Outcome;
use crate::transport::NodeBody;

/// An answer whose body is still to be read, and what has become of the request so far.
pub(crate) type Answered = (Response<NodeBody>, Outcome);

/// The body of a node's answer. An attempt whose answer breaks off has failed on its node like one without any, and so has one
/// whose answer is that the node is overloaded or out of order: the SDK tries again, and should meet another node then.
pub(crate) struct Answer {
    body: NodeBody,
    attempt: Option<(Trying, Outcome)>,
}

impl Answer {
    pub(crate) fn new(body: NodeBody, trying: Trying, outcome: Outcome) -> Self {
        let mut answer = Self {
            body,
            attempt: Some((trying, outcome)),
        };
        answer.end_attempt();
        answer
    }

    /// Ends the attempt if the answer has come to an end.
    fn end_attempt(&mut self) {
        if self.body.is_read() {
            if let Some((trying, outcome)) = self.attempt.take()
                && !outcome.read(self.body.sheds())
            {
                trying.forget();
            }
        } else if self.body.is_broken()
            && let Some((_, outcome)) = self.attempt.take()
        {
            outcome.broke();
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
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
