//! A node as its clients see it: workers, a queue before them, and what is wrong with it.

use std::collections::VecDeque;

use super::calls::Id;

/// How a node does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Condition {
    Healthy,
    /// Its process is gone: connects are refused at once.
    Refuses,
    /// Its host is gone: connects get no answer.
    Silent,
    /// It can be connected and takes requests, but answers none before it recovers.
    Hangs,
    /// It takes this many times longer for each request.
    Slow(f64),
    /// It answers every request with a status of 500 at once, and probes too unless they are
    /// `spared`.
    Errors {
        spared: bool,
    },
    /// It does so to this part of the requests, and to no probe.
    Faulty(f64),
}

/// A request at a node, which needs a worker for so many seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) id: Id,
    pub(crate) service: f64,
}

pub(crate) struct Server {
    pub(crate) condition: Condition,
    free: usize,
    queue: VecDeque<Job>,
}

impl Server {
    pub(crate) fn new(workers: usize) -> Self {
        Self { condition: Condition::Healthy, free: workers, queue: VecDeque::new() }
    }

    pub(crate) fn push(&mut self, job: Job) {
        self.queue.push_back(job);
    }

    /// A request that a worker begins now, if there are both.
    pub(crate) fn begin(&mut self) -> Option<Job> {
        if self.free == 0 || self.condition == Condition::Hangs {
            return None;
        }
        let job = self.queue.pop_front()?;
        self.free -= 1;
        Some(job)
    }

    /// A worker is done, and answers whether its answer goes out; that of a node which hangs waits
    /// until it recovers.
    pub(crate) fn done(&mut self, id: Id) -> bool {
        self.free += 1;
        let hangs = self.condition == Condition::Hangs;
        if hangs {
            self.queue.push_front(Job { id, service: 0.0 });
        }
        !hangs
    }

    /// Forgets what waits, as a process does that ends.
    pub(crate) fn restart(&mut self) {
        self.queue.clear();
    }
}
