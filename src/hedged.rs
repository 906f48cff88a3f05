//! A read that waits unusually long is sent to a second node as well, and the first good answer wins.

use std::pin::pin;

use futures_util::future::{Either, select};
use tokio::time::{Instant, timeout};

use crate::answer::Answered;
use crate::error::Error;
use crate::hedge::{Hedger, Read};

/// The answer of `first`, or, where that takes long and the budget allows it, of `second` beside it: of whichever answers well
/// first. Whatever else one of them comes to is no reason not to wait for the other. The loser is dropped, and its request
/// with it. `second` is asked for when it is due, and may be nothing if there is nobody to send it to.
pub(crate) async fn hedged<F, S>(
    hedger: &Hedger,
    read: Read,
    first: F,
    second: impl Fn() -> Option<S>,
) -> Result<Answered, Error>
where
    F: Future<Output = Result<Answered, Error>>,
    S: Future<Output = Result<Answered, Error>>,
{
    let begun = Instant::now();
    let observed = |answered| {
        if is_good(&answered) {
            hedger.observe(read, begun.elapsed());
        }
        answered
    };
    let mut first = pin!(first);
    let Some(mut delay) = hedger.due(read) else {
        return observed(first.await);
    };
    let second = loop {
        if let Ok(answered) = timeout(delay, &mut first).await {
            return observed(answered);
        }
        // Where the budget allows none now, the slowest reads ask again, and get theirs before others. They ask less often as
        // time goes by, so that thousands which hang together are no load.
        if let Some(second) = second()
            && hedger.allow()
        {
            break second;
        }
        delay = delay * 5 / 4;
    };
    match select(first, pin!(second)).await {
        Either::Left((answered, _)) if is_good(&answered) => observed(answered),
        Either::Left((failed, second)) => Some(second.await).filter(is_good).unwrap_or(failed),
        // The first would have taken longer than this.
        Either::Right((answered, _)) if is_good(&answered) => observed(answered),
        Either::Right((_, first)) => observed(first.await),
    }
}

fn is_good(answered: &Result<Answered, Error>) -> bool {
    answered
        .as_ref()
        .is_ok_and(|(response, _)| response.status().is_success())
}
