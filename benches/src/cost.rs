//! What requests cost the client that makes them.

use std::process::Command;
use std::time::Duration;

use crate::cores::on_core;

/// The core of the clients that are counted. Where the node has it as well, a client finds each
/// response when it first looks; otherwise it waits for some, which costs it more.
pub const CORE: usize = 0;

/// CPU time of this thread so far, user and system.
pub fn thread_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

/// Whether valgrind is installed, without which neither instructions nor allocations are counted.
pub fn has_valgrind() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok()
}

/// Instructions in user mode for each request that this program makes when it is called with the
/// arguments for so many.
pub fn instructions(arguments: impl Fn(usize) -> Vec<String>) -> f64 {
    let callgrind = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
    for_each_request(arguments, &callgrind, "Collected :")
}

/// Allocations for each request, likewise. Memory that grows is allocated anew. An allocator that
/// counts would add its own instructions to the others.
pub fn allocations(arguments: impl Fn(usize) -> Vec<String>) -> f64 {
    let memcheck = ["--tool=memcheck", "--leak-check=no"];
    for_each_request(arguments, &memcheck, "total heap usage:")
}

/// The difference between a long and a short run, so that starting up does not count.
fn for_each_request(arguments: impl Fn(usize) -> Vec<String>, tool: &[&str], figure: &str) -> f64 {
    const SHORT: usize = 500;
    const LONG: usize = 2_500;
    let [short, long] = [SHORT, LONG].map(|requests| total(&arguments(requests), tool, figure));
    (long - short) as f64 / (LONG - SHORT) as f64
}

/// The number that valgrind reports after these words.
fn total(arguments: &[String], tool: &[&str], words: &str) -> u64 {
    let output = on_core(CORE, "valgrind")
        .args(tool)
        // What glibc's fast bins cost depends on all that was freed before, and differs from
        // process to process by a hundredth of all instructions.
        .env("GLIBC_TUNABLES", "glibc.malloc.mxfast=0")
        .arg(std::env::current_exe().unwrap())
        .args(arguments)
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{report}");
    let (_, after) = report.split_once(words).expect("valgrind reports it");
    after.split_whitespace().next().unwrap().replace(',', "").parse().unwrap()
}
