//! What is not DynamoDB's goes untouched to where it was addressed, and nothing of it reaches a
//! node; what is DynamoDB's never goes anywhere else.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod addressed;
mod credentials;
mod dynamodb;
mod program;
mod server;
#[path = "../support/mod.rs"]
mod support;
