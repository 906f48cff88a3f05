//! What a `dynamodb_config` client passes to the connector with a request, and other clients send
//! in headers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use http::{HeaderMap, HeaderValue, header};

use crate::dispatch::attempts::{Attempt, Invocation};
use crate::dispatch::route::Route;

impl Invocation {
    /// Returns a new one, different from all before it.
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Relaxed))
    }
}

/// An extension of the request.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext {
    pub(crate) attempt: Attempt,
    /// Not signed, and passed here because the SDK would copy the header.
    pub(crate) user_agent: Option<HeaderValue>,
    pub(crate) route: Option<Route>,
}

impl RequestContext {
    /// Adds the user agent to the request's headers, and returns its attempt and route.
    pub(crate) fn complete(self, headers: &mut HeaderMap) -> (Attempt, Option<Route>) {
        if let Some(user_agent) = self.user_agent {
            headers.entry(header::USER_AGENT).or_insert(user_agent);
        }
        (self.attempt, self.route)
    }
}
