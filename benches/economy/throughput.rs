//! Signed requests per second of one core, 32 of them at a time.
//!
//! The clients take turns in one process, on one thread and one core; the node has another core
//! where there is one. A second is one of the processor's that the client's thread has used, so
//! that neither a node that is slower than its client nor the other users of the machine are
//! measured. What the clock says is printed beside it.

use std::process::Stdio;

use alternator_benches::arguments::name;
use alternator_benches::cores::on_core;
use alternator_benches::cost::thread_cpu;
use alternator_benches::figures::median;
use alternator_benches::requests::{repeat, runtime};
use alternator_benches::server::Server;

use crate::clients::{Client, Connected, Signing};

const CONCURRENCY: usize = 32;
const ROUNDS: usize = 15;
const REQUESTS: usize = 4_000;

/// The median of each client's rounds.
pub(crate) fn measure() -> [f64; Client::ALL.len()] {
    let server = Server::start_on(1);
    let output = on_core(0, std::env::current_exe().unwrap())
        .args(["throughput", server.url()])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// How many times the throughput of the SDK by itself ours is to have.
///
/// Signatures cost the SDK a third of its time where SHA-256 takes hundreds of instructions for
/// each block. On a processor that has instructions for it, not to sign at all would be worth less
/// than 1.6, as the rounds show.
pub(crate) fn bound() -> f64 {
    #[cfg(target_arch = "x86_64")]
    let has_sha = std::arch::is_x86_feature_detected!("sha");
    #[cfg(not(target_arch = "x86_64"))]
    let has_sha = true;
    if has_sha { 1.25 } else { 1.6 }
}

/// Prints the medians of the clients whose requests are signed, as JSON; and for comparison tells of
/// what is left where nothing is signed.
pub(crate) fn rounds(url: &str) {
    let signed = Client::ALL.map(|client| (client, Signing::Signed));
    let unsigned = [Client::Ours, Client::Stock].map(|client| (client, Signing::Unsigned));
    let clients: Vec<_> = signed
        .into_iter()
        .chain(unsigned)
        .map(|(client, signing)| {
            let runtime = runtime();
            let connected = runtime.block_on(Connected::new(client, signing, url));
            (client, signing, runtime, connected)
        })
        .collect();
    let mut used = vec![Vec::new(); clients.len()];
    let mut taken = used.clone();
    // The first round is for warming up.
    for round in 0..=ROUNDS {
        for (at, (.., runtime, client)) in clients.iter().enumerate() {
            let before = thread_cpu();
            let call = async || client.get().await;
            let clock = runtime.block_on(repeat(call, CONCURRENCY, REQUESTS));
            let cpu = thread_cpu() - before;
            if round > 0 {
                used[at].push(cpu.as_secs_f64());
                taken[at].push(clock.as_secs_f64());
            }
        }
    }
    let mut medians = Vec::new();
    for (((client, signing, ..), used), taken) in clients.iter().zip(used).zip(taken) {
        let [used, taken] = [used, taken].map(median);
        eprintln!(
            "throughput of {}, {}: {:.1} us of CPU time for each request; {:.0} per second by the clock, with the core busy {:.0} % of the time",
            name(*client),
            name(*signing),
            used / REQUESTS as f64 * 1e6,
            REQUESTS as f64 / taken,
            100.0 * used / taken,
        );
        if *signing == Signing::Signed {
            medians.push(REQUESTS as f64 / used);
        }
    }
    println!("{}", serde_json::to_string(&medians).unwrap());
}
