//! Whether a node may serve requests: who is left alone, for how long, and how it comes back.
//!
//! A node that cannot be connected is unreachable, and one that fails request after request is ejected. Either way it gets no
//! requests, is probed in the background after a time that grows from one failed probe to the next, and comes back with the
//! first answer, with a small share of requests that grows to a full one.

mod state;

pub(crate) use state::{Health, Out, may_eject};
