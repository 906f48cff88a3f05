//! Workers that write, and read what they have written.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use alternator_connector::AlternatorConnector;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use fastrand::Rng;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::retrying;
use crate::support::write::{Ending, read, write};

const WORKERS: usize = 12;

/// Half of the workers never retry, and the others this often in all.
const ATTEMPTS: [u32; 2] = [1, 3];

/// More than a node takes that is well, and less than most hanging.
const READ_TIMEOUT: Duration = Duration::from_millis(500);

/// No call may take longer.
const LIMIT: Duration = Duration::from_secs(60);

/// One write: the worker and which of its writes.
#[derive(Clone, Copy)]
pub(crate) struct Write {
    worker: usize,
    at: usize,
}

impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "write-{}-{}", self.worker, self.at)
    }
}

impl Write {
    /// What it writes: a little, and sometimes more than the kernel takes or gives at once.
    pub(crate) fn value(self) -> String {
        let times = if self.at % 50 == 17 { 20_000 } else { 1 + self.at % 20 };
        self.to_string().repeat(times)
    }
}

/// What one worker was told about each of its writes.
pub(crate) struct History {
    worker: usize,
    /// How many attempts each had, at most.
    pub(crate) attempts: u32,
    endings: Vec<Ending>,
}

impl History {
    pub(crate) fn writes(&self) -> impl Iterator<Item = (Write, &Ending)> {
        let worker = self.worker;
        let with_write = move |(at, ending)| (Write { worker, at }, ending);
        self.endings.iter().enumerate().map(with_write)
    }

    /// Asserts that this is what an earlier write has left behind.
    fn check(&self, write: Write, found: Option<String>) {
        let ending = &self.endings[write.at];
        match found {
            Some(value) => assert!(value == write.value(), "{write} reads {value}"),
            None => assert!(!matches!(ending, Ending::Done), "{write} was lost"),
        }
    }
}

pub(crate) struct Workload {
    workers: JoinSet<History>,
    over: Arc<AtomicBool>,
}

impl Workload {
    pub(crate) async fn begin(connector: &AlternatorConnector, seed: u64) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let mut workers = JoinSet::new();
        for worker in 0..WORKERS {
            let attempts = ATTEMPTS[worker % ATTEMPTS.len()];
            let timeouts = TimeoutConfig::builder().read_timeout(READ_TIMEOUT).build();
            let config = retrying(connector, attempts).await.timeout_config(timeouts);
            let history = History { worker, attempts, endings: Vec::new() };
            workers.spawn(work(
                Client::from_conf(config.build()),
                history,
                Rng::with_seed(seed.wrapping_mul(WORKERS as u64) + worker as u64),
                Arc::clone(&over),
            ));
        }
        Self { workers, over }
    }

    /// Lets every worker end what it is at.
    pub(crate) async fn end(self) -> Vec<History> {
        self.over.store(true, Relaxed);
        self.workers.join_all().await
    }
}

async fn work(
    client: Client,
    mut history: History,
    mut random: Rng,
    over: Arc<AtomicBool>,
) -> History {
    let worker = history.worker;
    let mut reads = 0;
    while !over.load(Relaxed) {
        let given_up_after =
            (random.u8(..10) == 0).then(|| random.u64(..20)).map(Duration::from_millis);
        let at = history.endings.len();
        if at == 0 || random.bool() {
            let write_ = Write { worker, at };
            let (key, value) = (write_.to_string(), write_.value());
            let ending = within(given_up_after, write(&client, &key, at, &value)).await;
            let given_up = || Ending::Unclear("given up".to_owned());
            history.endings.push(ending.unwrap_or_else(given_up));
        } else {
            let at = random.usize(..at);
            let write = Write { worker, at };
            let trace = format!("read-{worker}-{reads}");
            reads += 1;
            let found = within(given_up_after, read(&client, &write.to_string(), &trace)).await;
            if let Some(Ok(found)) = found {
                history.check(write, found);
            }
        }
    }
    history
}

/// What the call came to, if it was not given up before. A call that nobody gives up must end.
async fn within<T>(given_up_after: Option<Duration>, call: impl Future<Output = T>) -> Option<T> {
    match given_up_after {
        Some(patience) => timeout(patience, call).await.ok(),
        None => Some(timeout(LIMIT, call).await.expect("it ends")),
    }
}
