//! Reading requests from a connection: heads, and bodies by length or in chunks.

use std::io::{self, ErrorKind};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::head::scanner::Scanner;
use super::head::{Head, Malformed};
use super::records::Tape;

const READ: usize = 16 << 10;

/// How a request's body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    /// Reading stopped within the body; its end is unknown.
    Lost,
}

impl Framing {
    pub(crate) fn of(head: &Head) -> Self {
        match head.get("Transfer-Encoding") {
            Some(encoding) if encoding.eq_ignore_ascii_case(b"chunked") => Self::Chunked,
            _ => Self::Length(content_length(head)),
        }
    }
}

/// The Content-Length as C's `strtol` reads it: leading digits count, a negative number is a huge
/// one, nonsense is nothing.
pub(crate) fn content_length(head: &Head) -> u64 {
    let value = head.get("Content-Length").unwrap_or_default();
    let digits = value.strip_prefix(b"-").or_else(|| value.strip_prefix(b"+")).unwrap_or(&value);
    let number = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0u64, |number, byte| number.saturating_mul(10).saturating_add(u64::from(byte - b'0')))
        .min(i64::MAX as u64);
    if value.starts_with(b"-") { number.wrapping_neg() } else { number }
}

/// Why there is no body.
#[derive(Debug)]
pub(crate) enum BodyError {
    TooLarge,
    Malformed(&'static str),
    Gone(io::Error),
}

impl From<io::Error> for BodyError {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

/// A connection's stream, with what was received and not read yet.
pub(crate) struct BufferedStream<S> {
    pub(crate) inner: S,
    received: BytesMut,
    tape: Option<Tape>,
}

impl<S: AsyncRead + Unpin> BufferedStream<S> {
    pub(crate) fn new(stream: S, tape: Option<Tape>) -> Self {
        Self { inner: stream, received: BytesMut::new(), tape }
    }

    /// The next head; nothing once the client has closed its side.
    pub(crate) async fn head(
        &mut self,
        busy: impl Fn(),
    ) -> io::Result<Result<Option<Head>, Malformed>> {
        let mut scanner = Scanner::default();
        loop {
            if !self.received.is_empty() {
                busy();
            }
            match scanner.scan(&self.received) {
                Err(malformed) => return Ok(Err(malformed)),
                Ok(Some(length)) => {
                    let head = scanner.finish(self.received.split_to(length).freeze());
                    if let Some(tape) = &self.tape {
                        tape.keep_head(head.bytes());
                    }
                    return Ok(Ok(Some(head)));
                }
                Ok(None) if self.fill().await? == 0 => return Ok(Ok(None)),
                Ok(None) => {}
            }
        }
    }

    /// The whole body, at most `limit` bytes of it.
    pub(crate) async fn body(
        &mut self,
        framing: Framing,
        limit: usize,
    ) -> Result<Bytes, BodyError> {
        match framing {
            Framing::Length(length) if length > limit as u64 => Err(BodyError::TooLarge),
            Framing::Length(length) => Ok(self.take(length as usize).await?),
            Framing::Chunked => self.chunks(limit).await,
            Framing::Lost => Err(BodyError::Malformed("The body was read before")),
        }
    }

    /// Returns whether anything is left of an unread body. Waits until that is known.
    pub(crate) async fn has_body(&mut self, framing: Framing) -> Result<bool, BodyError> {
        match framing {
            Framing::Length(0) => Ok(false),
            Framing::Length(_) => {
                while self.received.is_empty() {
                    self.fill_some().await?;
                }
                Ok(true)
            }
            Framing::Chunked => match self.chunks(0).await {
                Ok(_) => Ok(false),
                Err(BodyError::TooLarge) => Ok(true),
                Err(error) => Err(error),
            },
            Framing::Lost => Ok(true),
        }
    }

    /// Returns when the client closes its side, or resets the connection.
    pub(crate) async fn closed(&mut self) {
        while self.received.len() < 1 << 20 {
            if !matches!(self.fill().await, Ok(1..)) {
                return;
            }
        }
        // A client that sends this much ahead of a reply is alive.
        std::future::pending::<()>().await;
    }

    async fn chunks(&mut self, limit: usize) -> Result<Bytes, BodyError> {
        let mut body = BytesMut::new();
        loop {
            let line = self.line().await?;
            let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
            let size = std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| usize::from_str_radix(digits.trim(), 16).ok())
                .ok_or(BodyError::Malformed("Can't parse chunk size and extensions"))?;
            if size == 0 {
                // Trailers are read and dropped.
                while !self.line().await?.is_empty() {}
                return Ok(body.freeze());
            }
            // The server does not look ahead: the byte above the limit has to arrive.
            let room = limit.saturating_sub(body.len());
            body.extend_from_slice(&self.take(size.min(room.saturating_add(1))).await?);
            if body.len() > limit {
                return Err(BodyError::TooLarge);
            }
            if &self.take(2).await?[..] != b"\r\n" {
                return Err(BodyError::Malformed(
                    "The actual chunk length exceeds the specified length",
                ));
            }
        }
    }

    /// A line without its end.
    async fn line(&mut self) -> io::Result<Bytes> {
        loop {
            if let Some(end) = self.received.windows(2).position(|window| window == b"\r\n") {
                let line = self.received.split_to(end).freeze();
                let _ = self.received.split_to(2);
                return Ok(line);
            }
            self.fill_some().await?;
        }
    }

    async fn take(&mut self, length: usize) -> io::Result<Bytes> {
        self.received.reserve(length.saturating_sub(self.received.len()));
        while self.received.len() < length {
            self.fill_some().await?;
        }
        Ok(self.received.split_to(length).freeze())
    }

    async fn fill_some(&mut self) -> io::Result<()> {
        if self.fill().await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    async fn fill(&mut self) -> io::Result<usize> {
        if self.received.capacity() - self.received.len() < READ / 4 {
            self.received.reserve(READ);
        }
        let before = self.received.len();
        let read = self.inner.read_buf(&mut self.received).await?;
        if let Some(tape) = &self.tape {
            tape.keep(&self.received[before..]);
        }
        Ok(read)
    }
}
