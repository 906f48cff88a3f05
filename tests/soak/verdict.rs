//! What the clients were told, held against what reached the nodes and what is in the table.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use crate::stage::Stage;
use crate::support::direct::header;
use crate::support::write::{Ending, TRACE};
use crate::support::{TABLE, client};
use crate::workload::{History, Write};

/// Fewer would show little.
const AT_LEAST: usize = 100;

/// Which attempts of a request reached nodes, by its trace.
type Arrivals = HashMap<String, Vec<(u32, SocketAddr)>>;

/// What a write has left behind.
struct Item {
    value: String,
    executed: usize,
}

/// `hedged` is how many reads were sent to a second node as well.
pub(crate) async fn judge(stage: &Stage, histories: &[History], hedged: u64) {
    let arrivals = arrivals(stage);
    let mut twice = 0;
    for (trace, arrivals) in &arrivals {
        let mut attempts: Vec<_> = arrivals.iter().map(|(attempt, _)| attempt).collect();
        attempts.sort_unstable();
        attempts.dedup();
        let again = arrivals.len() - attempts.len();
        assert!(again == 0 || trace.starts_with("read-"), "{trace}: {arrivals:?}");
        // A hedge is for another node.
        let apart: HashSet<_> = arrivals.iter().collect();
        assert_eq!(apart.len(), arrivals.len(), "{trace}: {arrivals:?}");
        twice += again as u64;
    }
    assert!(twice <= hedged, "{twice} reads were sent twice, and {hedged} hedged");
    let mut items = items(stage).await;
    let (mut done, mut failed) = (0, 0);
    for history in histories {
        for (write, ending) in history.writes() {
            let key = write.to_string();
            let arrivals = arrivals.get(&key).map_or(&[][..], |a| a);
            judge_write(write, ending, history.attempts, arrivals, items.remove(&key));
            match ending {
                Ending::Done => done += 1,
                _ => failed += 1,
            }
        }
    }
    assert!(items.is_empty(), "nobody wrote {:?}", items.keys());
    assert!(done >= AT_LEAST && failed > 0, "{done} done, {failed} failed");
}

/// `attempts` is how many the write may have had. One that fails and can be tried again has had
/// them all.
fn judge_write(
    write: Write,
    ending: &Ending,
    attempts: u32,
    arrivals: &[(u32, SocketAddr)],
    item: Option<Item>,
) {
    let executed = item.as_ref().map_or(0, |item| item.executed);
    let story = format!("{write}: {ending:?}, executed {executed} times, reached {arrivals:?}");
    if let Some(item) = item {
        assert!(item.value == write.value(), "another value: {story}");
    }
    assert!(executed <= arrivals.len(), "doubled: {story}");
    match ending {
        Ending::Done => assert!(executed > 0, "lost: {story}"),
        Ending::Unsent(_) => {
            assert!(arrivals.iter().all(|(attempt, _)| *attempt < attempts), "sent: {story}")
        }
        Ending::Refused(_) => assert!(executed < arrivals.len(), "executed: {story}"),
        Ending::Unclear(_) => {}
    }
}

fn arrivals(stage: &Stage) -> Arrivals {
    let mut arrivals = Arrivals::new();
    for node in stage.all_nodes() {
        let heads = node.heads();
        let received: u64 = node.stats().requests.values().sum();
        assert_eq!(heads.len() as u64, received, "every head was kept");
        for head in heads {
            if let Some(trace) = header(&head, TRACE) {
                let attempt = attempt(&head).expect("the SDK numbers its attempts");
                arrivals.entry(trace).or_default().push((attempt, node.addr()));
            }
        }
    }
    arrivals
}

/// From `amz-sdk-request: attempt=1; max=3`.
fn attempt(head: &[u8]) -> Option<u32> {
    let request = header(head, "amz-sdk-request")?;
    request.split("; ").find_map(|part| part.strip_prefix("attempt="))?.parse().ok()
}

/// What is in the table, as someone reads it who had no part in writing it.
async fn items(stage: &Stage) -> HashMap<String, Item> {
    let witness = client(&stage.connector(|connector| connector)).await;
    let mut found =
        witness.scan().table_name(TABLE).consistent_read(true).into_paginator().items().send();
    let mut items = HashMap::new();
    while let Some(item) = found.next().await {
        let item = item.unwrap();
        let key = item["pk"].as_s().unwrap().clone();
        let value = item["filler"].as_s().unwrap().clone();
        let executed = item["n"].as_n().unwrap().parse().unwrap();
        items.insert(key, Item { value, executed });
    }
    items
}
