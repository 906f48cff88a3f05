use std::net::IpAddr;

use super::*;
use crate::keys::key::PartitionKeyType;
use crate::keys::replicas::{Host, HostId, Hosts, Tablet};
use crate::tables::Tables;

const MAX_AGE: Duration = Duration::from_secs(60);
const QUICK: Duration = Duration::from_millis(1);
const MIDDLE: f64 = 0.5;

fn at(seconds: f64) -> Moment {
    Moment::default().after(Duration::from_secs_f64(seconds))
}

fn key(name: &str) -> PartitionKey {
    PartitionKey { name: name.into(), key_type: PartitionKeyType::String }
}

fn info(id: &str) -> TableInfo {
    TableInfo { id: Some(id.into()), ..TableInfo::configured(key("id")) }
}

fn table() -> Table {
    Table::new("t", None)
}

const TIMING: Timing = Timing { took: QUICK, max_age: MAX_AGE, random: MIDDLE };

fn role(name: &str) -> Role {
    Role::of(Some(name))
}

fn begins(table: &Table, now: Moment, changes: u64) -> bool {
    table.begin_lookup(now, changes, role("a")).is_some()
}

/// Returns the claim of the lookup in flight.
fn claim(table: &Table) -> Claim {
    let number = table.lookups().latest;
    let role = role("a");
    Claim { role, number }
}

fn found(table: &Table, now: f64, id: &str, freshness: Freshness) {
    found_in(QUICK, table, info(id), freshness, now);
}

fn found_in(took: Duration, table: &Table, info: TableInfo, freshness: Freshness, now: f64) {
    let timing = Timing { took, ..TIMING };
    table.record_found(claim(table), info, freshness, timing, at(now));
}

/// Returns the first second, to a tenth, at which the table is due.
fn due(table: &Table, from: f64, changes: u64) -> f64 {
    let mut now = from;
    while !table.is_due(at(now), changes) {
        now += 0.1;
        assert!(now < from + 1000.0, "it is never due");
    }
    (now * 10.0).round() / 10.0
}

#[test]
fn a_table_is_due_when_it_is_first_seen_and_looked_up_by_one_at_a_time() {
    let table = table();
    assert!(table.is_due(at(0.0), 0) && table.is_due(at(5.0), 3));
    assert!(begins(&table, at(5.0), 0));
    assert!(!table.is_due(at(6.0), 0) && !begins(&table, at(6.0), 0));
    // Nor does a change begin a second one, until the first has timed out.
    table.mark_stale();
    assert!(!begins(&table, at(6.0), 1));
    assert!(!begins(&table, at(34.9), 1) && begins(&table, at(35.1), 1));
}

#[test]
fn a_table_that_stays_as_it_is_is_looked_up_less_and_less_often() {
    let table = table();
    let mut now = 10.0;
    let mut waits = Vec::new();
    for _ in 0..8 {
        assert!(begins(&table, at(now), 0));
        found(&table, now, "a", Freshness::Settled);
        let next = due(&table, now, 0);
        waits.push((next - now).round());
        now = next;
    }
    assert_eq!(waits, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
    // Another table of that name is a change.
    assert!(begins(&table, at(now), 0));
    found(&table, now, "b", Freshness::Settled);
    assert_eq!(due(&table, now, 0), now + 1.0);
}

#[test]
fn a_table_is_due_soon_when_the_node_list_has_changed_or_something_did_not_fit() {
    let table = table();
    for now in [0.0, 2.0, 5.0, 10.0, 20.0] {
        assert!(begins(&table, at(now), 7));
        found(&table, now, "a", Freshness::Settled);
    }
    assert!(!table.is_due(at(21.1), 7));
    assert!(!table.is_due(at(20.9), 8), "but not within the same second");
    assert!(table.is_due(at(21.1), 8));
    assert!(begins(&table, at(21.1), 8));
    found(&table, 21.1, "a", Freshness::Settled);
    assert!(!table.is_due(at(30.0), 8));
    table.mark_stale();
    assert!(table.is_due(at(30.0), 8));
    assert!(begins(&table, at(30.0), 8));
    found(&table, 30.0, "a", Freshness::Settled);
    table.mark_stale();
    assert_eq!(due(&table, 30.0, 8), 31.0, "once a second at most");
}

#[test]
fn a_lookup_that_takes_long_is_not_made_often() {
    let table = table();
    assert!(begins(&table, at(0.0), 0));
    let took = Duration::from_millis(200);
    found_in(took, &table, info("a"), Freshness::Moving, 1.0);
    assert_eq!(due(&table, 1.0, 1), 11.0);
}

#[test]
fn what_cannot_be_learned_is_asked_again_late_and_what_failed_soon() {
    let table = table();
    let mut waits = Vec::new();
    let begin = |now| assert!(begins(&table, at(now), 0));
    let mut wait = |now| waits.push(due(&table, now, 0) - now);
    begin(0.0);
    table.record_failed(claim(&table), at(0.0), MIDDLE);
    wait(0.0);
    begin(10.0);
    table.record_failed(claim(&table), at(10.0), MIDDLE);
    wait(10.0);
    begin(400.0);
    table.record_missing(claim(&table), at(400.0));
    wait(400.0);
    begin(500.0);
    found(&table, 500.0, "a", Freshness::Hidden);
    wait(500.0);
    for (wait, expected) in waits.iter().zip([0.1, 0.2, 30.0, 300.0]) {
        assert!((wait - expected).abs() < 0.15, "{waits:?}");
    }
    table.mark_stale();
    assert!((due(&table, 500.0, 0) - 530.0).abs() < 0.15);
    begin(600.0);
    found(&table, 600.0, "a", Freshness::Incomplete);
    assert!((due(&table, 600.0, 0) - 600.1).abs() < 0.15);
}

/// Returns the first second, to a tenth, at which `role` may look up the table, if no other does.
fn looked_up_by(table: &Table, role: Role, from: f64) -> f64 {
    let mut now = from;
    while table.begin_lookup(at(now), 0, role).is_none() {
        now += 0.1;
        assert!(now < from + 1000.0, "it never does");
    }
    now
}

#[test]
fn what_one_role_is_refused_another_may_ask_for_at_once() {
    let (poor, rich) = (role("poor"), role("rich"));
    let refuse: [fn(&Table, Claim); 2] = [
        |table, claim| table.record_denied(claim, at(10.0)),
        |table, claim| table.record_found(claim, info("a"), Freshness::Denied, TIMING, at(10.0)),
    ];
    for refuse in refuse {
        let table = table();
        let claim = table.begin_lookup(at(10.0), 0, poor).unwrap();
        refuse(&table, claim);
        let claim = table.begin_lookup(at(10.0), 0, rich).unwrap();
        table.record_found(claim, info("a"), Freshness::Settled, TIMING, at(10.0));
        // A denied role holds up the others for a moment.
        assert!(table.begin_lookup(at(12.0), 0, poor).is_none());
        assert!(table.begin_lookup(at(12.2), 0, Role::of(None)).is_some());
    }
}

#[test]
fn an_order_of_replicas_is_kept_until_those_who_may_not_know_it_ask_again() {
    let info = TableInfo { looked_up_at: Some(at(100.0)), ..of_hosts(&[1]) };
    let is_kept = |info: &TableInfo, max_age, now| {
        info.has_recent_order(Duration::from_secs(max_age), at(now))
    };
    assert!(is_kept(&info, 60, 399.0) && !is_kept(&info, 60, 401.0));
    assert!(is_kept(&info, 3600, 7000.0));
    let unordered = TableInfo { ordered: None, ..info };
    assert!(!is_kept(&unordered, 60, 101.0));
}

#[test]
fn a_role_that_was_refused_asks_again_late_and_sooner_if_something_does_not_fit() {
    for (doubts, expected) in [(false, 300.0), (true, 30.0)] {
        let (table, poor) = (table(), role("poor"));
        let claim = table.begin_lookup(at(10.0), 0, poor).unwrap();
        table.record_denied(claim, at(10.0));
        if doubts {
            table.mark_stale();
        }
        let wait = looked_up_by(&table, poor, 10.0) - 10.0;
        assert!((wait - expected).abs() < 0.15, "{wait}");
    }
}

#[test]
fn a_lookup_that_was_begun_before_the_table_was_forgotten_says_nothing_any_more() {
    let table = table();
    let old = table.begin_lookup(at(1.0), 0, role("a")).unwrap();
    table.forget();
    let found = |claim, id| {
        table.record_found(claim, info(id), Freshness::Settled, TIMING, at(2.0));
        let info = table.info();
        info.as_ref().and_then(|info| info.id.clone())
    };
    assert_eq!(found(old, "deleted"), None);
    let new = table.begin_lookup(at(1.0), 0, role("a")).unwrap();
    assert_eq!(found(old, "deleted"), None);
    table.record_failed(old, at(1.0), MIDDLE);
    table.record_denied(old, at(1.0));
    assert!(!table.is_due(at(5.0), 0), "the other one is in flight");
    assert_eq!(found(new, "new").as_deref(), Some("new"));
    table.record_missing(old, at(2.0));
    assert_eq!(found(old, "deleted").as_deref(), Some("new"));
}

#[test]
fn a_table_that_is_gone_is_forgotten_but_for_what_the_user_has_said() {
    let configured = Table::new("t", Some(key("user")));
    for (table, left) in [(table(), None), (configured, Some(key("user")))] {
        found(&table, 0.0, "a", Freshness::Settled);
        assert_eq!(table.info().as_ref().unwrap().key, key("id"));
        table.record_missing(claim(&table), at(1.0));
        let info = table.info().as_ref().map(|info| info.key.clone());
        assert_eq!(info, left);
        assert!(!table.is_due(at(2.0), 0));
        found(&table, 3.0, "a", Freshness::Settled);
        table.forget();
        assert!(table.is_due(at(3.0), 0), "it may be there again");
    }
}

const A: &str = "00000000-0000-0000-0000-000000000001";

/// Returns the info of a table in a cluster of these hosts, whose replicas are all on the first
/// one.
fn of_hosts(hosts: &[u8]) -> TableInfo {
    let host = |n: u8| {
        let address: IpAddr = [10, 0, 0, n].into();
        let host = Host {
            address,
            id: format!("00000000-0000-0000-0000-00000000000{n}").into(),
            datacenter: "dc1".into(),
            rack: "r1".into(),
        };
        (host, address)
    };
    let tablet = Tablet { last_token: i64::MAX, replicas: vec![(HostId::parse(A).unwrap(), 0)] };
    let hosts = Hosts::new(hosts.iter().map(|n| host(*n)));
    let replicas = Arc::new(Replicas::from_tablets(&hosts, [tablet]));
    TableInfo { replicas: Some(Arc::clone(&replicas)), ordered: Some(replicas), ..info("a") }
}

fn with_replicas(table: &Table) {
    let info = of_hosts(&[1]);
    for now in [0.0, 1.5, 4.0, 10.0] {
        found_in(QUICK, table, info.clone(), Freshness::Settled, now);
    }
}

fn replicas_of(table: &Table, token: i64) -> Vec<IpAddr> {
    let info = table.info();
    let replicas = info.as_ref().unwrap().replicas.as_ref().unwrap();
    let address =
        |r: &crate::keys::replicas::Placement| replicas.hosts()[usize::from(r.host)].address;
    replicas.of(Token(token)).iter().map(address).collect()
}

#[test]
fn a_hint_is_taken_over_and_raises_doubts_unless_it_is_of_other_tokens_or_says_nothing_new() {
    let table = table();
    with_replicas(&table);
    let first: IpAddr = [10, 0, 0, 1].into();
    let second: IpAddr = [10, 0, 0, 2].into();
    let info = ["-9,90,10.0.0.1/0", "-9,90,10.0.0.1"];
    for ignored in ["0,10,10.0.0.2", "10,20", "\u{ff}", info[0], info[1]] {
        table.hint(ignored.as_bytes(), Token(15));
        assert_eq!(replicas_of(&table, 15), [first], "{ignored}");
        assert!(!table.is_due(at(12.0), 0));
    }
    table.hint(b"10,20,10.0.0.2", Token(15));
    assert_eq!(replicas_of(&table, 10), [first]);
    assert_eq!(replicas_of(&table, 15), [second]);
    assert!(table.is_due(at(12.0), 0));
}

#[test]
fn a_host_that_holds_nothing_of_a_table_is_no_change_of_it() {
    let table = table();
    with_replicas(&table);
    for (now, hosts, next) in [(20.0, &[1, 2][..], 36.0), (40.0, &[1], 72.0)] {
        found_in(QUICK, &table, of_hosts(hosts), Freshness::Settled, now);
        assert_eq!(due(&table, now, 0), next);
    }
}

#[test]
fn a_hint_that_says_nothing_new_costs_no_copy_and_no_change() {
    let table = table();
    with_replicas(&table);
    let hint = || table.hint(b"-9,90,10.0.0.1", Token(15));
    hint();
    let before = table.info.load_full();
    let allocated = allocation_counter::measure(hint);
    // The hint itself.
    assert!(allocated.count_total <= 1, "{allocated:?}");
    assert!(Arc::ptr_eq(&before.unwrap(), &table.info.load_full().unwrap()));
}

#[test]
fn while_one_hint_is_taken_over_another_is_left_to_a_later_answer() {
    let table = table();
    with_replicas(&table);
    let hint = || table.hint(b"10,20,10.0.0.2", Token(15));
    let one = table.hinting.lock().unwrap();
    hint();
    assert_eq!(replicas_of(&table, 15), [IpAddr::from([10, 0, 0, 1])]);
    drop(one);
    hint();
    assert_eq!(replicas_of(&table, 15), [IpAddr::from([10, 0, 0, 2])]);
}

#[test]
fn a_table_without_a_map_learns_from_hints_and_one_without_a_key_does_not() {
    let table = table();
    table.hint(b"10,20,10.0.0.2", Token(15));
    assert!(table.info().is_none());
    found(&table, 0.0, "a", Freshness::Hidden);
    table.hint(b"10,20,10.0.0.2", Token(15));
    assert_eq!(replicas_of(&table, 20), [IpAddr::from([10, 0, 0, 2])]);
    assert_eq!(replicas_of(&table, 21), [] as [IpAddr; 0]);
}

#[test]
fn a_table_is_found_by_its_name_and_made_once() {
    let tables = Tables::new(&[("c".to_owned(), key("user"))]);
    let named = |name| tables.find_or_insert(name, at(0.0)).unwrap();
    let (a, c) = (named("a"), named("c"));
    assert!(Arc::ptr_eq(&a, &named("a")));
    assert!(a.info().is_none());
    assert_eq!(c.info().as_ref().unwrap().key, key("user"));
    assert!(tables.find("b").is_none());
    found(&c, 0.0, "x", Freshness::Settled);
    tables.forget("c");
    tables.forget("b");
    assert_eq!(c.info().as_ref().unwrap().key, key("user"));
}

#[test]
fn hosts_are_kept_for_a_minute_and_until_the_node_list_changes() {
    let tables = Tables::new(&[]);
    assert!(tables.cached_hosts(at(0.0), 0).is_none());
    tables.cache_hosts(Arc::default(), at(1.0), 5);
    assert!(tables.cached_hosts(at(60.9), 5).is_some());
    assert!(tables.cached_hosts(at(61.1), 5).is_none());
    assert!(tables.cached_hosts(at(2.0), 6).is_none());
}

#[test]
fn what_every_request_asks_allocates_nothing() {
    let tables = Tables::new(&[("t".to_owned(), key("id"))]);
    let ask = |n: u32| {
        let table = tables.find_or_insert("t", at(f64::from(n))).unwrap();
        assert!(table.info().is_some() && table.is_due(at(f64::from(n)), 0));
    };
    // arc-swap allocates its own state on the first use by a thread.
    ask(0);
    let allocated = allocation_counter::measure(|| (1..100).for_each(ask));
    assert_eq!(allocated.count_total, 0);
}
