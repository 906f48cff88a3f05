//! A simulation of clients and nodes, seeded and without sockets, which runs the connector's own
//! rules for choosing nodes and for leaving them alone. It shows what faults cost, and that they
//! cost no more than they may.
//!
//! `cargo test --lib simulator -- --nocapture` prints what was measured.
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
