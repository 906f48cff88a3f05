//! Lightweight transactions on one partition through several coordinators.

use std::time::{Duration, Instant};

use alternator_testcluster::{Builder, Node};
use serde_json::json;

use crate::raw::{Connection, LIMIT, operation};
use crate::tokens::{answer, conditional_put, create, get, key, nine, put, run, with_table};

/// Longer than any test waits.
const WINDOW: Duration = Duration::from_secs(3600);

fn contended(node: &Node) -> u64 {
    node.stats().contended
}

/// Three racks of nodes whose transactions contend for as long as any test takes.
fn contending(retry: Duration) -> Builder {
    nine().contention_window(WINDOW).contention_retry(retry)
}

#[test]
fn transactions_contend_only_between_coordinators_of_one_partition() {
    let cluster = with_table(contending(Duration::ZERO));
    let [first, second] = [cluster.node(0), cluster.node(1)];
    for _ in 0..3 {
        run(&first, "PutItem", &conditional_put("a"));
    }
    run(&second, "PutItem", &conditional_put("b"));
    run(&second, "PutItem", &put("a"));
    assert_eq!((contended(&first), contended(&second)), (0, 0));
    run(&second, "PutItem", &conditional_put("a"));
    assert_eq!((contended(&first), contended(&second)), (0, 1));
    run(&first, "PutItem", &conditional_put("a"));
    assert_eq!((contended(&first), contended(&second)), (1, 1));
    assert_eq!((first.stats().lwt, second.stats().lwt), (4, 2));
    let items: Vec<_> = ["a", "b"].map(|value| json!({"Put": conditional_put(value)})).into();
    let request = json!({"TransactItems": items});
    run(&first, "TransactWriteItems", &request);
    assert_eq!((contended(&first), first.stats().lwt), (3, 6));
}

#[test]
fn nothing_contends_after_the_window_or_without_one() {
    for builder in [nine(), nine().contention_window(Duration::from_nanos(1))] {
        let cluster = with_table(builder);
        for node in cluster.nodes() {
            run(&node, "PutItem", &conditional_put("a"));
        }
        assert!(cluster.nodes().iter().all(|node| contended(node) == 0));
    }
}

#[test]
fn a_contended_transaction_takes_another_round() {
    const RETRY: Duration = Duration::from_millis(200);
    let cluster = with_table(contending(RETRY));
    let took = |node: &Node| {
        let began = Instant::now();
        run(node, "PutItem", &conditional_put("a"));
        began.elapsed()
    };
    let fastest = (0..5).map(|_| took(&cluster.node(0))).min().unwrap();
    assert!(fastest < RETRY);
    assert!(took(&cluster.node(1)) >= RETRY);
}

#[test]
fn so_many_contended_transactions_fail_and_are_not_executed() {
    let cluster = with_table(contending(Duration::ZERO).contention_errors(0.5));
    let [first, second] = [cluster.node(0), cluster.node(1)];
    run(&first, "PutItem", &conditional_put("a"));
    let add = json!({
        "TableName": "tab",
        "Key": {"p": key("a")},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    });
    let mut failed = 0;
    for _ in 0..10 {
        let answer = answer(&second, "UpdateItem", &add);
        if answer.status() != 200 {
            let message = answer.error(500, "InternalServerError");
            assert!(message.contains("LOCAL_SERIAL"), "{message}");
            failed += 1;
        }
    }
    assert_eq!(failed, 5);
    assert_eq!(contended(&second), 10);
    let item = run(&first, "GetItem", &get("tab", "a"));
    assert_eq!(item["Item"]["n"], json!({"N": "5"}));
}

#[test]
fn the_coordinators_of_a_partition_are_told_in_turns() {
    let cluster = with_table(contending(Duration::ZERO));
    assert_eq!(cluster.coordinators("tab", &key("a")), []);
    for (at, count) in [(0, 3), (1, 1), (0, 2)] {
        for _ in 0..count {
            run(&cluster.node(at), "PutItem", &conditional_put("a"));
        }
    }
    let turns = cluster.coordinators("tab", &key("a"));
    let told: Vec<_> = turns.iter().map(|turn| (turn.coordinator, turn.transactions)).collect();
    let addr = |at: usize| cluster.node(at).addr();
    assert_eq!(told, [(addr(0), 3), (addr(1), 1), (addr(0), 2)]);
    for pair in turns.windows(2) {
        assert!(!pair[0].overlaps(&pair[1]));
        assert!(pair[0].ended <= pair[1].began);
    }
}

#[test]
fn the_latest_turns_are_kept_for_as_long_as_there_is_the_table() {
    const KEPT: usize = 1000;
    let cluster = with_table(contending(Duration::ZERO).canned("PutItem", "{}"));
    let [first, second] = [cluster.node(0), cluster.node(1)];
    run(&cluster.node(2), "PutItem", &conditional_put("a"));
    for _ in 0..KEPT / 2 {
        run(&first, "PutItem", &conditional_put("a"));
        run(&second, "PutItem", &conditional_put("a"));
    }
    let turns = cluster.coordinators("tab", &key("a"));
    assert_eq!(turns.len(), KEPT);
    assert_eq!(turns[0].coordinator, first.addr());
    assert_eq!(turns[KEPT - 1].coordinator, second.addr());
    assert!(!turns[KEPT - 2].overlaps(&turns[KEPT - 1]));
    run(&first, "DeleteTable", &json!({"TableName": "tab"}));
    assert_eq!(cluster.coordinators("tab", &key("a")), []);
    create(&cluster, "tab");
    run(&second, "PutItem", &conditional_put("a"));
    assert_eq!(cluster.coordinators("tab", &key("a")).len(), 1);
}

#[test]
fn a_transaction_under_way_overlaps_all_that_begin_before_it_ends() {
    let cluster = with_table(contending(WINDOW));
    run(&cluster.node(0), "PutItem", &conditional_put("a"));
    // They contend, and would take a long time.
    let mut under_way =
        [cluster.node(1), cluster.node(2)].map(|node| Connection::open(node.addr()));
    for (at, connection) in under_way.iter_mut().enumerate() {
        connection.send(operation("PutItem", conditional_put("a").to_string()));
        let begun = || cluster.coordinators("tab", &key("a")).len() == at + 2;
        assert!(cluster.wait_until(LIMIT, begun));
    }
    let turns = cluster.coordinators("tab", &key("a"));
    assert!(turns[1].overlaps(&turns[2]) && turns[2].overlaps(&turns[1]));
    assert!(!turns[0].overlaps(&turns[1]));
}

#[test]
fn transactions_at_the_same_time_overlap() {
    let cluster = with_table(contending(Duration::from_millis(300)));
    run(&cluster.node(2), "PutItem", &conditional_put("a"));
    std::thread::scope(|scope| {
        for at in 0..2 {
            let node = cluster.node(at);
            scope.spawn(move || run(&node, "PutItem", &conditional_put("a")));
        }
    });
    let turns = cluster.coordinators("tab", &key("a"));
    assert_eq!(turns.len(), 3);
    assert!(turns[1].overlaps(&turns[2]));
    assert!(!turns[0].overlaps(&turns[1]));
}
