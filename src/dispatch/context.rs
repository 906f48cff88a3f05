//! What a client made with `dynamodb_config` tells the connector of a request, which other clients
//! say in headers.

use http::{HeaderMap, HeaderValue, header};

use crate::dispatch::attempts::Attempt;
use crate::dispatch::route::Route;

/// An extension of the request.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext {
    pub(crate) attempt: Attempt,
    /// It is not signed, and so not sent through the SDK, which would copy it.
    pub(crate) user_agent: Option<HeaderValue>,
    pub(crate) route: Option<Route>,
}

impl RequestContext {
    /// Completes the headers of the request, and says which attempt it is and where it belongs.
    pub(crate) fn complete(self, headers: &mut HeaderMap) -> (Attempt, Option<Route>) {
        if let Some(user_agent) = self.user_agent {
            headers.entry(header::USER_AGENT).or_insert(user_agent);
        }
        (self.attempt, self.route)
    }
}
