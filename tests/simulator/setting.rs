//! What is simulated: how many nodes and clients there are, what they do, and what goes wrong.

use std::ops::Range;

use super::server::Condition;
use crate::balance::policy::Policy;

/// How users call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Demand {
    /// At random times whatever happens to earlier calls, so that together they use this part of
    /// all workers.
    Utilisation(f64),
    /// At random times, so often a second from each client.
    Rate(f64),
    /// So many users of each client, who wait for one answer before they ask for the next.
    Users(usize),
}

/// Nodes whose condition changes, and when, in seconds.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) at: f64,
    pub(crate) nodes: Range<usize>,
    pub(crate) condition: Condition,
}

#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) policy: Policy,
    pub(crate) nodes: usize,
    pub(crate) clients: usize,
    pub(crate) demand: Demand,
    pub(crate) changes: Vec<Change>,
    /// How long it takes, in seconds.
    pub(crate) seconds: f64,
    /// Requests that a node works on at once.
    pub(crate) workers: usize,
    /// What a request takes a worker, in seconds, on average of an exponential distribution.
    pub(crate) service: f64,
    /// How long a request waits for its answer, in seconds.
    pub(crate) patience: f64,
    /// The part of the requests that take a hundred times longer than others.
    pub(crate) heavy: f64,
    /// How often a second there is a request that every node answers with an error.
    pub(crate) poison: f64,
    pub(crate) seed: u64,
}

impl Setting {
    /// Three healthy nodes of eight workers, a request taking one of them a millisecond, and one
    /// client that uses 0.4 of them for ten seconds.
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            nodes: 3,
            clients: 1,
            demand: Demand::Utilisation(0.4),
            changes: Vec::new(),
            seconds: 10.0,
            workers: 8,
            service: 0.001,
            patience: 12.0,
            heavy: 0.0,
            poison: 0.0,
            seed: 1,
        }
    }

    /// The first nodes are in this condition from then on.
    pub(crate) fn change(mut self, at: f64, bad: usize, condition: Condition) -> Self {
        self.changes.push(Change { at, nodes: 0..bad, condition });
        self
    }

    /// Calls of one client in a second, where they do not depend on the answers.
    pub(crate) fn rate(&self) -> Option<f64> {
        match self.demand {
            Demand::Utilisation(part) => {
                let most = (self.nodes * self.workers) as f64 / self.service;
                let mean = 1.0 + self.heavy * (HEAVY - 1.0);
                Some(part * most / mean / self.clients as f64)
            }
            Demand::Rate(rate) => Some(rate),
            Demand::Users(_) => None,
        }
    }
}

/// How many times longer than others heavy requests take.
pub(crate) const HEAVY: f64 = 100.0;
