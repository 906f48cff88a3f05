//! One node's server: it accepts connections, reads requests, checks and executes them, and
//! replies.

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
