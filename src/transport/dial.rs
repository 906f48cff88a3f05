//! Connecting to a node: address, proxy and TLS.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::connection::Connection;
use super::keepalive::Keepalive;
use super::stream::{Stream, Wire};
use super::tls::TlsClient;
use crate::error::{BoxError, ConnectError};

/// Whether connections to nodes go through a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeProxy {
    /// Nodes are connected directly, whatever the environment says: the proxy of an office knows
    /// nothing of a cluster's addresses.
    #[default]
    Never,
    /// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` are obeyed, with a `CONNECT` tunnel
    /// to each node. The proxies must be `http` ones: an `https` or SOCKS proxy is an error, as
    /// going without it may not be what was meant.
    FromEnvironment,
}

/// Makes the endpoints of nodes.
#[derive(Debug)]
pub(crate) struct Dialer {
    tls: Option<TlsClient>,
    proxy: Option<Arc<Matcher>>,
    keepalive: Option<Keepalive>,
}

impl Dialer {
    pub(crate) fn new(tls: Option<TlsClient>, proxy: NodeProxy) -> Self {
        let proxy = match proxy {
            NodeProxy::Never => None,
            NodeProxy::FromEnvironment => Some(Arc::new(Matcher::from_env())),
        };
        Self { tls, proxy, keepalive: None }
    }

    /// Sets TCP keep-alive, or turns it off.
    pub(crate) fn with_keepalive(self, keepalive: Option<Keepalive>) -> Self {
        Self { keepalive, ..self }
    }

    /// Returns the endpoint of the node at `addr`; `name` is the seed's name, if the node was found
    /// by resolving it.
    pub(crate) fn endpoint(&self, addr: SocketAddr, name: Option<&str>) -> Endpoint {
        let dialed_as = name
            .and_then(|name| ServerName::try_from(name.to_owned()).ok())
            .unwrap_or_else(|| ServerName::IpAddress(addr.ip().into()));
        let tls = self.tls.as_ref().map(|tls| tls.for_node(dialed_as));
        Endpoint {
            addr,
            tls: tls.map(|(config, name)| (TlsConnector::from(config), name)),
            proxy: self.proxy.clone(),
            keepalive: self.keepalive,
        }
    }
}

/// The address of a node and how to connect to it.
pub(crate) struct Endpoint {
    addr: SocketAddr,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    proxy: Option<Arc<Matcher>>,
    keepalive: Option<Keepalive>,
}

impl Endpoint {
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    pub(crate) async fn connect(&self) -> Result<Connection, ConnectError> {
        let wire = match self.proxied().map_err(|source| ConnectError::Proxy { source })? {
            None => connect_tcp(self.addr, self.keepalive)
                .await
                .map_err(|source| ConnectError::Io { source })?,
            Some((proxy, node)) => tunnel(proxy, node, self.keepalive)
                .await
                .map_err(|source| ConnectError::Proxy { source })?,
        };
        let stream = match &self.tls {
            None => Stream::Plain(wire),
            Some((tls, name)) => Stream::Tls(Box::new(
                tls.connect(name.clone(), wire)
                    .await
                    .map_err(|source| ConnectError::Tls { source })?,
            )),
        };
        Connection::open(stream).await.map_err(|e| ConnectError::Closed { source: e.into() })
    }

    /// Returns the proxy for this node, if there is one, and the node as named to the proxy.
    fn proxied(&self) -> Result<Option<(Intercept, Uri)>, BoxError> {
        let Some(matcher) = self.proxy.as_deref() else {
            return Ok(None);
        };
        // A zone is not valid in a URI, and means nothing to a proxy.
        let addr = SocketAddr::new(self.addr.ip(), self.addr.port());
        let node: Uri = format!("{}://{addr}/", self.scheme()).parse()?;
        let Some(proxy) = matcher.intercept(&node) else {
            return Ok(None);
        };
        if proxy.uri().scheme() != Some(&Scheme::HTTP) {
            let what = "only http proxies are supported, and the environment names";
            return Err(format!("{what} {}", proxy.uri()).into());
        }
        if addr != self.addr {
            return Err("it cannot reach an IPv6 zone; add the address to NO_PROXY".into());
        }
        Ok(Some((proxy, node)))
    }
}

async fn connect_tcp(addr: impl ToSocketAddrs, keepalive: Option<Keepalive>) -> io::Result<Wire> {
    let tcp = TcpStream::connect(addr).await?;
    // A request is written whole; waiting for more would only delay it.
    tcp.set_nodelay(true)?;
    if let Some(keepalive) = keepalive {
        // A system without such options can still connect.
        if let Err(error) = keepalive.watch(&tcp) {
            tracing::debug!(%error, "a host that vanishes will be noticed late");
        }
    }
    Ok(Wire::new(tcp))
}

async fn tunnel(
    proxy: Intercept,
    node: Uri,
    keepalive: Option<Keepalive>,
) -> Result<Wire, BoxError> {
    let mut tunnel = Tunnel::new(proxy.uri().clone(), ProxyTcp { keepalive });
    if let Some(auth) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(auth.clone());
    }
    Ok(tunnel.call(node).await?.into_inner())
}

/// Connects a tunnel to its proxy.
struct ProxyTcp {
    keepalive: Option<Keepalive>,
}

impl Service<Uri> for ProxyTcp {
    type Response = TokioIo<Wire>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, proxy: Uri) -> Self::Future {
        let keepalive = self.keepalive;
        Box::pin(async move {
            let host = proxy.host().ok_or("the proxy has no host")?;
            let port = proxy.port_u16().unwrap_or(80);
            let wire = connect_tcp((host.trim_matches(['[', ']']), port), keepalive).await?;
            Ok(TokioIo::new(wire))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::explain;

    fn endpoint(addr: &str, proxy: &str, no: &str) -> Endpoint {
        Endpoint {
            addr: addr.parse().unwrap(),
            tls: None,
            proxy: Some(Arc::new(Matcher::builder().all(proxy).no(no).build())),
            keepalive: None,
        }
    }

    #[tokio::test]
    async fn a_proxy_that_does_not_speak_http_is_an_error() {
        for scheme in ["socks4", "socks5", "socks5h", "https"] {
            let proxy = format!("{scheme}://user:secret@10.0.0.9:1080");
            let error = endpoint("10.0.0.1:8000", &proxy, "").connect().await.err().unwrap();
            assert!(matches!(error, ConnectError::Proxy { .. }), "{error}");
            let error = explain(&error);
            assert!(error.contains("only http proxies"), "{error}");
            assert!(error.contains("10.0.0.9") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_node_is_connected_directly_only_where_no_proxy_is_for_it() {
        let proxied = |addr, no| endpoint(addr, "http://10.0.0.9:3128", no).proxied();
        assert!(proxied("10.0.0.1:8000", "").unwrap().is_some());
        assert!(proxied("10.0.0.1:8000", "10.0.0.0/8").unwrap().is_none());
        let error = proxied("[fe80::1%2]:8000", "").err().unwrap();
        assert!(error.to_string().contains("zone"), "{error}");
        assert!(proxied("[fe80::1%2]:8000", "fe80::1").unwrap().is_none());
    }
}
