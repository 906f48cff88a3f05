//! Loads and calls: what the two processes of a measurement tell each other.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clients::Client;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// What a call came to, the SDK's retries included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Answered,
    /// The connector says that nothing was sent. Other clients do not tell.
    Unsent,
    Failed,
}

/// One call, in seconds since the measurement began.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Call {
    /// When it was meant to begin: what delays the client itself counts as well.
    pub(crate) begun: f64,
    /// `None` if it was not over when the client was stopped.
    pub(crate) end: Option<(f64, Outcome)>,
}

/// What the process of a client is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) client: Client,
    pub(crate) load: Load,
    pub(crate) measured: Duration,
    /// Calls that are not answered for so long after the end are stuck.
    pub(crate) grace: Duration,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) urls: Vec<String>,
}

/// What it has done.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Calls in the life of the client.
    pub(crate) made: u64,
    /// The first.
    pub(crate) error: Option<String>,
    /// Every call that was not over when the measurement began.
    pub(crate) calls: Vec<Call>,
}
