//! What the benchmarks share: arguments, clients, a node in a process of its own, what a request
//! costs, and what the measurements come to.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod arguments;
pub mod clients;
pub mod cores;
pub mod cost;
pub mod figures;
pub mod requests;
pub mod server;
