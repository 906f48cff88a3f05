//! The cluster's own threads. The API is synchronous and must work inside any runtime and outside
//! of all, so what has to happen on a socket is sent to these threads and waited for over a plain
//! channel.

use std::io;
use std::sync::mpsc;

use tokio::runtime::{Builder, Handle, Runtime};

/// Deeply nested expressions are parsed by recursion in the store; the default of 2 MiB is not
/// enough for hostile ones.
const STACK: usize = 32 << 20;

pub(crate) struct Threads(Option<Runtime>);

impl Threads {
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("testcluster")
            .thread_stack_size(STACK)
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    pub(crate) fn handle(&self) -> Handle {
        #[expect(clippy::expect_used, reason = "the runtime is only taken in drop")]
        self.0.as_ref().expect("the runtime lives as long as its owner").handle().clone()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // An ordinary drop waits, and panics where waiting is forbidden: inside a runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs `work` on the cluster's threads and waits for it; `None` once the cluster is gone.
pub(crate) fn wait_for<T: Send + 'static>(
    threads: &Handle,
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let (done, result) = mpsc::sync_channel(1);
    threads.spawn(async move {
        // The caller waits until this arrives.
        let _ = done.send(work.await);
    });
    result.recv().ok()
}
