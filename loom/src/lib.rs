//! Every interleaving of two threads in the files that have no locks, or more than a lock: a model
//! checker tries them all, and all that relaxed atomics allow.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p alternator-loom --target-dir target/loom`
#![cfg(all(loom, test))]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod health;
mod hedge;
mod load;

/// What the checked files name by their path in the library.
#[path = "."]
mod balance {
    #[path = "../../src/balance/moment.rs"]
    #[allow(dead_code)]
    pub(crate) mod moment;

    /// Used by the checked files in place of the standard library.
    pub(crate) mod sync {
        pub(crate) use loom::sync::{Mutex, MutexGuard};

        pub(crate) mod atomic {
            pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
        }
    }
}

/// Runs both at once, in every order.
fn side_by_side<A, B>(one: impl FnOnce() -> A, other: impl FnOnce() -> B + Send + 'static) -> (A, B)
where
    B: Send + 'static,
{
    let other = loom::thread::spawn(other);
    let one = one();
    (one, other.join().unwrap())
}
