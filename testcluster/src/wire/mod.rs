//! A connection's bytes, in both directions: sockets, TLS, request heads and bodies, replies, and
//! the compression and signatures of bodies.

pub(crate) mod blackhole;
pub(crate) mod compression;
pub(crate) mod head;
pub(crate) mod records;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod sigv4;
pub(crate) mod socket;
pub(crate) mod tls;
