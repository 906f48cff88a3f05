//! What routing by key costs and gains.
//!
//! `cargo bench --bench keys` prints lines `summary <measure> …`, and fails if a bound does not hold.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used
)]

mod cost;
// The parts that are not public, as they are in the library.
#[allow(unused_imports, reason = "its own tests use them")]
#[path = "../../src/key/mod.rs"]
mod key;
#[allow(unused_imports, reason = "its own tests use them")]
#[path = "../../src/order/mod.rs"]
mod order;

fn main() {
    let held = [cost::print()];
    if held.contains(&false) {
        std::process::exit(1);
    }
}
