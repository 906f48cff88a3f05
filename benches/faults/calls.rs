//! Loads and calls, and how they are written between the two processes of a measurement.

use std::fmt;
use std::str::FromStr;

use crate::pace::Pace;

/// A load, and the pace at which nodes serve it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode {
    pub(crate) name: &'static str,
    pub(crate) load: Load,
    pub(crate) pace: Pace,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [shortest, longest] = [1, 3].map(|times| self.pace.times(times).as_millis());
        write!(f, "{}, nodes take {shortest} to {longest} ms", self.load)
    }
}

/// What is asked of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Load {
    /// So many workers, each of which calls again as soon as it has an answer.
    Closed(usize),
    /// So many calls a second, answered or not.
    Open(u32),
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(workers) => write!(f, "{workers} workers"),
            Self::Open(rate) => write!(f, "{rate} calls a second"),
        }
    }
}

impl FromStr for Load {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, kind) = text.split_once(' ').ok_or("a load has a number and a kind")?;
        match kind {
            "workers" => number.parse().map(Self::Closed),
            _ => number.parse().map(Self::Open),
        }
        .map_err(|error| error.to_string())
    }
}

/// What a call came to, the SDK's retries included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    /// The connector says that nothing was sent. Other clients do not tell.
    Unsent,
    Failed,
}

/// One call, in seconds since the measurement began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// When it was meant to begin: what delays the client itself counts as well.
    pub(crate) begun: f64,
    /// `None` if it was not over when the client was stopped.
    pub(crate) end: Option<(f64, Outcome)>,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.end {
            None => write!(f, "stuck {:.6}", self.begun),
            Some((end, outcome)) => write!(f, "{outcome:?} {:.6} {end:.6}", self.begun),
        }
    }
}

impl FromStr for Call {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let mut words = line.split(' ');
        let outcome = match words.next() {
            Some("Answered") => Some(Outcome::Answered),
            Some("Unsent") => Some(Outcome::Unsent),
            Some("Failed") => Some(Outcome::Failed),
            Some("stuck") => None,
            _ => return Err(format!("not a call: {line}")),
        };
        let mut time = || words.next().and_then(|time| time.parse().ok());
        let begun = time().ok_or("a call has a beginning")?;
        let end = match outcome {
            None => None,
            Some(outcome) => Some((time().ok_or("this call has an end")?, outcome)),
        };
        Ok(Self { begun, end })
    }
}
