//! Hedging of one read: if it waits unusually long, it is sent to a second node as well, and the
//! first good response wins.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::{Instant, timeout};

use crate::balance::hedge::Hedger;
use crate::dispatch::response::NodeResponse;
use crate::dynamodb::read::Read;
use crate::error::Error;

/// Minimum delay before a read that the budget refused asks again.
const MIN_DELAY: Duration = Duration::from_millis(1);

/// Returns the response of `first`. If that takes long, `is_another` node is available and the
/// budget allows it, `second` runs beside it, and the first good response is returned; if one
/// fails, the other is still waited for. The loser is dropped, and its request with it.
pub(crate) async fn hedged<F, S>(
    hedger: &Hedger,
    read: Read,
    first: F,
    is_another: impl Fn() -> bool,
    second: impl FnOnce() -> S,
) -> Result<NodeResponse, Error>
where
    F: Future<Output = Result<NodeResponse, Error>>,
    S: Future<Output = Result<NodeResponse, Error>>,
{
    let begun = Instant::now();
    let observed = |answered| {
        if worth(&answered) == Worth::Good {
            hedger.observe(read, begun.elapsed());
        }
        answered
    };
    let mut first = pin!(first);
    let Some(mut delay) = hedger.due(read) else {
        return observed(first.await);
    };
    loop {
        if let Ok(answered) = timeout(delay, &mut first).await {
            return observed(answered);
        }
        // If the budget allows no hedge now, the slowest reads ask again, and get theirs before
        // others. They ask less often as time goes by, so that thousands of hanging reads cause no
        // load.
        if is_another() && hedger.allow() {
            break;
        }
        delay = delay.max(MIN_DELAY) * 5 / 4;
    }
    match select(first, pin!(second())).await {
        Either::Left((answered, _)) if worth(&answered) == Worth::Good => observed(answered),
        Either::Left((answered, second)) => better(answered, second.await),
        // The first would have taken longer than this.
        Either::Right((answered, _)) if worth(&answered) == Worth::Good => observed(answered),
        Either::Right((answered, first)) => better(observed(first.await), answered),
    }
}

/// Quality of a response, the best last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    Nothing,
    /// An error that tells of a request which may have been executed. It must not be hidden by one
    /// that says the opposite of the other request.
    Unclear,
    ServerError,
    /// The request's own fault: another node would respond the same.
    ClientError,
    Good,
}

fn worth(answered: &Result<NodeResponse, Error>) -> Worth {
    match answered {
        Ok((response, _)) if response.status().is_success() => Worth::Good,
        Ok((response, _)) if response.status().is_server_error() => Worth::ServerError,
        Ok(_) => Worth::ClientError,
        Err(error) if error.may_have_been_executed() => Worth::Unclear,
        Err(_) => Worth::Nothing,
    }
}

fn better(
    first: Result<NodeResponse, Error>,
    second: Result<NodeResponse, Error>,
) -> Result<NodeResponse, Error> {
    if worth(&second) > worth(&first) { second } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_may_have_been_executed_is_told_of_whichever_it_is() {
        let unsent = || Err(Error::Unreachable { tried: Vec::new() });
        let sent = || {
            let node = ([10, 0, 0, 1], 8000).into();
            Err(Error::Unanswered { node, source: "reset".into() })
        };
        for (first, second) in [(unsent(), sent()), (sent(), unsent()), (sent(), sent())] {
            let told = better(first, second).err();
            assert!(told.is_some_and(|error| error.may_have_been_executed()));
        }
        let told = better(unsent(), unsent()).err();
        assert!(told.is_some_and(|error| !error.may_have_been_executed()));
    }
}
