//! The test cluster as clients see it: one program for all of it, as each links the whole emulator.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod cluster;
mod faults;
mod program;
mod raw;
mod tokens;
mod wire;
