//! Contention of lightweight transactions on one partition that two nodes coordinate at about the
//! same time.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::sync::lock;

/// How many of a partition's latest turns may still be running.
const LATEST: usize = 8;

/// How many of a partition's latest turns are kept.
const KEPT: usize = 1000;

/// Consecutive transactions on one partition that one node coordinated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Turn {
    /// The node's address.
    pub coordinator: SocketAddr,
    /// When the first of them began.
    pub began: Instant,
    /// When the last of them ended, as far as any has.
    pub ended: Instant,
    /// How many there were.
    pub transactions: u64,
    /// How many of them have not ended.
    running: u64,
    /// Unique among all turns.
    number: u64,
}

impl Turn {
    /// Whether a transaction of this turn ran, or still runs, at the same time as one of the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        !self.is_over_before(other) && !other.is_over_before(self)
    }

    fn is_over_before(&self, other: &Self) -> bool {
        self.running == 0 && self.ended <= other.began
    }
}

/// When transactions contend, and what that costs.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// How long after one of another coordinator a transaction contends with it. Zero: none ever
    /// does, and nothing is kept.
    pub(crate) window: Duration,
    pub(crate) retry: Duration,
    /// The share of contended transactions that fail, from 0 to 1.
    pub(crate) errors: f64,
}

/// What a transaction contends with, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflict {
    None,
    /// Another coordinator's transaction: one more round.
    Retry,
    /// Another coordinator's transaction: a timeout, after which the client cannot know the
    /// outcome.
    Failure,
}

#[derive(Default)]
struct State {
    /// By table and token.
    partitions: HashMap<String, HashMap<i64, VecDeque<Turn>>>,
    /// How many turns there have been.
    turns: u64,
    /// The part of a failure that is due.
    failures_due: f64,
}

pub(crate) struct Contention {
    rules: Rules,
    state: Mutex<State>,
}

/// One running transaction; it ends when this is dropped.
pub(crate) struct Transaction<'a> {
    contention: &'a Contention,
    table: String,
    token: i64,
    /// The number of its turn.
    turn: u64,
}

impl Contention {
    pub(crate) fn new(rules: Rules) -> Self {
        Self { rules, state: Mutex::default() }
    }

    pub(crate) fn retry(&self) -> Duration {
        self.rules.retry
    }

    /// Begins a transaction. `None` where contention is off.
    pub(crate) fn begin(
        &self,
        coordinator: SocketAddr,
        table: &str,
        token: i64,
    ) -> Option<(Transaction<'_>, Conflict)> {
        if self.rules.window.is_zero() {
            return None;
        }
        let state = &mut *lock(&self.state);
        // Looked up first, because an entry would need an owned name for every transaction.
        if !state.partitions.contains_key(table) {
            state.partitions.insert(table.to_owned(), HashMap::new());
        }
        let turns = state.partitions.get_mut(table)?.entry(token).or_default();
        let now = Instant::now();
        let contends = turns.iter().rev().take(LATEST).any(|turn| {
            let is_near = turn.running > 0 || now < turn.ended + self.rules.window;
            turn.coordinator != coordinator && is_near
        });
        let turn = match turns.back_mut().filter(|turn| turn.coordinator == coordinator) {
            Some(turn) => {
                turn.transactions += 1;
                turn.running += 1;
                turn.number
            }
            None => {
                state.turns += 1;
                turns.push_back(Turn {
                    coordinator,
                    began: now,
                    ended: now,
                    transactions: 1,
                    running: 1,
                    number: state.turns,
                });
                if turns.len() > KEPT {
                    turns.pop_front();
                }
                state.turns
            }
        };
        let transaction = Transaction { contention: self, table: table.to_owned(), token, turn };
        let conflict = if !contends {
            Conflict::None
        } else {
            state.failures_due += self.rules.errors;
            if state.failures_due >= 1.0 {
                state.failures_due -= 1.0;
                Conflict::Failure
            } else {
                Conflict::Retry
            }
        };
        Some((transaction, conflict))
    }

    /// Returns the latest turns on a partition, in the order in which they began.
    pub(crate) fn turns(&self, table: &str, token: i64) -> Vec<Turn> {
        lock(&self.state)
            .partitions
            .get(table)
            .and_then(|partitions| partitions.get(&token))
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// Forgets the transactions on a deleted table.
    pub(crate) fn forget(&self, table: &str) {
        lock(&self.state).partitions.remove(table);
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        let state = &mut *lock(&self.contention.state);
        let partitions = state.partitions.get_mut(&self.table);
        let turns = partitions.and_then(|partitions| partitions.get_mut(&self.token));
        // It is one of the latest turns, unless it or its table has been forgotten.
        let mut latest = turns.into_iter().flat_map(|turns| turns.iter_mut().rev());
        if let Some(turn) = latest.find(|turn| turn.number == self.turn) {
            turn.running -= 1;
            turn.ended = Instant::now();
        }
    }
}
