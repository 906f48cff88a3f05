//! A read that waits unusually long is sent to a second node as well, and the first good answer
//! wins.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::{Instant, timeout};

use crate::balance::hedge::Hedger;
use crate::dispatch::response::NodeResponse;
use crate::dynamodb::read::Read;
use crate::error::Error;

/// The shortest time after which a read that may not be hedged yet asks again.
const ASK_AGAIN: Duration = Duration::from_millis(1);

/// The answer of `first`, or, where that takes long, there `is_another` node and the budget allows
/// it, of `second` beside it: of whichever answers well first. Whatever else one of them comes to
/// is no reason not to wait for the other. The loser is dropped, and its request with it.
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
        // Where the budget allows none now, the slowest reads ask again, and get theirs before
        // others. They ask less often as time goes by, so that thousands which hang together are no
        // load.
        if is_another() && hedger.allow() {
            break;
        }
        delay = delay.max(ASK_AGAIN) * 5 / 4;
    }
    match select(first, pin!(second())).await {
        Either::Left((answered, _)) if worth(&answered) == Worth::Good => observed(answered),
        Either::Left((answered, second)) => better(answered, second.await),
        // The first would have taken longer than this.
        Either::Right((answered, _)) if worth(&answered) == Worth::Good => observed(answered),
        Either::Right((answered, first)) => better(observed(first.await), answered),
    }
}

/// What one prefers, the better one last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    Nothing,
    /// An error that tells of a request which may have been executed. It must not be hidden by one
    /// that says the opposite of the other request.
    Unclear,
    ServerError,
    /// The request's own fault, which another node would find too.
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
