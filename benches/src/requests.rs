//! Requests, one after another or many at once, on one thread.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

/// Returns a runtime on this thread.
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// How long so many calls take of which as many as `concurrency` are under way.
pub async fn repeat(call: impl AsyncFn(), concurrency: usize, requests: usize) -> Duration {
    let begun = Instant::now();
    let each = async |n: usize| {
        for _ in 0..n {
            call().await;
        }
    };
    if concurrency == 1 {
        each(requests).await;
        return begun.elapsed();
    }
    let per_worker = requests.div_ceil(concurrency);
    futures_util::future::join_all((0..concurrency).map(|_| each(per_worker))).await;
    // What the asked number would have taken.
    begun.elapsed().mul_f64(requests as f64 / (per_worker * concurrency) as f64)
}
