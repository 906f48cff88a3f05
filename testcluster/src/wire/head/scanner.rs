//! Seastar's grammar, byte by byte.

use std::ops::Range;

use bytes::Bytes;

use super::{Field, Head, Malformed, Spans};

/// Where in the grammar the next byte belongs.
#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Method,
    Target,
    Version,
    StartLineEnd,
    LineStart,
    Name,
    BeforeValue,
    Value,
    FieldEnd,
    HeadEnd,
}

/// Finds the end of a head in bytes that arrive in pieces.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    state: State,
    at: usize,
    /// Where the current word began.
    mark: usize,
    spans: Spans,
}

impl Scanner {
    /// Continues with `received`, which begins with all bytes of earlier calls. Returns the head's
    /// length once it is complete.
    pub(crate) fn scan(&mut self, received: &[u8]) -> Result<Option<usize>, Malformed> {
        while let Some(&byte) = received.get(self.at) {
            let last = matches!(self.state, State::HeadEnd);
            match self.step(received, byte) {
                Some(state) => self.state = state,
                None => return Err(Malformed(self.version(received))),
            }
            self.at += 1;
            if last {
                return Ok(Some(self.at));
            }
        }
        Ok(None)
    }

    pub(crate) fn finish(self, bytes: Bytes) -> Head {
        Head { bytes, spans: self.spans }
    }

    fn version(&self, received: &[u8]) -> Option<String> {
        let version = received.get(self.spans.version.clone())?;
        (!version.is_empty()).then(|| String::from_utf8_lossy(version).into_owned())
    }

    /// Returns the state for the byte after this one, if this one is allowed here.
    fn step(&mut self, received: &[u8], byte: u8) -> Option<State> {
        let at = self.at;
        let length = at - self.mark;
        match (self.state, byte) {
            (State::Method, b'A'..=b'Z') => Some(State::Method),
            (State::Method, b' ') if length > 0 => {
                self.spans.method = self.word(at);
                Some(State::Target)
            }
            (State::Target, b' ') if length > 0 => {
                self.spans.target = self.word(at);
                Some(State::Version)
            }
            (State::Target, b'\n') if received[at - 1] == b'\r' => None,
            (State::Target, byte) if byte != b' ' => Some(State::Target),
            (State::Version, b'\r') if length == 8 => {
                self.spans.version = self.mark + 5..at;
                Some(State::StartLineEnd)
            }
            (State::Version, byte) => match b"HTTP/0.0".get(length)? {
                b'0' => byte.is_ascii_digit(),
                expected => byte == *expected,
            }
            .then_some(State::Version),
            (State::StartLineEnd | State::FieldEnd, b'\n') => {
                self.mark = at + 1;
                Some(State::LineStart)
            }
            (State::LineStart, b'\r') => Some(State::HeadEnd),
            (State::LineStart, b' ' | b'\t') if !self.spans.fields.is_empty() => {
                self.spans.fields.push(Field::default());
                Some(State::BeforeValue)
            }
            (State::LineStart | State::Name, byte) if is_token(byte) => Some(State::Name),
            (State::Name, b':') => {
                let name = self.word(at);
                self.spans.fields.push(Field { name, value: 0..0 });
                Some(State::BeforeValue)
            }
            (State::BeforeValue, b' ' | b'\t') => Some(State::BeforeValue),
            (State::BeforeValue, byte) if is_text(byte) => {
                self.mark = at;
                Some(State::Value)
            }
            (State::BeforeValue, b'\r') => Some(State::FieldEnd),
            (State::Value, b'\r') => {
                let value = received[self.mark..at].trim_ascii_end().len();
                self.spans.fields.last_mut()?.value = self.mark..self.mark + value;
                Some(State::FieldEnd)
            }
            (State::Value, byte) if is_text(byte) || byte == b' ' || byte == b'\t' => {
                Some(State::Value)
            }
            (State::HeadEnd, b'\n') => Some(State::HeadEnd),
            _ => None,
        }
    }

    fn word(&mut self, end: usize) -> Range<usize> {
        std::mem::replace(&mut self.mark, end + 1)..end
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-!#$%&'*+.^_`|~".contains(&byte)
}

fn is_text(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte >= 0x80
}
