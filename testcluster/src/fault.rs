//! Faults of a node. Each fault belongs to one stage of a connection; faults of different stages
//! may be on together, and a second fault of the same stage replaces the first.

use std::time::Duration;

use bytes::Bytes;

use crate::error::ApiError;

/// Something that a node does wrong until it is healed.
///
/// Faults of requests and replies concern the DynamoDB API (`POST /`) alone, so that discovery goes
/// on; [`Fault::LocalNodes`] is for discovery; the others concern every request, or say which.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The host is blackholed, as when its power fails: on no connection is anything acknowledged
    /// any more, and further SYNs are dropped. What is in flight is not executed any further. A
    /// host that is healed has restarted: it resets the connections that it had. Stopping the node
    /// brings its host back, as a host on which nothing listens.
    ///
    /// Linux only: the packets are dropped by a filter on each socket.
    #[cfg(target_os = "linux")]
    Vanish,

    /// The listener is closed: connects are refused, and connections that exist live on.
    Refuse,
    /// The listener's queue is full: the kernel drops further SYNs and connects hang. Connections
    /// that exist live on.
    DropSyns,
    /// Connections are reset as soon as they are accepted.
    ResetOnAccept,
    /// Connections are reset after the first bytes of the TLS handshake; without TLS, after the
    /// first bytes.
    ResetDuringTls,

    /// Connections are accepted, requests are read, and nothing is answered. Healing lets what
    /// hangs go on, as when a suspended process is resumed. With [`Scope::All`] TLS handshakes hang
    /// too.
    Hang(Scope),
    /// Requests are answered with this error and not executed.
    Answer(ApiError),
    /// Requests whose body satisfies the condition are answered with this error, at once and
    /// without being executed; others as usual.
    AnswerIf {
        /// The error.
        error: ApiError,
        /// Whether the request with this body, as sent, gets the error.
        condition: fn(&[u8]) -> bool,
    },
    /// Requests are answered with 200, this `Content-Encoding` and this body, and not executed.
    AnswerEncoded {
        /// The value of the header.
        encoding: String,
        /// The body, which need not be encoded at all.
        body: Bytes,
    },
    /// The connection is reset once the head of a request has been read.
    ResetAfterHead,
    /// The connection is reset once a request has been read, or, with `execute`, also executed.
    ResetAfterRequest {
        /// Whether the request takes effect before the reset.
        execute: bool,
    },

    /// Requests are executed, and every reply, of any route, is late.
    Slow(Delay),
    /// Requests of one operation are executed, and their replies are this late instead of as late
    /// as [`Fault::Slow`] says.
    SlowOperation {
        /// The operation, such as `Query`.
        operation: &'static str,
        /// How late.
        delay: Delay,
    },

    /// Requests are executed, and the connection closes in the middle of the reply's head.
    CloseMidHead,
    /// Requests are executed, and the connection closes in the middle of the reply's body.
    Truncate,
    /// Requests are executed, and the reply stops in the middle of its body. Healing lets the rest
    /// of it go on.
    StopMidBody,
    /// Requests are answered, and the connection closes after the reply, which did not announce
    /// that.
    CloseAfterResponse,

    /// The response of `/localnodes` is wrong.
    LocalNodes(Lie),
}

/// Which requests a fault concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every request.
    All,
    /// Requests of the DynamoDB API.
    Data,
    /// Requests of `/localnodes`.
    LocalNodes,
}

/// How late a reply is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Delay {
    /// Always this late.
    Fixed(Duration),
    /// Evenly spread from `min` to `max`.
    Uniform {
        /// The shortest delay.
        min: Duration,
        /// The longest delay.
        max: Duration,
    },
    /// Evenly spread from `min` to `max`, except for one reply in `one_in`, drawn at random, which
    /// takes `stall`.
    Stalls {
        /// The shortest delay.
        min: Duration,
        /// The longest delay of a reply that does not stall.
        max: Duration,
        /// One over the probability of a stall.
        one_in: u32,
        /// How late a reply is that stalls.
        stall: Duration,
    },
    /// One reply in `one_in`, drawn at random, is late.
    Sometimes {
        /// One over the probability.
        one_in: u32,
        /// How late.
        delay: Duration,
    },
}

impl Delay {
    pub(crate) fn draw(self) -> Duration {
        match self {
            Self::Fixed(delay) => delay,
            Self::Stalls { one_in, stall, .. } if one(one_in) => stall,
            Self::Uniform { min, max } | Self::Stalls { min, max, .. } => {
                min + max.saturating_sub(min).mul_f64(fastrand::f64())
            }
            Self::Sometimes { one_in, delay } if one(one_in) => delay,
            Self::Sometimes { .. } => Duration::ZERO,
        }
    }
}

/// Returns true with a probability of 1 in `one_in`.
fn one(one_in: u32) -> bool {
    fastrand::u32(..one_in.max(1)) == 0
}

/// What `/localnodes` responds in place of the truth.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Lie {
    /// These entries, whatever the parameters.
    Only(Vec<String>),
    /// Every node of the datacenter, also those that are down, joining or gone to shut down.
    Everyone,
    /// This body, which need not be JSON.
    Garbage(Vec<u8>),
    /// This status, with the truth as the body.
    Status(u16),
    /// No entries.
    Empty,
    /// As many well-formed entries as this.
    Huge(usize),
    /// A well-formed array whose end never comes.
    NeverEnding,
    /// Half of the body that was promised, then the connection closes.
    Truncated,
    /// The connection is reset in place of a response.
    Reset,
}

/// The stages of a connection at which something can be wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Host,
    Accept,
    Request,
    Delay,
    DelayOfOperation,
    Reply,
    LocalNodes,
}

impl Fault {
    fn stage(&self) -> Stage {
        match self {
            #[cfg(target_os = "linux")]
            Self::Vanish => Stage::Host,
            Self::Refuse | Self::DropSyns | Self::ResetOnAccept | Self::ResetDuringTls => {
                Stage::Accept
            }
            Self::Hang(_)
            | Self::Answer(_)
            | Self::AnswerIf { .. }
            | Self::AnswerEncoded { .. }
            | Self::ResetAfterHead
            | Self::ResetAfterRequest { .. } => Stage::Request,
            Self::Slow(_) => Stage::Delay,
            Self::SlowOperation { .. } => Stage::DelayOfOperation,
            Self::CloseMidHead | Self::Truncate | Self::StopMidBody | Self::CloseAfterResponse => {
                Stage::Reply
            }
            Self::LocalNodes(_) => Stage::LocalNodes,
        }
    }
}

/// The faults that are on: at most one for each stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.retain(|other| other.stage() != fault.stage());
        self.0.push(fault);
    }

    fn at(&self, stage: Stage) -> Option<&Fault> {
        self.0.iter().find(|fault| fault.stage() == stage)
    }

    pub(crate) fn vanished(&self) -> bool {
        self.at(Stage::Host).is_some()
    }

    pub(crate) fn of_accept(&self) -> Option<&Fault> {
        self.at(Stage::Accept)
    }

    pub(crate) fn of_request(&self) -> Option<&Fault> {
        self.at(Stage::Request)
    }

    pub(crate) fn of_reply(&self) -> Option<&Fault> {
        self.at(Stage::Reply)
    }

    pub(crate) fn stops_mid_body(&self) -> bool {
        matches!(self.of_reply(), Some(Fault::StopMidBody))
    }

    pub(crate) fn hang(&self, scope: Scope) -> bool {
        matches!(self.of_request(), Some(Fault::Hang(hung)) if *hung == Scope::All || *hung == scope)
    }

    pub(crate) fn delay(&self) -> Duration {
        match self.at(Stage::Delay) {
            Some(Fault::Slow(delay)) => delay.draw(),
            _ => Duration::ZERO,
        }
    }

    /// How late the reply to a request of the DynamoDB API is.
    pub(crate) fn delay_of(&self, operation: &str) -> Duration {
        match self.at(Stage::DelayOfOperation) {
            Some(Fault::SlowOperation { operation: slow, delay }) if *slow == operation => {
                delay.draw()
            }
            _ => self.delay(),
        }
    }

    pub(crate) fn lie(&self) -> Option<&Lie> {
        match self.at(Stage::LocalNodes) {
            Some(Fault::LocalNodes(lie)) => Some(lie),
            _ => None,
        }
    }
}
