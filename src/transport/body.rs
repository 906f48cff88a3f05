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

/// Part of the response of a node that sheds load. It then closes the connection without announcing
/// it, because it has not read the request's body.
const SHED: &[u8] = b"RequestLimitExceeded";

/// More than the size of such a response, in bytes.
const LONGEST_SHED: usize = 512;

/// The body of a node's response. Read to its end, it gives the connection back; dropped earlier,
/// it closes it.
pub(crate) struct NodeBody {
    incoming: Incoming,
    progress: Reading,
    sheds: Sheds,
}

/// Whether the response says that the node sheds load.
#[derive(PartialEq, Eq)]
enum Sheds {
    No,
    Yes,
    /// The first bytes of the body will show it.
    Untold,
    /// The bytes so far do not show it, but may have ended within a word.
    HalfTold,
}

impl Sheds {
    fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::BAD_REQUEST => Self::Untold,
            StatusCode::TOO_MANY_REQUESTS => Self::Yes,
            _ => Self::No,
        }
    }
}

enum Reading {
    Open(Lease),
    Read,
    Broken,
}

impl NodeBody {
    pub(crate) fn new(status: StatusCode, incoming: Incoming, lease: Lease) -> Self {
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            // The node closes this connection too, but the response must be read first.
            lease.connection.poison();
        }
        let mut body = Self { incoming, progress: Reading::Open(lease), sheds: Sheds::of(status) };
        if body.incoming.is_end_stream() {
            body.finish();
        }
        body
    }

    /// Returns whether the whole response has been read.
    pub(crate) fn is_read(&self) -> bool {
        matches!(self.progress, Reading::Read)
    }

    fn finish(&mut self) {
        if let Reading::Open(lease) = mem::replace(&mut self.progress, Reading::Read) {
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

    /// Returns whether the response, once it has been read, says that the node sheds load.
    pub(crate) fn sheds(&self) -> bool {
        self.sheds == Sheds::Yes
    }

    fn inspect(&mut self, frame: &Frame<Bytes>) {
        let Some(data) = frame.data_ref() else { return };
        self.sheds = match self.sheds {
            Sheds::No | Sheds::Yes => return,
            Sheds::Untold if data.windows(SHED.len()).any(|window| window == SHED) => Sheds::Yes,
            // A longer response has another reason.
            Sheds::Untold if data.len() > LONGEST_SHED => Sheds::No,
            Sheds::Untold => Sheds::HalfTold,
            // An error usually arrives whole. If not, the doubt costs only a connection.
            Sheds::HalfTold => Sheds::Yes,
        };
        if self.sheds()
            && let Reading::Open(lease) = &self.progress
        {
            lease.connection.poison();
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
                this.inspect(frame);
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
