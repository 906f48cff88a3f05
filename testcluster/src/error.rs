//! Errors of the DynamoDB API as Alternator words them: one JSON shape, and a status that follows
//! from the type.

use std::borrow::Cow;

use serde_json::Value;

/// An error of the DynamoDB API as Alternator words it.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The error's type without its namespace, such as `ValidationException`.
    pub kind: Cow<'static, str>,
    /// What went wrong.
    pub message: String,
    /// The item that failed a condition, where the request asked for it.
    pub item: Option<Value>,
    /// Why each part of a cancelled transaction failed.
    pub reasons: Option<Value>,
}

impl ApiError {
    /// An error with the status that Alternator gives its type: 500 for `InternalServerError`, 413
    /// for `PayloadTooLarge` and 400 for everything else.
    pub fn new(kind: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let kind = kind.into();
        Self {
            status: match &*kind {
                "InternalServerError" => 500,
                "PayloadTooLarge" => 413,
                _ => 400,
            },
            kind,
            message: message.into(),
            item: None,
            reasons: None,
        }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalServerError", message)
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        // By hand, because the order of the members is the server's.
        let mut body = format!(
            r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{}","message":{}"#,
            self.kind,
            Value::from(self.message.as_str())
        );
        for (name, value) in [("Item", &self.item), ("CancellationReasons", &self.reasons)] {
            if let Some(value) = value {
                body.push_str(&format!(r#","{name}":{value}"#));
            }
        }
        body.push('}');
        body.into_bytes()
    }
}
