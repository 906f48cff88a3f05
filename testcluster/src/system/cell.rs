//! Values of the cluster's own tables, as Alternator puts them into JSON: almost everything as
//! text, and not always as DynamoDB would.

use std::cmp::Ordering;
use std::net::IpAddr;

use serde_json::{Value, json};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::error::ApiError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Text, and whatever else the server turns into text: numbers, UUIDs, addresses, lists.
    Text(String),
    Boolean(bool),
}

impl Cell {
    pub(crate) fn text(value: impl ToString) -> Self {
        Self::Text(value.to_string())
    }

    /// Members of a set.
    pub(crate) fn set(members: impl IntoIterator<Item = impl ToString>) -> Self {
        Self::Text(joined(members, "; "))
    }

    /// Elements of a list.
    pub(crate) fn list(elements: impl IntoIterator<Item = impl ToString>) -> Self {
        Self::Text(joined(elements, ", "))
    }

    /// A frozen map.
    pub(crate) fn map(entries: impl IntoIterator<Item = (String, String)>) -> Self {
        let pairs = entries.into_iter().map(|(key, value)| format!("{{{key} : {value}}}"));
        Self::Text(format!("({})", joined(pairs, ", ")))
    }

    /// About how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Boolean(_) => 1,
        }
    }

    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!({"S": text}),
            // A string, where DynamoDB has a boolean.
            Self::Boolean(value) => json!({"BOOL": value.to_string()}),
        }
    }
}

fn joined(parts: impl IntoIterator<Item = impl ToString>, separator: &str) -> String {
    parts.into_iter().map(|part| part.to_string()).collect::<Vec<_>>().join(separator)
}

/// The type of a column that is part of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Uuid,
    Inet,
    Bigint,
}

impl Kind {
    /// Reads a value as it stands in a request.
    ///
    /// # Errors
    ///
    /// Where it is no string, or not one of this type.
    pub(crate) fn read(self, column: &str, value: &Value) -> Result<String, ApiError> {
        let Some((kind, text)) = value.as_object().and_then(|value| value.iter().next()) else {
            return Err(ApiError::validation(format!(
                "The value of {column} is not a typed value"
            )));
        };
        let Some(text) = text.as_str().filter(|_| kind == "S") else {
            return Err(ApiError::validation(format!(
                "Type mismatch: expected type S for key column {column}, got type {kind}"
            )));
        };
        self.canonical(text).ok_or_else(|| {
            ApiError::validation(format!("The value {text} of {column} cannot be parsed"))
        })
    }

    /// The text that the server writes for what this text means.
    fn canonical(self, text: &str) -> Option<String> {
        match self {
            Self::Text => Some(text.to_owned()),
            Self::Uuid => text.parse().ok().map(|id: Hyphenated| id.to_string()),
            Self::Inet => text.parse().ok().map(|ip: IpAddr| ip.to_string()),
            Self::Bigint => text.parse().ok().map(|number: i64| number.to_string()),
        }
    }

    /// The order of two values, written as the server does.
    pub(crate) fn compare(self, one: &str, other: &str) -> Ordering {
        match self {
            Self::Bigint => one.parse::<i64>().ok().cmp(&other.parse::<i64>().ok()),
            Self::Text | Self::Uuid | Self::Inet => self.bytes(one).cmp(&self.bytes(other)),
        }
    }

    /// The value as it is hashed.
    pub(crate) fn bytes(self, text: &str) -> Vec<u8> {
        match self {
            Self::Text => text.as_bytes().to_vec(),
            Self::Uuid => Uuid::try_parse(text).unwrap_or_default().as_bytes().to_vec(),
            Self::Inet => match text.parse() {
                Ok(IpAddr::V4(ip)) => ip.octets().to_vec(),
                Ok(IpAddr::V6(ip)) => ip.octets().to_vec(),
                Err(_) => Vec::new(),
            },
            Self::Bigint => text.parse::<i64>().unwrap_or_default().to_be_bytes().to_vec(),
        }
    }
}
