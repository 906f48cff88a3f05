//! Replies as Seastar puts them on the wire.

use std::borrow::Cow;

use bytes::Bytes;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::version::Version;

const DATE: &[BorrowedFormatItem<'static>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// The size of the pieces that Seastar's chunked stream writes.
const CHUNK: usize = 32_000;

/// The headers that an operator may turn off to save bytes.
#[derive(Clone, Debug)]
pub(crate) struct StandardHeaders {
    pub(crate) server: Option<String>,
    pub(crate) date: bool,
    pub(crate) content_type: bool,
}

impl StandardHeaders {
    pub(crate) fn of(version: Version) -> Self {
        let server = version.names_its_server().then(|| "Seastar httpd".to_owned());
        Self { server, date: true, content_type: true }
    }
}

/// A reply before it is bytes.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// In the order in which they were set.
    headers: Vec<(&'static str, Cow<'static, str>)>,
    body: Bytes,
    /// Whether a body comes with its type.
    typed: bool,
    pub(crate) chunked: bool,
}

/// A reply as bytes.
pub(crate) struct Encoded {
    pub(crate) bytes: Vec<u8>,
    /// Where the body begins.
    pub(crate) body: usize,
}

impl Encoded {
    /// Everything up to the middle of the body.
    pub(crate) fn half(&self) -> &[u8] {
        &self.bytes[..(self.body + self.bytes.len()) / 2]
    }
}

impl Reply {
    /// A reply without the standard headers, as Seastar sends without a handler.
    pub(crate) fn bare(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), typed: true, chunked: false }
    }

    /// An empty 200 with the standard headers.
    pub(crate) fn new(standard: &StandardHeaders) -> Self {
        let mut reply = Self::bare(200, Bytes::new());
        if let Some(server) = &standard.server {
            reply.set("Server", server.clone());
        }
        reply.typed = standard.content_type;
        if standard.date {
            reply.set("Date", OffsetDateTime::now_utc().format(DATE).unwrap_or_default());
        }
        reply
    }

    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) {
        self.headers.push((name, value.into()));
    }

    pub(crate) fn set_body(&mut self, content_type: &'static str, body: impl Into<Bytes>) {
        if self.typed {
            self.set("Content-Type", content_type);
        }
        self.body = body.into();
    }

    /// Seastar keeps headers in a hash map that is walked from the newest to the oldest, so the
    /// framing comes first.
    pub(crate) fn encode(&self, version: &str) -> Encoded {
        let mut bytes = Vec::with_capacity(256 + self.body.len());
        bytes.extend_from_slice(
            format!("HTTP/{version} {}\r\n", status_text(self.status)).as_bytes(),
        );
        if self.chunked {
            bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        } else {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        for (name, value) in self.headers.iter().rev() {
            for part in [name, ": ", value, "\r\n"] {
                bytes.extend_from_slice(part.as_bytes());
            }
        }
        bytes.extend_from_slice(b"\r\n");
        let body = bytes.len();
        if self.chunked {
            for chunk in self.body.chunks(CHUNK) {
                bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
        } else {
            bytes.extend_from_slice(&self.body);
        }
        Encoded { bytes, body }
    }
}

fn status_text(status: u16) -> Cow<'static, str> {
    Cow::Borrowed(match status {
        100 => "100 Continue",
        200 => "200 OK",
        301 => "301 Moved Permanently",
        302 => "302 Found",
        307 => "307 Temporary Redirect",
        400 => "400 Bad Request",
        401 => "401 Unauthorized",
        403 => "403 Forbidden",
        404 => "404 Not Found",
        408 => "408 Request Timeout",
        413 => "413 Content Too Large",
        429 => "429 Too Many Requests",
        500 => "500 Internal Server Error",
        501 => "501 Not Implemented",
        502 => "502 Bad Gateway",
        503 => "503 Service Unavailable",
        504 => "504 Gateway Timeout",
        other => return Cow::Owned(other.to_string()),
    })
}
