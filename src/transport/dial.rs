//! How a connection to a node is made.

use std::net::SocketAddr;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower::Service;

use super::connection::Connection;
use super::stream::{Stream, Wire};
use super::tls::TlsClient;
use crate::error::{BoxError, ConnectError};

/// Whether connections to nodes go through a proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeProxy {
    /// Nodes are connected directly, whatever the environment says: the proxy of an office knows nothing of a cluster's
    /// addresses.
    #[default]
    Never,
    /// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` are obeyed, with a `CONNECT` tunnel to each node.
    FromEnvironment,
}

/// Makes the endpoints of nodes.
#[derive(Debug)]
pub(crate) struct Dialer {
    tls: Option<TlsClient>,
    proxy: Option<Arc<Matcher>>,
}

impl Dialer {
    pub(crate) fn new(tls: Option<TlsClient>, proxy: NodeProxy) -> Self {
        let proxy = match proxy {
            NodeProxy::Never => None,
            NodeProxy::FromEnvironment => Some(Arc::new(Matcher::from_env())),
        };
        Self { tls, proxy }
    }

    /// The endpoint of the node at `addr`; `name` is the seed's name, if that is how the node was found.
    pub(crate) fn endpoint(&self, addr: SocketAddr, name: Option<&str>) -> Endpoint {
        let dialed_as = name
            .and_then(|name| ServerName::try_from(name.to_owned()).ok())
            .unwrap_or_else(|| ServerName::IpAddress(addr.ip().into()));
        let tls = self.tls.as_ref().map(|tls| tls.for_node(dialed_as));
        Endpoint {
            addr,
            tls: tls.map(|(config, name)| (TlsConnector::from(config), name)),
            proxy: self.proxy.clone(),
        }
    }
}

/// Where a node is and how it is spoken to.
pub(crate) struct Endpoint {
    addr: SocketAddr,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    proxy: Option<Arc<Matcher>>,
}

impl Endpoint {
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    pub(crate) async fn connect(&self) -> Result<Connection, ConnectError> {
        let wire = match self.proxied() {
            None => connect_tcp(self.addr).await?,
            Some((proxy, node)) => tunnel(proxy, node).await.map_err(ConnectError::Proxy)?,
        };
        let stream = match &self.tls {
            None => Stream::Plain(wire),
            Some((tls, name)) => Stream::Tls(Box::new(
                tls.connect(name.clone(), wire)
                    .await
                    .map_err(ConnectError::Tls)?,
            )),
        };
        Connection::open(stream)
            .await
            .map_err(|e| ConnectError::Closed(e.into()))
    }

    fn proxied(&self) -> Option<(Intercept, Uri)> {
        let matcher = self.proxy.as_deref()?;
        let node: Uri = format!("{}://{}/", self.scheme(), self.addr).parse().ok()?;
        Some((matcher.intercept(&node)?, node))
    }
}

async fn connect_tcp(addr: SocketAddr) -> Result<Wire, ConnectError> {
    let tcp = TcpStream::connect(addr).await?;
    // A request is written whole; waiting for more would only delay it.
    tcp.set_nodelay(true)?;
    Ok(Wire::new(tcp))
}

async fn tunnel(proxy: Intercept, node: Uri) -> Result<Wire, BoxError> {
    let connect = tower::service_fn(|proxy: Uri| async move {
        let host = proxy.host().ok_or("the proxy has no host")?.to_owned();
        let port = proxy.port_u16().unwrap_or(80);
        let tcp = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
        tcp.set_nodelay(true)?;
        Ok::<_, BoxError>(TokioIo::new(Wire::new(tcp)))
    });
    let mut tunnel = Tunnel::new(proxy.uri().clone(), connect);
    if let Some(auth) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(auth.clone());
    }
    Ok(tunnel.call(node).await?.into_inner())
}
