//! A node in a process of its own, so that it counts for nothing in what its client costs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use alternator_testcluster::Cluster;

use crate::cores::on_core;

/// Says where the cluster is, and keeps it until standard input ends.
pub fn serve(cluster: &Cluster) {
    println!("{}", cluster.urls()[0]);
    std::io::stdin().lines().for_each(drop);
}

/// The other process, which ends with this.
pub struct Server {
    process: Child,
    url: String,
}

impl Server {
    /// Starts this program with the subcommand `serve`, for which it is to [`serve`].
    pub fn start() -> Self {
        Self::start_by(Command::new(std::env::current_exe().unwrap()))
    }

    /// Starts it on one core.
    pub fn start_on(core: usize) -> Self {
        Self::start_by(on_core(core, std::env::current_exe().unwrap()))
    }

    fn start_by(mut program: Command) -> Self {
        let mut process =
            program.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { process, url: url.trim().to_owned() }
    }

    /// Returns where the cluster is.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
