//! What the benchmarks share: clients, a node in a process of its own, and what a request costs.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod clients;
pub mod cost;
pub mod requests;
pub mod server;
