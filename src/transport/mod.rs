//! Connections to nodes: how one is made, used, kept and given up.

mod body;
mod connection;
mod dial;
mod keepalive;
pub(crate) mod pool;
mod stream;
mod tls;

pub(crate) use body::NodeBody;
pub(crate) use connection::{ConnectionInfo, SendError};
pub(crate) use dial::Dialer;
pub use dial::NodeProxy;
pub(crate) use keepalive::Keepalive;
pub(crate) use pool::{Lease, Pool, PoolLimits};
pub use tls::Tls;
