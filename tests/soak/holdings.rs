//! What the process holds that can leak.

use std::fs;

use tokio::runtime::Handle;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Holdings {
    /// Open file descriptors; none where the system does not tell.
    pub(crate) descriptors: usize,
    /// Tasks of this runtime that have not ended.
    pub(crate) tasks: usize,
}

impl Holdings {
    pub(crate) fn now() -> Self {
        Self {
            descriptors: fs::read_dir("/proc/self/fd").map_or(0, Iterator::count),
            tasks: Handle::current().metrics().num_alive_tasks(),
        }
    }
}
