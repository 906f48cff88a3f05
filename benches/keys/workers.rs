//! Many at once, each doing one thing after another.

use futures_util::future::join_all;

/// Each of so many workers, by its number.
pub(crate) async fn all<T>(workers: usize, work: impl AsyncFn(usize) -> T) -> Vec<T> {
    join_all((0..workers).map(|worker| work(worker))).await
}
