//! One node's server: it accepts connections, reads requests, checks and executes them, and
//! replies.
//!
//! It is not hyper's, which is more lenient than Seastar in some places and stricter in others, and
//! hides the moments at which a fault has to strike.

mod api;
mod connection;
pub(crate) mod contention;
mod coordination;
mod listener;
pub(crate) mod permissions;
pub(crate) mod process;
mod routes;
pub(crate) mod settings;
pub(crate) mod state;
