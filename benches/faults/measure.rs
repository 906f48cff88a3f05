//! One measurement: a cluster of its own here, a client in a process of its own, and a fault
//! between them.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use alternator_testcluster::{Cluster, Fault, Node};

use crate::calls::{Job, Load, Report};
use crate::clients::Client;
use crate::machine::Machine;
use crate::pace::Pace;

/// What the harness allows a process for starting and for printing.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy)]
pub(crate) enum Trouble {
    /// One node becomes faulty and stays so.
    Stays(fn(&Node, Pace)),
    /// What comes and goes in the cluster, until the end of the measurement.
    Moves(fn(&Cluster, Instant)),
}

pub(crate) struct Setting {
    pub(crate) client: Client,
    pub(crate) load: Load,
    pub(crate) pace: Pace,
    pub(crate) nodes: usize,
    pub(crate) measured: Duration,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) trouble: Trouble,
}

/// What was seen from both sides.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) measured: f64,
    pub(crate) report: Report,
    /// The requests that all nodes got in the life of the client.
    pub(crate) sent: u64,
    /// Of a fault that stays: the requests that the faulty node had when it came, and these and all
    /// that it got from then on.
    pub(crate) on_node: Option<u64>,
    pub(crate) reached: Option<u64>,
    /// How busy the machine was, as a share of all that it can do.
    pub(crate) busy: f64,
}

pub(crate) fn measure(setting: &Setting) -> Seen {
    let cluster = cluster(setting);
    let faulty = cluster.node(0);
    let mut process = Process::start(setting, cluster.urls());
    assert_eq!(
        process.lines.recv_timeout(PATIENCE).as_deref(),
        Ok("warm"),
        "the client does not run"
    );

    process.go();
    let begun = Machine::now();
    let end = Instant::now() + setting.measured;
    let had = match setting.trouble {
        Trouble::Stays(begin) => {
            begin(&faulty, setting.pace);
            Some(faulty.stats())
        }
        Trouble::Moves(run) => {
            run(&cluster, end);
            None
        }
    };
    std::thread::sleep(end.saturating_duration_since(Instant::now()));
    let busy = Machine::now().busy_since(&begun);
    let report = process.report(end + setting.pace.grace() + PATIENCE);
    Seen {
        report,
        measured: setting.measured.as_secs_f64(),
        on_node: had.as_ref().map(|had| had.in_flight),
        reached: had.map(|had| had.in_flight + gets(&faulty) - had.requests_of(GET)),
        sent: cluster.nodes().iter().map(gets).sum(),
        busy,
    }
}

fn cluster(setting: &Setting) -> Cluster {
    let item = r#"{"Item":{"pk":{"S":"key"},"name":{"S":"a value of some length, as items have"},"n":{"N":"42"}}}"#;
    let cluster = Cluster::builder()
        .nodes(setting.nodes)
        .record(false)
        .canned(GET, item)
        // As the server: nodes list for a while who is gone.
        .failure_detection(Duration::from_secs(20))
        .shutdown_announcement(Duration::from_secs(2))
        .start()
        .unwrap();
    for node in cluster.nodes() {
        node.inject(Fault::Slow(setting.pace.healthy()));
    }
    cluster
}

const GET: &str = "GetItem";

fn gets(node: &Node) -> u64 {
    node.stats().requests_of(GET)
}

struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    fn start(setting: &Setting, urls: Vec<String>) -> Self {
        let job = Job {
            client: setting.client,
            load: setting.load,
            measured: setting.measured,
            grace: setting.pace.grace(),
            read_timeout: setting.read_timeout,
            urls,
        };
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("--client")
            .arg(serde_json::to_string(&job).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        // Reads by itself, so that no client can make the harness wait.
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines }
    }

    fn go(&mut self) {
        writeln!(self.child.stdin.as_ref().unwrap(), "go").unwrap();
    }

    /// What the client has done, or nothing if it is given up.
    fn report(&mut self, limit: Instant) -> Report {
        let line = self.lines.recv_timeout(limit - Instant::now());
        line.map_or_else(|_| Report::default(), |line| serde_json::from_str(&line).unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only where it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
