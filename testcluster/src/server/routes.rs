//! The four routes, and the reply to everything else.

use super::coordination;
use crate::wire::head::Head;
use crate::wire::reply::Reply;

/// The headers of a reply that scripts of other origins may read, as DynamoDB has them.
const EXPOSED: &str = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date";

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `POST /`, with the operation that `X-Amz-Target` names.
    Api(String),
    /// `GET /`
    Health,
    /// `GET /localnodes`
    LocalNodes,
    /// `OPTIONS /`
    Preflight,
    NotFound,
}

impl Route {
    pub(crate) fn of(head: &Head) -> Self {
        match (&*head.method(), &*head.path()) {
            ("POST", "/") => Self::Api(operation(head)),
            ("OPTIONS", "/") => Self::Preflight,
            ("POST" | "OPTIONS" | "PUT" | "DELETE" | "HEAD" | "TRACE" | "CONNECT" | "PATCH", _) => {
                Self::NotFound
            }
            // Methods that Seastar does not know count as GET.
            (_, "/") => Self::Health,
            (_, "/localnodes") => Self::LocalNodes,
            _ => Self::NotFound,
        }
    }

    /// Counts a request under the name of its route.
    pub(crate) fn count(&self, head: &Head, count: impl FnOnce(&str)) {
        match self {
            Self::Api(operation) => count(operation),
            Self::Health => count("GET /"),
            Self::LocalNodes => count("GET /localnodes"),
            Self::Preflight => count("OPTIONS /"),
            Self::NotFound => count(&format!("{} {}", head.method(), head.path())),
        }
    }
}

/// Everything after the first dot of the target; the API version before it is ignored.
fn operation(head: &Head) -> String {
    let target = head.get_text("X-Amz-Target");
    target.split_once('.').map_or_else(String::new, |(_, operation)| operation.to_owned())
}

/// The reply to `GET /`, which repeats the Host header.
pub(crate) fn health(mut reply: Reply, head: &Head) -> Reply {
    let mut body = b"healthy: ".to_vec();
    body.extend_from_slice(&head.get("Host").unwrap_or_default());
    reply.set_body("text/plain", body);
    reply
}

/// The reply to `OPTIONS /`.
pub(crate) fn preflight(mut reply: Reply, head: &Head) -> Reply {
    if head.get("Origin").is_some_and(|origin| !origin.is_empty()) {
        for (allow, request) in [
            ("Access-Control-Allow-Headers", "Access-Control-Request-Headers"),
            ("Access-Control-Allow-Methods", "Access-Control-Request-Method"),
        ] {
            let requested = head.get_text(request);
            if !requested.is_empty() {
                reply.set(allow, requested);
            }
        }
        reply.set("Access-Control-Max-Age", "7200");
    }
    reply.set_body("text/plain", "");
    reply
}

/// Sets the headers for scripts of another origin, which may also read the routing header where it
/// is sent.
pub(crate) fn allow_origin(reply: &mut Reply, head: &Head, tells_of_routing: bool) {
    if head.get("Origin").is_some_and(|origin| !origin.is_empty()) {
        reply.set("Access-Control-Allow-Origin", "*");
        if tells_of_routing {
            let exposed = format!("{EXPOSED},{}", coordination::ROUTING);
            reply.set("Access-Control-Expose-Headers", exposed);
        } else {
            reply.set("Access-Control-Expose-Headers", EXPOSED);
        }
    }
}

pub(crate) fn not_found() -> Reply {
    let mut reply = Reply::bare(404, r#"{"message": "Not found", "code": 404}"#);
    reply.set("Content-Type", "application/json");
    reply
}
