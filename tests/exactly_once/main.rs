//! Every request is executed exactly once if it succeeded and at most once if it failed, whatever
//! goes wrong with a node and whenever.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod closing;
mod retries;
mod sent;
mod told;
mod trial;
mod under_way;
mod unsent;
