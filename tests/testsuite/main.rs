//! What the connector does for its users, shown on real sockets: one program for all of it, as each
//! program links the whole SDK.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod balancing;
mod compression;
mod discovery;
mod economy;
mod exactly_once;
mod lifecycle;
mod pass_through;
mod routing;
mod scopes;
mod signing;
mod steady;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod vanish;
