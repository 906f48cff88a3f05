//! The body of a node's response, which holds the connection until it has been read.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::connection::unwoken;
use super::pool::Lease;
use crate::rejection::{ErrorBody, Rejection};

/// The body of a node's response. Read to its end, it gives the connection back; dropped earlier,
/// it closes it.
pub(crate) struct NodeBody {
    incoming: Incoming,
    progress: Reading,
    /// Of a response that rejects the request; boxed, as few do.
    error: Option<Box<ErrorBody>>,
}

enum Reading {
    Open(Lease),
    /// Why the node rejects the request, if it does.
    Read(Option<Rejection>),
    Broken,
}

impl NodeBody {
    pub(crate) fn new(status: StatusCode, incoming: Incoming, lease: Lease) -> Self {
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            // The node closes this connection too, but the response must be read first.
            lease.connection.poison();
        }
        let error = ErrorBody::of(status).map(Box::new);
        let mut body = Self { incoming, progress: Reading::Open(lease), error };
        if body.incoming.is_end_stream() {
            body.finish();
        }
        body
    }

    /// Returns whether the whole response has been read.
    pub(crate) fn is_read(&self) -> bool {
        matches!(self.progress, Reading::Read(_))
    }

    fn finish(&mut self) {
        let rejection = self.error.as_ref().map(|error| error.rejection());
        if let Reading::Open(lease) = mem::replace(&mut self.progress, Reading::Read(rejection)) {
            if rejection == Some(Rejection::Overload) {
                lease.connection.poison();
            }
            lease.finish();
        }
    }

    /// Stops reading the response, and closes the connection.
    pub(crate) fn give_up(&mut self) {
        self.progress = Reading::Broken;
    }

    /// Returns whether the response broke off.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.progress, Reading::Broken)
    }

    /// Returns why the node rejects the request, if it does and the response has been read.
    pub(crate) fn rejection(&self) -> Option<Rejection> {
        match self.progress {
            Reading::Read(rejection) => rejection,
            Reading::Open(_) | Reading::Broken => None,
        }
    }
}

impl Body for NodeBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        let mut polled = Pin::new(&mut this.incoming).poll_frame(&mut unwoken());
        if polled.is_pending()
            && let Reading::Open(lease) = &mut this.progress
        {
            // Asking for a frame is what makes the connection read one.
            let _ = lease.connection.drive(cx);
            polled = Pin::new(&mut this.incoming).poll_frame(&mut unwoken());
        }
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(frame))) => {
                if let (Some(error), Some(data)) = (&mut this.error, frame.data_ref()) {
                    error.add(data);
                }
                if this.incoming.is_end_stream() {
                    this.finish();
                }
            }
            Poll::Ready(Some(Err(_))) => this.progress = Reading::Broken,
            // A broken body ends too.
            Poll::Ready(None) if matches!(this.progress, Reading::Broken) => {}
            Poll::Ready(None) => this.finish(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
