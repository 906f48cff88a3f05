//! The atomics and locks of the files whose interleavings are tested: `loom/` includes such a file
//! by its path, with its own `crate::balance::sync` that has those of a model checker.

pub(crate) use std::sync::{Mutex, MutexGuard};

pub(crate) mod atomic {
    pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
}
