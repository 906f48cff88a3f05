//! The head of a request, by Seastar's grammar rather than a lenient one: what Seastar refuses is
//! refused at the same byte, and what it takes (any version digit, any length, folded lines) is
//! taken.

pub(crate) mod scanner;

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;

/// The head cannot be parsed. Holds the version, where it had been read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) Option<String>);

/// The request line and the header fields, as ranges of the bytes received.
#[derive(Debug, Default)]
pub(crate) struct Head {
    bytes: Bytes,
    spans: Spans,
}

#[derive(Debug, Default)]
struct Spans {
    method: Range<usize>,
    target: Range<usize>,
    version: Range<usize>,
    fields: Vec<Field>,
}

#[derive(Debug, Default)]
struct Field {
    /// Empty where the line continues the field before it.
    name: Range<usize>,
    value: Range<usize>,
}

impl Head {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn method(&self) -> Cow<'_, str> {
        self.text(&self.spans.method)
    }

    /// The digits after `HTTP/`.
    pub(crate) fn version(&self) -> Cow<'_, str> {
        self.text(&self.spans.version)
    }

    /// The target up to the question mark, without one trailing slash.
    pub(crate) fn path(&self) -> String {
        let target = self.text(&self.spans.target);
        let path = target.split('?').next().unwrap_or_default();
        path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path).to_owned()
    }

    /// The target after the question mark.
    pub(crate) fn query(&self) -> String {
        self.text(&self.spans.target)
            .split_once('?')
            .map_or_else(String::new, |(_, query)| query.to_owned())
    }

    /// A field's value. Fields of one name are joined by commas, folded lines by blanks.
    pub(crate) fn get(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        let mut found: Option<Cow<'_, [u8]>> = None;
        let mut inside = false;
        for field in &self.spans.fields {
            let continued = field.name.is_empty();
            inside = if continued {
                inside
            } else {
                self.bytes[field.name.clone()].eq_ignore_ascii_case(name.as_bytes())
            };
            if !inside {
                continue;
            }
            let value = &self.bytes[field.value.clone()];
            match &mut found {
                None => found = Some(Cow::Borrowed(value)),
                Some(before) => {
                    before.to_mut().push(if continued { b' ' } else { b',' });
                    before.to_mut().extend_from_slice(value);
                }
            }
        }
        found
    }

    /// A field's value as text, empty where there is none.
    pub(crate) fn get_text(&self, name: &str) -> String {
        self.get(name)
            .map_or_else(String::new, |value| String::from_utf8_lossy(&value).into_owned())
    }

    pub(crate) fn keeps_alive(&self) -> bool {
        let connection = self.get("Connection").unwrap_or_default();
        match &*self.version() {
            "0.9" => false,
            "1.0" => connection.eq_ignore_ascii_case(b"keep-alive"),
            _ => !connection.eq_ignore_ascii_case(b"close"),
        }
    }

    fn text(&self, range: &Range<usize>) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes[range.clone()])
    }
}

#[cfg(test)]
pub(crate) mod tests;
