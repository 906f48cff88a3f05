//! The body of an answer, wherever it came from.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;

use crate::dispatch::response::Answer;
use crate::error::BoxError;

/// The body of an answer. It holds the connection to the node until it has been read to its end;
/// dropped before that, it closes the connection.
pub struct Body(Source);

#[expect(clippy::large_enum_variant, reason = "nearly all are of the large kind")]
enum Source {
    Node(Answer),
    PassThrough(UnsyncBoxBody<Bytes, BoxError>),
}

impl Body {
    pub(crate) fn node(body: Answer) -> Self {
        Self(Source::Node(body))
    }

    pub(crate) fn pass_through(body: UnsyncBoxBody<Bytes, BoxError>) -> Self {
        Self(Source::PassThrough(body))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Source::Node(body) => Pin::new(body).poll_frame(cx),
            Source::PassThrough(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Node(body) => body.is_end_stream(),
            Source::PassThrough(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Node(body) => body.size_hint(),
            Source::PassThrough(body) => body.size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}
