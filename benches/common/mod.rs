//! What the benchmarks share: clients, a node in a process of its own, and what a request costs.
#![allow(dead_code)] // Each benchmark uses a part of it.

pub(crate) mod clients;
pub(crate) mod cost;
pub(crate) mod requests;
pub(crate) mod server;
