//! Reads and writes go on while nodes fail in every way there is, by a schedule drawn from a seed.
//! Whatever happened, nothing is lost, doubled or leaked, and once all is well again every node
//! serves.
//!
//! `SOAK_SEED=7 cargo test --test soak` runs the schedule of one seed with
//! every setup.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod holdings;
mod recovery;
mod runs;
mod schedule;
mod stage;
#[path = "../support/mod.rs"]
mod support;
mod trouble;
mod verdict;
mod workload;
