//! The task that refreshes the node list and probes nodes that are out: started by use, restarted
//! when its runtime is gone, stopped with the connector.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::recovery;
use super::refresh::{Memory, Refresh};
use crate::cluster::Cluster;
use crate::config::Config;
use crate::error::RefreshError;

/// How long the task may be overdue before another replaces it: its runtime exists, but is not
/// driven.
const OVERDUE: Duration = Duration::from_secs(5);

/// Jitter of intervals, in both directions, so that clients that were started together drift apart.
const JITTER: f64 = 0.1;

/// Minimum time between two refreshes that failures request, as a fraction of the active interval.
const RUSH: u32 = 10;

/// Maximum of that, for long intervals, and of any wait while no node is known at all.
const LONGEST_RUSH: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Refresher {
    config: Arc<Config>,
    cluster: Arc<Cluster>,
    shared: Arc<Shared>,
    /// The memory outlives a task.
    memory: Arc<Mutex<Memory>>,
    task: Mutex<Option<Task>>,
}

#[derive(Debug)]
struct Task {
    handle: AbortHandle,
    runtime: runtime::Id,
}

#[derive(Debug)]
struct Shared {
    epoch: Instant,
    /// When the task's next sign of life is due, in milliseconds after the epoch; 0 if there is no
    /// task.
    due: AtomicU64,
    /// Counts the tasks, so that the end of an old one is not taken for the end of its successor.
    generation: AtomicU64,
}

impl Refresher {
    pub(crate) fn new(config: Arc<Config>, cluster: Arc<Cluster>) -> Self {
        let shared =
            Shared { epoch: Instant::now(), due: AtomicU64::new(0), generation: AtomicU64::new(0) };
        Self {
            memory: Arc::new(Mutex::new(Memory::new(&config))),
            config,
            cluster,
            shared: Arc::new(shared),
            task: Mutex::new(None),
        }
    }

    /// Ensures that the task runs. Called for every request, within a Tokio runtime.
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
        let runtime = Handle::current().id();
        if let Some(previous) = task.take() {
            let ended = self.shared.due.load(Relaxed) == 0 || previous.handle.is_finished();
            if !ended && previous.runtime == runtime {
                // It only stalls between the requests of a caller that drives the runtime for no
                // longer than those take, and a successor would do no better.
                self.shared.expect(Duration::ZERO);
                *task = Some(previous);
                return;
            }
            previous.handle.abort();
        }
        let generation = self.shared.generation.fetch_add(1, Relaxed) + 1;
        self.shared.expect(Duration::ZERO);
        let life = Life { shared: Arc::clone(&self.shared), generation };
        let refresh = Refresh::new(Arc::clone(&self.config), Arc::clone(&self.memory));
        let (config, cluster) = (Arc::clone(&self.config), Arc::clone(&self.cluster));
        let running = async move {
            tokio::select! {
                () = run(&config, &cluster, refresh, life) => {}
                () = recovery::watch(&config, &cluster) => {}
            }
        };
        *task = Some(Task { handle: tokio::spawn(running).abort_handle(), runtime });
    }

    /// Requires the task's next sign of life within the time of a refresh, because a caller waits
    /// for it.
    pub(crate) fn hurry(&self) {
        let within = longest(&self.config) + OVERDUE;
        let due = self.shared.millis(Instant::now() + within);
        self.shared.due.fetch_min(due, Relaxed);
    }

    pub(crate) fn stop(&self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.handle.abort();
        }
    }
}

impl Shared {
    fn millis(&self, now: Instant) -> u64 {
        // A connector does not live for half a billion years. Plus one, as 0 means that there is no
        // task.
        now.saturating_duration_since(self.epoch).as_millis() as u64 + 1
    }

    /// Sets when the next sign of life is due.
    fn expect(&self, within: Duration) {
        self.due.store(self.millis(Instant::now() + within + OVERDUE), Relaxed);
    }
}

/// Records the end of the task when dropped, however it ends.
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
fn report(result: &Result<(), RefreshError>, before: Result<(), Arc<RefreshError>>) {
    let failed_before = before.is_err_and(|e| !matches!(*e, RefreshError::Pending));
    match result {
        Err(error) if !failed_before => {
            let what = error.what_to_check();
            tracing::warn!(%error, "the node list could not be refreshed and stays as it is; check {what}");
        }
        Err(error) => tracing::debug!(%error, "the node list could still not be refreshed"),
        Ok(()) => {}
    }
}

/// Returns how long a refresh may take: it queries nodes until there is no new one, in each scope
/// and around a rack, and each step has its limit.
fn longest(config: &Config) -> Duration {
    let scopes = config.scopes.len();
    let racks = config.scopes.iter().any(|s| s.around().is_some());
    config.discovery_timeout * 4 * (scopes + usize::from(racks)) as u32
}

/// How soon after a refresh a failure may trigger the next. It grows while such refreshes change
/// nothing, as for a node that is listed and cannot be reached.
struct Rush {
    shortest: Duration,
    longest: Duration,
    gap: Duration,
}

impl Rush {
    fn new(active: Duration) -> Self {
        let shortest = (active / RUSH).min(LONGEST_RUSH);
        Self { shortest, longest: active, gap: shortest }
    }

    /// Records a refresh: whether a failure requested it, and whether it changed anything.
    fn note(&mut self, wanted: bool, changed: bool) {
        self.gap = if wanted && !changed {
            self.gap.saturating_mul(2).min(self.longest)
        } else {
            self.shortest
        };
    }

    fn gap(&self, any_known: bool) -> Duration {
        if any_known { self.gap } else { self.gap.min(LONGEST_RUSH) }
    }
}

async fn run(config: &Config, cluster: &Cluster, mut refresh: Refresh, life: Life) {
    let mut last_use = Instant::now();
    let mut rush = Rush::new(config.active_refresh_interval);
    let mut wanted = false;
    loop {
        life.shared.expect(longest(config));
        let (changes, last) = (cluster.changes(), cluster.last_refresh());
        cluster.begin_round();
        let result = refresh.run(cluster).await;
        let (nodes, now) = (cluster.all_nodes(), Instant::now());
        let changed = cluster.changes() != changes || result.is_ok() != last.is_ok();
        rush.note(wanted, changed);
        report(&result, last);
        cluster.end_round(result);

        for node in &nodes {
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
        let gap = rush.gap(!nodes.is_empty());
        wanted = false;
        tokio::select! {
            () = sleep(interval) => {}
            () = cluster.refresh_demanded() => {}
            () = async {
                cluster.refresh_wanted().await;
                wanted = true;
                sleep_until(now + gap).await;
            } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::{Builder, Runtime};

    use super::*;
    use crate::config::Options;

    #[test]
    fn failures_bring_refreshes_forward_by_less_and_less_while_those_change_nothing() {
        let mut rush = Rush::new(Duration::from_secs(1));
        let mut gap = |wanted, changed| {
            rush.note(wanted, changed);
            rush.gap(true).as_millis()
        };
        let gaps: Vec<_> = (0..5).map(|_| gap(true, false)).collect();
        assert_eq!(gaps, [200, 400, 800, 1000, 1000]);
        assert_eq!(gap(true, true), 100);
        assert_eq!(gap(true, false), 200);
        // No request has failed for an interval.
        assert_eq!(gap(false, false), 100);
    }

    #[test]
    fn while_no_node_is_known_a_refresh_is_never_far_however_rare_they_are() {
        let mut rush = Rush::new(Duration::from_secs(3600));
        assert_eq!(rush.gap(true), LONGEST_RUSH);
        for _ in 0..20 {
            rush.note(true, false);
        }
        assert_eq!(rush.gap(true), Duration::from_secs(3600));
        assert_eq!(rush.gap(false), LONGEST_RUSH);
    }

    fn refresher() -> Refresher {
        let options = Options { seeds: vec!["http://127.0.0.1:1".into()], ..Options::default() };
        let config = Arc::new(Config::parse(&options).unwrap());
        Refresher::new(config, Arc::new(Cluster::new(None)))
    }

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[test]
    fn an_overdue_task_is_replaced_only_by_another_runtime() {
        let refresher = refresher();
        let (first, second) = (runtime(), runtime());
        let overdue_in = |runtime: &Runtime| {
            let shared = &refresher.shared;
            // Time for the clock to pass the sign of life that was due.
            shared.due.fetch_min(1, Relaxed);
            while shared.millis(Instant::now()) <= 1 {
                std::hint::spin_loop();
            }
            runtime.block_on(async { refresher.ensure() });
            shared.generation.load(Relaxed)
        };
        assert_eq!(overdue_in(&first), 1);
        for _ in 0..3 {
            assert_eq!(overdue_in(&first), 1);
        }
        assert_eq!(overdue_in(&second), 2);
        // A task that has ended is replaced on any runtime.
        refresher.stop();
        second.block_on(tokio::task::yield_now());
        assert_eq!(overdue_in(&second), 3);
    }
}
