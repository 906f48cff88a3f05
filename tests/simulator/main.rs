//! A simulation of clients and nodes, seeded and without sockets, which runs the connector's own
//! rules for choosing nodes and for leaving them alone. It shows what faults cost, and that they
//! cost no more than they may.
//!
//! `cargo test --test simulator -- --nocapture` prints what was measured.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[path = "../../src/health/mod.rs"]
#[allow(dead_code)]
mod health;
#[path = "../../src/load/mod.rs"]
#[allow(dead_code)]
mod load;
#[path = "../../src/moment.rs"]
#[allow(dead_code)]
mod moment;
#[allow(dead_code)]
#[path = "../../src/policy/mod.rs"]
mod policy;
#[path = "../../src/sync.rs"]
mod sync;

/// What the files above use of the connector's options, which other crates cannot match
/// exhaustively.
mod config {
    #[derive(Clone, Copy, Debug)]
    pub(crate) enum Policy {
        PeakEwma,
        RoundRobin,
        Random,
    }
}

mod attempt;
mod background;
mod calls;
mod client;
mod evenness;
mod events;
mod faults;
mod nodes;
mod recovery;
mod report;
mod row;
mod server;
mod setting;
mod users;
mod world;
