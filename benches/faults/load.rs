//! What runs in the client's process: it calls as its load says, writes down every call, and prints
//! them in the end.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep, sleep_until};

use crate::calls::{Call, Job, Load, Outcome, Report};
use crate::clients::Connected;

/// How long the client runs before the measurement, so that its connections are open.
const WARM_UP: Duration = Duration::from_secs(1);

/// Says `warm` when it is, measures from the next line of standard input on, prints its report and
/// ends the process.
pub(crate) fn run(job: &Job) -> ! {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let client = Connected::new(job).await;
        let source = Arc::new(Source::new(client));
        let working = tokio::spawn(Arc::clone(&source).work(job.load));
        sleep(WARM_UP).await;
        source.check_health();
        println!("warm");
        tokio::task::spawn_blocking(|| std::io::stdin().lines().next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        let begun = Instant::now();
        sleep_until(begun + job.measured).await;
        source.stopped.store(true, Relaxed);
        working.await.unwrap();
        while source.is_busy() && begun.elapsed() < job.measured + job.grace {
            sleep(Duration::from_millis(10)).await;
        }
        println!("{}", serde_json::to_string(&source.report(begun)).unwrap());
    });
    // Leaves calls behind that never end.
    std::process::exit(0)
}

struct Source {
    client: Connected,
    stopped: AtomicBool,
    log: Mutex<Vec<Entry>>,
    error: Mutex<Option<String>>,
}

struct Entry {
    begun: Instant,
    end: Option<(Instant, Outcome)>,
}

impl Source {
    fn new(client: Connected) -> Self {
        Self {
            client,
            stopped: AtomicBool::new(false),
            log: Mutex::default(),
            error: Mutex::default(),
        }
    }

    /// Calls until it is stopped. Calls may outlive it.
    async fn work(self: Arc<Self>, load: Load) {
        match load {
            Load::Closed(workers) => {
                for _ in 0..workers {
                    let source = Arc::clone(&self);
                    tokio::spawn(async move {
                        while !source.stopped.load(Relaxed) {
                            source.call(Instant::now()).await;
                        }
                    });
                }
            }
            Load::Open(rate) => {
                let mut next = Instant::now();
                while !self.stopped.load(Relaxed) {
                    sleep_until(next).await;
                    let (source, begun) = (Arc::clone(&self), next);
                    tokio::spawn(async move { source.call(begun).await });
                    next += Duration::from_secs(1) / rate;
                }
            }
        }
    }

    async fn call(&self, begun: Instant) {
        let place = {
            let mut log = self.log.lock().unwrap();
            log.push(Entry { begun, end: None });
            log.len() - 1
        };
        let (outcome, error) = self.client.get().await;
        self.log.lock().unwrap()[place].end = Some((Instant::now(), outcome));
        if let Some(error) = error {
            self.error.lock().unwrap().get_or_insert(error);
        }
    }

    fn check_health(&self) {
        if let Some(error) = &*self.error.lock().unwrap() {
            panic!("a call failed though every node is healthy: {error}");
        }
        assert!(self.log.lock().unwrap().iter().any(|entry| entry.end.is_some()));
    }

    fn is_busy(&self) -> bool {
        self.log.lock().unwrap().iter().any(|entry| entry.end.is_none())
    }

    fn report(&self, since: Instant) -> Report {
        let log = self.log.lock().unwrap();
        let seconds = |at: Instant| match at.checked_duration_since(since) {
            Some(after) => after.as_secs_f64(),
            None => -since.duration_since(at).as_secs_f64(),
        };
        let calls = log.iter().filter(|entry| entry.end.is_none_or(|(end, _)| end >= since));
        Report {
            made: log.len() as u64,
            error: self.error.lock().unwrap().as_ref().map(|error| error.replace('\n', " ")),
            calls: calls
                .map(|Entry { begun, end }| Call {
                    begun: seconds(*begun),
                    end: end.map(|(end, outcome)| (seconds(end), outcome)),
                })
                .collect(),
        }
    }
}
