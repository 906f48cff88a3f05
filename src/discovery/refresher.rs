//! The task that refreshes the node list: started by use, restarted when its runtime is gone, stopped with the connector.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::refresh::Refresh;
use crate::cluster::Cluster;
use crate::config::Config;
use crate::error::RefreshError;

/// How long the task may be overdue before another takes its place: its runtime is alive then, but nobody drives it.
const OVERDUE: Duration = Duration::from_secs(5);

/// The share of an interval by which it varies in both directions, so that clients that were started together drift apart.
const JITTER: f64 = 0.1;

/// The shortest time between two refreshes, as a part of the active interval, however many failures ask for one.
const RUSH: u32 = 10;

/// A limit of that, for those who refresh rarely.
const LONGEST_RUSH: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Refresher {
    config: Arc<Config>,
    cluster: Arc<Cluster>,
    shared: Arc<Shared>,
    task: Mutex<Option<AbortHandle>>,
}

#[derive(Debug)]
struct Shared {
    epoch: Instant,
    /// When the task must next have given a sign of life, in milliseconds after the epoch; 0 if there is none.
    due: AtomicU64,
    /// Counts the tasks, so that the end of an old one does not speak for its successor.
    generation: AtomicU64,
}

impl Refresher {
    pub(crate) fn new(config: Arc<Config>, cluster: Arc<Cluster>) -> Self {
        let shared = Shared {
            epoch: Instant::now(),
            due: AtomicU64::new(0),
            generation: AtomicU64::new(0),
        };
        Self {
            config,
            cluster,
            shared: Arc::new(shared),
            task: Mutex::new(None),
        }
    }

    /// Sees to it that the task runs. Called for every request, within a Tokio runtime.
    pub(crate) fn ensure(&self) {
        if self.shared.millis(Instant::now()) > self.shared.due.load(Relaxed) {
            self.start();
        }
    }

    #[cold]
    fn start(&self) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if self.shared.millis(Instant::now()) <= self.shared.due.load(Relaxed) {
            return;
        }
        if let Some(previous) = task.take() {
            previous.abort();
        }
        let generation = self.shared.generation.fetch_add(1, Relaxed) + 1;
        self.shared.expect(Duration::ZERO);
        let life = Life {
            shared: Arc::clone(&self.shared),
            generation,
        };
        let running = run(Arc::clone(&self.config), Arc::clone(&self.cluster), life);
        *task = Some(tokio::spawn(running).abort_handle());
    }

    /// Allows the task no longer than a refresh may take until its next sign of life, because someone waits for it.
    pub(crate) fn hurry(&self) {
        let within = longest(&self.config) + OVERDUE;
        let due = self.shared.millis(Instant::now() + within);
        self.shared.due.fetch_min(due, Relaxed);
    }

    pub(crate) fn stop(&self) {
        if let Some(task) = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            task.abort();
        }
    }
}

impl Shared {
    fn millis(&self, now: Instant) -> u64 {
        // A connector does not live for half a billion years. One more, as 0 means that there is no task.
        now.saturating_duration_since(self.epoch).as_millis() as u64 + 1
    }

    /// Says when the next sign of life will come.
    fn expect(&self, within: Duration) {
        self.due
            .store(self.millis(Instant::now() + within + OVERDUE), Relaxed);
    }
}

/// Says that the task has ended, however it ended.
struct Life {
    shared: Arc<Shared>,
    generation: u64,
}

impl Drop for Life {
    fn drop(&mut self) {
        if self.shared.generation.load(Relaxed) == self.generation {
            self.shared.due.store(0, Relaxed);
        }
    }
}

/// A failure that goes on is said aloud once.
fn report(outcome: &Result<(), RefreshError>, before: Result<(), Arc<RefreshError>>) {
    let failed_before = before.is_err_and(|e| !matches!(*e, RefreshError::Pending));
    match outcome {
        Err(error) if !failed_before => {
            tracing::warn!(%error, "the node list could not be refreshed; it stays as it is");
        }
        Err(error) => tracing::debug!(%error, "the node list could still not be refreshed"),
        Ok(()) => {}
    }
}

/// How long a refresh may take: it asks for as long as there is someone new to ask, and each step has its limit.
fn longest(config: &Config) -> Duration {
    config.discovery_timeout * 4 * config.scopes.len() as u32
}

async fn run(config: Arc<Config>, cluster: Arc<Cluster>, life: Life) {
    let mut refresh = Refresh::new(Arc::clone(&config));
    let mut last_use = Instant::now();
    loop {
        life.shared.expect(longest(&config));
        cluster.begin_round();
        let outcome = refresh.run(&cluster).await;
        report(&outcome, cluster.last_refresh());
        cluster.end_round(outcome);

        let now = Instant::now();
        for node in cluster.nodes() {
            node.pool.sweep(now);
        }
        if cluster.take_use() {
            last_use = now;
        }
        let interval = if now - last_use < config.idle_refresh_interval {
            config.active_refresh_interval
        } else {
            cluster.fall_asleep();
            config.idle_refresh_interval
        };
        let interval = interval.mul_f64(1.0 - JITTER + 2.0 * JITTER * fastrand::f64());
        life.shared.expect(interval);
        let rush = (config.active_refresh_interval / RUSH).min(LONGEST_RUSH);
        tokio::select! {
            () = sleep(interval) => {}
            () = cluster.refresh_demanded() => {}
            () = async {
                cluster.refresh_wanted().await;
                sleep_until(now + rush).await;
            } => {}
        }
    }
}
