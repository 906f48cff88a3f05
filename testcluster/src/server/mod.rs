//! One node's server: it accepts connections, reads requests, checks and executes them, and
//! replies.

pub(crate) mod api;
pub(crate) mod connection;
pub(crate) mod contention;
pub(crate) mod coordination;
pub(crate) mod door;
pub(crate) mod permissions;
pub(crate) mod routes;
