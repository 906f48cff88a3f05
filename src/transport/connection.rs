//! One HTTP/1.1 connection, driven by the request that uses it.
//!
//! hyper splits a connection into a handle and a driver that is usually spawned as a task. Here the
//! request that holds the connection polls the driver itself: no task to wake for every request,
//! none to leak, and a dropped request takes its connection with it at once.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::runtime::{self, Handle};
use tokio::time::Instant;

use super::stream::{Socket, Stream};
use crate::error::BoxError;

/// A request that got no response.
#[derive(Debug)]
pub(crate) enum SendError {
    /// Nothing of the request was written: here it is back, without its body.
    Unsent(Box<http::request::Parts>, BoxError),
    /// Some of it was written, so the node may have executed it.
    Sent(BoxError),
}

/// A handle of a response's connection, for the caller.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionInfo(Weak<Socket>);

impl ConnectionInfo {
    /// Forbids further use of the connection.
    pub(crate) fn poison(&self) {
        if let Some(socket) = self.0.upgrade() {
            socket.poison();
        }
    }

    /// Bytes that were written to it.
    pub(crate) fn written(&self) -> u64 {
        self.0.upgrade().map_or(0, |socket| socket.written())
    }

    pub(crate) fn remote_addr(&self) -> Option<SocketAddr> {
        self.0.upgrade()?.remote_addr()
    }

    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        self.0.upgrade()?.local_addr()
    }
}

type Driver = Box<http1::Connection<TokioIo<Stream>, Full<Bytes>>>;

pub(crate) struct Connection {
    handle: http1::SendRequest<Full<Bytes>>,
    /// Boxed, because connections move in and out of pools and bodies. `None` once it has ended: a
    /// request that it had not taken yet comes back when it is dropped, and would wait forever if
    /// it were kept.
    driver: Option<Driver>,
    socket: Arc<Socket>,
    /// The runtime whose reactor the socket is registered with; on another one it might never be
    /// woken.
    pub(super) runtime: runtime::Id,
    pub(super) idle_since: Instant,
}

impl Connection {
    pub(crate) async fn open(stream: Stream) -> Result<Self, hyper::Error> {
        let socket = Arc::clone(stream.socket());
        let (handle, driver) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Self {
            handle,
            driver: Some(Box::new(driver)),
            socket,
            runtime: Handle::current().id(),
            idle_since: Instant::now(),
        })
    }

    pub(crate) fn poison(&self) {
        self.socket.poison();
    }

    pub(crate) fn info(&self) -> ConnectionInfo {
        ConnectionInfo(Arc::downgrade(&self.socket))
    }

    pub(super) fn socket(&self) -> Arc<Socket> {
        Arc::clone(&self.socket)
    }

    pub(super) fn is_on(&self, socket: &Arc<Socket>) -> bool {
        Arc::ptr_eq(&self.socket, socket)
    }

    /// Writes the request and waits for the response head.
    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, SendError> {
        let before = self.socket.written();
        let mut answer = std::pin::pin!(self.handle.try_send_request(request));
        let mut error = match std::future::poll_fn(|cx| {
            let _ = drive(&mut self.driver, cx);
            answer.as_mut().poll(&mut unwoken())
        })
        .await
        {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        let unsent = match error.take_message() {
            Some(request) => Some(request.into_parts().0),
            None if self.socket.written() == before => parse_head(&self.socket.take_unsent()),
            None => None,
        };
        let error = error.into_error().into();
        Err(match unsent {
            Some(head) => SendError::Unsent(Box::new(head), error),
            None => SendError::Sent(error),
        })
    }

    /// Polls the connection to read and write what it can.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        drive(&mut self.driver, cx)
    }

    /// Returns whether the last response was read whole and nothing forbids another request.
    pub(crate) fn is_reusable(&self) -> bool {
        self.driver.is_some() && self.handle.is_ready() && !self.socket.is_poisoned()
    }

    /// Returns whether another request can be sent now: reusable, and not closed by the node.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_reusable() && self.socket.is_quiet()
    }

    /// Returns whether another request can be sent on a connection that was idle. Bytes that have
    /// arrived on it need not be its end: a TLS server may send session tickets at any time, in
    /// particular before the first request.
    pub(crate) fn is_usable(&mut self) -> bool {
        self.is_ready() || (self.settle() && self.is_ready())
    }

    /// Ends the use of the connection, so that it no longer wakes its last user, and returns
    /// whether it can be used again.
    pub(crate) fn settle(&mut self) -> bool {
        let _ = self.drive(&mut unwoken());
        self.is_reusable()
    }
}

fn drive(driver: &mut Option<Driver>, cx: &mut Context<'_>) -> Poll<()> {
    let Some(running) = driver else {
        return Poll::Ready(());
    };
    // An error of the connection reaches the request that waits for a response on it.
    let polled = Pin::new(running).poll(cx).map(|_| ());
    if polled.is_ready() {
        *driver = None;
    }
    polled
}

/// Polls a future that only becomes ready by driving the connection. A wake-up would only make the
/// caller, which drives it anyway, poll once more.
pub(super) fn unwoken() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Rebuilds a request's head from the bytes that hyper made of it, which is cheaper than a copy of
/// each that is sent.
fn parse_head(bytes: &[u8]) -> Option<http::request::Parts> {
    let lines = bytes.iter().filter(|b| **b == b'\n').count();
    let mut headers = vec![httparse::EMPTY_HEADER; lines];
    let mut head = httparse::Request::new(&mut headers);
    head.parse(bytes).ok()?.is_complete().then_some(())?;
    let mut request = Request::builder().method(head.method?).uri(head.path?);
    for header in head.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        request = request.header(name, HeaderValue::from_bytes(header.value).ok()?);
    }
    Some(request.body(()).ok()?.into_parts().0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use socket2::SockRef;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    use super::super::stream::Wire;
    use super::*;

    #[test]
    fn a_head_is_rebuilt_as_it_was_written() {
        let written = b"POST / HTTP/1.1\r\ncontent-type: application/x-amz-json-1.0\r\n\
            authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=c;d\r\nx-twice: 1\r\nx-twice: 2\r\n\
            x-high: \xe9\r\nhost: [2001:db8::7]:8000\r\n\r\n{\"a\": 1}";
        let rebuilt = parse_head(written).unwrap();
        let mut again =
            format!("{} {} {:?}\r\n", rebuilt.method, rebuilt.uri, rebuilt.version).into_bytes();
        for (name, value) in &rebuilt.headers {
            again.extend_from_slice(name.as_str().as_bytes());
            again.extend_from_slice(b": ");
            again.extend_from_slice(value.as_bytes());
            again.extend_from_slice(b"\r\n");
        }
        again.extend_from_slice(b"\r\n{\"a\": 1}");
        assert_eq!(again, written);
    }

    #[test]
    fn half_a_head_is_not_rebuilt() {
        assert!(parse_head(b"POST / HTTP/1.1\r\ncontent-type: app").is_none());
    }

    fn request() -> Request<Full<Bytes>> {
        Request::get("/").header("host", "a").body(Full::default()).unwrap()
    }

    /// A connection that its peer has closed, which has not been read yet.
    async fn ended(end: impl FnOnce(TcpStream)) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap());
        let (tcp, accepted) = tokio::join!(tcp, listener.accept());
        let wire = Wire::new(tcp.unwrap());
        let mut connection = Connection::open(Stream::Plain(wire)).await.unwrap();
        let mut peer = accepted.unwrap().0;
        let exchange = async {
            peer.read_exact(&mut [0; 27]).await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            peer.write_all(answer).await.unwrap();
        };
        let (answered, ()) = tokio::join!(connection.send(request()), exchange);
        drop(answered.unwrap());
        assert!(connection.settle() && connection.is_ready());
        end(peer);
        while connection.is_ready() {
            tokio::task::yield_now().await;
        }
        // The runtime has noticed it too once a timer that was set afterwards has fired.
        tokio::time::sleep(Duration::from_millis(1)).await;
        connection
    }

    /// The end may come between the last check of the connection and the request.
    async fn comes_back(mut connection: Connection) {
        let sent =
            timeout(Duration::from_secs(10), connection.send(request())).await.expect("it ends");
        let Err(SendError::Unsent(head, _)) = sent else {
            panic!("{sent:?}");
        };
        assert_eq!((head.method.as_str(), head.headers["host"].as_bytes()), ("GET", &b"a"[..]));
        assert!(!connection.is_reusable());
    }

    #[tokio::test]
    async fn a_request_on_a_closed_connection_comes_back() {
        comes_back(ended(drop).await).await;
    }

    #[tokio::test]
    async fn a_request_on_a_reset_connection_comes_back() {
        let reset = |tcp: TcpStream| {
            SockRef::from(&tcp).set_linger(Some(Duration::ZERO)).unwrap();
        };
        comes_back(ended(reset).await).await;
    }
}
