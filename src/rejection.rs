//! What an error response of the status 400 and its like says: whether it is about the request, or
//! about the node that refuses it.

use http::StatusCode;

/// Number of bytes at the beginning, and at the end, in which an error's type is looked for. The
/// server writes it first, except after the item of a failed condition, which may be large.
const SEEN: usize = 256;

/// Errors that are about the node, if others accept the like: its clock, its roles, its tables.
const OF_NODE: [&[u8]; 7] = [
    b"AccessDeniedException",
    b"ExpiredTokenException",
    b"IncompleteSignatureException",
    b"InvalidSignatureException",
    b"MissingAuthenticationTokenException",
    b"ResourceNotFoundException",
    b"UnrecognizedClientException",
];

/// Why a node rejects a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// The request's condition does not hold, which took as long as any request.
    Condition,
    /// The request is wrong: every node would reject it.
    Request,
    /// The node is wrong, if others accept the like.
    Node,
    /// The node sheds load. It then closes the connection without announcing it, because it has not
    /// read the request's body.
    Overload,
}

/// The body of an error response, as far as it is looked at.
#[derive(Debug)]
pub(crate) struct ErrorBody {
    status: StatusCode,
    first: Vec<u8>,
    last: Vec<u8>,
}

impl ErrorBody {
    /// `None` if the status is none of a rejection.
    pub(crate) fn of(status: StatusCode) -> Option<Self> {
        let rejects = !status.is_success() && !status.is_server_error();
        rejects.then(|| Self { status, first: Vec::new(), last: Vec::new() })
    }

    /// Adds the next part of the body.
    pub(crate) fn add(&mut self, data: &[u8]) {
        let (first, rest) = data.split_at(data.len().min(SEEN - self.first.len()));
        self.first.extend_from_slice(first);
        let rest = &rest[rest.len().saturating_sub(SEEN)..];
        let surplus = (self.last.len() + rest.len()).saturating_sub(SEEN);
        self.last.drain(..surplus);
        self.last.extend_from_slice(rest);
    }

    /// Returns what the whole body says.
    pub(crate) fn rejection(&self) -> Rejection {
        match self.status {
            StatusCode::TOO_MANY_REQUESTS => return Rejection::Overload,
            StatusCode::PAYLOAD_TOO_LARGE => return Rejection::Request,
            _ => {}
        }
        match error_type(&[&self.first[..], &self.last].concat()) {
            Some(b"ConditionalCheckFailedException") => Rejection::Condition,
            Some(b"RequestLimitExceeded") => Rejection::Overload,
            Some(error) if !OF_NODE.contains(&error) => Rejection::Request,
            // Without a type it is no error of DynamoDB's.
            _ => Rejection::Node,
        }
    }
}

/// Returns the last `"__type"` without its namespace. Within a text its quotes would be escaped, and
/// within an item its value would be an object.
fn error_type(body: &[u8]) -> Option<&[u8]> {
    const KEY: &[u8] = b"\"__type\":\"";
    let at = body.windows(KEY.len()).rposition(|window| window == KEY)? + KEY.len();
    let value = body[at..].split(|byte| *byte == b'"').next()?;
    value.rsplit(|byte| *byte == b'#').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(status: u16, parts: &[&str]) -> Option<Rejection> {
        let mut body = ErrorBody::of(StatusCode::from_u16(status).unwrap())?;
        parts.iter().for_each(|part| body.add(part.as_bytes()));
        Some(body.rejection())
    }

    fn error(name: &str, message: &str) -> String {
        format!(r##"{{"__type":"com.amazonaws.dynamodb.v20120810#{name}","message":"{message}"}}"##)
    }

    #[test]
    fn errors_are_about_the_request_or_about_the_node() {
        for (name, expected) in [
            ("ConditionalCheckFailedException", Rejection::Condition),
            ("ValidationException", Rejection::Request),
            ("SomethingNewException", Rejection::Request),
            ("RequestLimitExceeded", Rejection::Overload),
            ("InvalidSignatureException", Rejection::Node),
            ("UnrecognizedClientException", Rejection::Node),
            ("AccessDeniedException", Rejection::Node),
            ("ResourceNotFoundException", Rejection::Node),
        ] {
            assert_eq!(rejection(400, &[&error(name, "x")]), Some(expected), "{name}");
        }
    }

    #[test]
    fn what_is_no_error_of_dynamodb_is_about_the_node() {
        for body in ["", "<html>", "{}", r#"{"message":"no"}"#] {
            for status in [301, 400, 403, 404] {
                assert_eq!(rejection(status, &[body]), Some(Rejection::Node), "{status} {body}");
            }
        }
        assert_eq!(rejection(413, &["too large"]), Some(Rejection::Request));
        assert_eq!(rejection(429, &[""]), Some(Rejection::Overload));
        assert_eq!(rejection(200, &[""]), None);
        assert_eq!(rejection(500, &[""]), None);
    }

    #[test]
    fn the_type_is_found_after_an_item_of_any_size_however_the_body_is_cut() {
        let typed =
            r##"{"__type":{"S":"__type"},"a":{"S":"\"__type\":\"#ValidationException\""}}"##;
        for padding in [0, 100, 255, 256, 300, 400_000] {
            let item = typed.replace("\"a\"", &format!("\"{}\"", "a".repeat(padding)));
            let body = format!(
                r##"{{"Item":{item},"__type":"a#ConditionalCheckFailedException","message":"m"}}"##
            );
            for piece in [1, 7, 256, 1000, body.len()] {
                let parts: Vec<_> = body.as_bytes().chunks(piece).collect();
                let parts: Vec<_> =
                    parts.iter().map(|part| std::str::from_utf8(part).unwrap()).collect();
                assert_eq!(rejection(400, &parts), Some(Rejection::Condition), "{padding} {piece}");
            }
        }
    }

    #[test]
    fn a_text_that_names_another_error_is_not_taken_for_its_type() {
        let body = error("ValidationException", r##"\"__type\":\"x#AccessDeniedException\""##);
        assert_eq!(rejection(400, &[&body]), Some(Rejection::Request));
        let long = error("ValidationException", &"InvalidSignatureException ".repeat(100));
        assert_eq!(rejection(400, &[&long]), Some(Rejection::Request));
    }
}
