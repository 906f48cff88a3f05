//! The body of an answer, decompressed as it comes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};

use super::Encoding;
use super::decode::Decoder;
use crate::error::BoxError;

/// The decompressed body. An error is the last that comes of it, and ends the body that it is read
/// from, so that its connection is closed.
#[derive(Debug)]
pub(crate) struct Decoded<B> {
    /// `None` after the end.
    compressed: Option<B>,
    input: Bytes,
    decoder: Decoder,
}

impl<B> Decoded<B> {
    pub(crate) fn new(compressed: B, encoding: Encoding, max_size: usize) -> Self {
        Self {
            compressed: Some(compressed),
            input: Bytes::new(),
            decoder: Decoder::new(encoding, max_size),
        }
    }
}

impl<B> Decoded<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        while let Some(compressed) = &mut self.compressed {
            if let Some(piece) = self.decoder.decode(&mut self.input)? {
                return Poll::Ready(Some(Ok(piece)));
            }
            match ready!(Pin::new(compressed).poll_frame(cx)) {
                // Alternator sends no trailers.
                Some(frame) => {
                    let frame = frame.map_err(Into::into)?;
                    self.input = frame.into_data().unwrap_or_default();
                }
                None => {
                    self.compressed = None;
                    self.decoder.finish()?;
                }
            }
        }
        Poll::Ready(None)
    }
}

impl<B> Body for Decoded<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let piece = ready!(self.poll_piece(cx));
        if matches!(piece, Some(Err(_))) {
            self.compressed = None;
        }
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.compressed.is_none()
    }
}
