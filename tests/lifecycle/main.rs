//! How a connector lives: under which runtimes, for how long, with how many connections, and what
//! becomes of all that when someone loses patience.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod configuration;
mod ending;
mod limits;
mod patience;
mod runtimes;
mod service;
