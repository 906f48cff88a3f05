//! The body of a node's answer, which decides whether the attempt came to a good end.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::attempts::Trying;
use crate::transport::NodeBody;

/// The body of a node's answer. An attempt whose answer breaks off has failed on its node like one without any, and so has one
/// whose answer is that the node is overloaded or out of order: the SDK tries again, and should meet another node then.
pub(crate) struct Answer {
    body: NodeBody,
    trying: Option<Trying>,
}

impl Answer {
    pub(crate) fn new(body: NodeBody, trying: Trying) -> Self {
        let mut answer = Self {
            body,
            trying: Some(trying),
        };
        answer.end_if_read();
        answer
    }

    fn end_if_read(&mut self) {
        if self.body.is_read()
            && let Some(trying) = self.trying.take()
            && !self.body.is_of_trouble()
        {
            trying.forget();
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
        self.end_if_read();
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
