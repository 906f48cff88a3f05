use std::net::IpAddr;

use super::registry::Tables;
use super::*;
use crate::replicas::{Host, HostId, Hosts, Tablet};

const LONGEST: Duration = Duration::from_secs(60);
const QUICK: Duration = Duration::from_millis(1);
const MIDDLE: f64 = 0.5;

fn at(seconds: f64) -> Moment {
    Moment::default().after(Duration::from_secs_f64(seconds))
}

fn key(name: &str) -> PartitionKey {
    PartitionKey {
        name: name.into(),
        key_type: KeyType::String,
    }
}

fn known(id: &str) -> Known {
    Known {
        id: Some(id.into()),
        ..Known::configured(key("id"))
    }
}

fn table() -> Table {
    Table::new("t", None)
}

fn learned(table: &Table, now: f64, id: &str, outlook: Outlook) {
    table.learned(known(id), outlook, QUICK, LONGEST, at(now), MIDDLE);
}

/// The first second, to a tenth, at which the table is due.
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
    assert!(table.begin(at(5.0), 0));
    assert!(!table.is_due(at(6.0), 0) && !table.begin(at(6.0), 0));
    // Nor does news make a second one, until the first is lost.
    table.doubt();
    assert!(!table.begin(at(6.0), 1));
    assert!(!table.begin(at(34.9), 1) && table.begin(at(35.1), 1));
}

#[test]
fn a_table_that_stays_as_it_is_is_looked_up_less_and_less_often() {
    let table = table();
    let mut now = 10.0;
    let mut waits = Vec::new();
    for _ in 0..8 {
        assert!(table.begin(at(now), 0));
        learned(&table, now, "a", Outlook::Settled);
        let next = due(&table, now, 0);
        waits.push((next - now).round());
        now = next;
    }
    assert_eq!(waits, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
    // Another table of that name is a change.
    assert!(table.begin(at(now), 0));
    learned(&table, now, "b", Outlook::Settled);
    assert_eq!(due(&table, now, 0), now + 1.0);
}

#[test]
fn a_table_is_due_soon_when_the_node_list_has_changed_or_something_did_not_fit() {
    let table = table();
    for now in [0.0, 2.0, 5.0, 10.0, 20.0] {
        assert!(table.begin(at(now), 7));
        learned(&table, now, "a", Outlook::Settled);
    }
    assert!(!table.is_due(at(21.1), 7));
    assert!(!table.is_due(at(20.9), 8), "but not within the same second");
    assert!(table.is_due(at(21.1), 8));
    assert!(table.begin(at(21.1), 8));
    learned(&table, 21.1, "a", Outlook::Settled);
    assert!(!table.is_due(at(30.0), 8));
    table.doubt();
    assert!(table.is_due(at(30.0), 8));
    assert!(table.begin(at(30.0), 8));
    learned(&table, 30.0, "a", Outlook::Settled);
    table.doubt();
    assert_eq!(due(&table, 30.0, 8), 31.0, "once a second at most");
}

#[test]
fn a_lookup_that_takes_long_is_not_made_often() {
    let table = table();
    assert!(table.begin(at(0.0), 0));
    let took = Duration::from_millis(200);
    table.learned(known("a"), Outlook::Moving, took, LONGEST, at(1.0), MIDDLE);
    assert_eq!(due(&table, 1.0, 1), 11.0);
}

#[test]
fn what_cannot_be_learned_is_asked_again_late_and_what_failed_soon() {
    let table = table();
    let mut waits = Vec::new();
    let begin = |now| assert!(table.begin(at(now), 0));
    let mut wait = |now| waits.push(due(&table, now, 0) - now);
    begin(0.0);
    table.failed(at(0.0), MIDDLE);
    wait(0.0);
    begin(10.0);
    table.failed(at(10.0), MIDDLE);
    wait(10.0);
    begin(20.0);
    table.refused(at(20.0));
    wait(20.0);
    begin(400.0);
    table.absent(at(400.0));
    wait(400.0);
    begin(500.0);
    learned(&table, 500.0, "a", Outlook::Hidden);
    wait(500.0);
    for (wait, expected) in waits.iter().zip([0.1, 0.2, 300.0, 30.0, 300.0]) {
        assert!((wait - expected).abs() < 0.15, "{waits:?}");
    }
    table.doubt();
    assert!((due(&table, 500.0, 0) - 530.0).abs() < 0.15);
    begin(600.0);
    learned(&table, 600.0, "a", Outlook::Incomplete);
    assert!((due(&table, 600.0, 0) - 600.1).abs() < 0.15);
}

#[test]
fn a_table_that_is_gone_is_forgotten_but_for_what_the_user_has_said() {
    let configured = Table::new("t", Some(key("user")));
    for (table, left) in [(table(), None), (configured, Some(key("user")))] {
        learned(&table, 0.0, "a", Outlook::Settled);
        assert_eq!(table.known().as_ref().unwrap().key, key("id"));
        table.absent(at(1.0));
        let known = table.known().as_ref().map(|known| known.key.clone());
        assert_eq!(known, left);
        assert!(!table.is_due(at(2.0), 0));
        learned(&table, 3.0, "a", Outlook::Settled);
        table.forget();
        assert!(table.is_due(at(3.0), 0), "it may be there again");
    }
}

const A: &str = "00000000-0000-0000-0000-00000000000a";

fn with_replicas(table: &Table) {
    let host = |n: u8| {
        let address: IpAddr = [10, 0, 0, n].into();
        let host = Host {
            address,
            id: A.into(),
            datacenter: "dc1".into(),
            rack: "r1".into(),
        };
        (host, address)
    };
    let tablet = Tablet {
        last_token: i64::MAX,
        replicas: vec![(HostId::parse(A).unwrap(), 0)],
    };
    let replicas = Replicas::from_tablets(&Hosts::new([host(1)]), [tablet]);
    let known = Known {
        replicas: Some(Arc::new(replicas)),
        ..known("a")
    };
    for now in [0.0, 1.5, 4.0, 10.0] {
        table.learned(
            known.clone(),
            Outlook::Settled,
            QUICK,
            LONGEST,
            at(now),
            MIDDLE,
        );
    }
}

fn replicas_of(table: &Table, token: i64) -> Vec<IpAddr> {
    let known = table.known();
    let replicas = known.as_ref().unwrap().replicas.as_ref().unwrap();
    let address = |r: &crate::replicas::Replica| replicas.hosts()[usize::from(r.host)].address;
    replicas.of(Token(token)).iter().map(address).collect()
}

#[test]
fn a_hint_is_taken_over_and_raises_doubts_unless_it_is_of_other_tokens_or_says_nothing_new() {
    let table = table();
    with_replicas(&table);
    let first: IpAddr = [10, 0, 0, 1].into();
    let second: IpAddr = [10, 0, 0, 2].into();
    for ignored in ["0,10,10.0.0.2", "10,20", "\u{ff}", "-9,90,10.0.0.1/0"] {
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
fn a_table_without_a_map_learns_from_hints_and_one_without_a_key_does_not() {
    let table = table();
    table.hint(b"10,20,10.0.0.2", Token(15));
    assert!(table.known().is_none());
    learned(&table, 0.0, "a", Outlook::Hidden);
    table.hint(b"10,20,10.0.0.2", Token(15));
    assert_eq!(replicas_of(&table, 20), [IpAddr::from([10, 0, 0, 2])]);
    assert_eq!(replicas_of(&table, 21), [] as [IpAddr; 0]);
}

#[test]
fn a_table_is_found_by_its_name_and_made_once() {
    let tables = Tables::new(&[("c".to_owned(), key("user"))]);
    let named = |name| tables.named(name, at(0.0)).unwrap();
    let (a, c) = (named("a"), named("c"));
    assert!(Arc::ptr_eq(&a, &named("a")));
    assert!(a.known().is_none());
    assert_eq!(c.known().as_ref().unwrap().key, key("user"));
    assert!(tables.find("b").is_none());
    learned(&c, 0.0, "x", Outlook::Settled);
    tables.forget("c");
    tables.forget("b");
    assert_eq!(c.known().as_ref().unwrap().key, key("user"));
}

#[test]
fn hosts_are_kept_for_a_minute_and_until_the_node_list_changes() {
    let tables = Tables::new(&[]);
    assert!(tables.hosts(at(0.0), 0).is_none());
    tables.looked_up(Arc::default(), at(1.0), 5);
    assert!(tables.hosts(at(60.9), 5).is_some());
    assert!(tables.hosts(at(61.1), 5).is_none());
    assert!(tables.hosts(at(2.0), 6).is_none());
}

#[test]
fn what_every_request_asks_allocates_nothing() {
    let tables = Tables::new(&[("t".to_owned(), key("id"))]);
    let ask = |n: u32| {
        let table = tables.named("t", at(f64::from(n))).unwrap();
        assert!(table.known().is_some() && table.is_due(at(f64::from(n)), 0));
    };
    // The first time on a thread, arc-swap makes its own state.
    ask(0);
    let allocated = allocation_counter::measure(|| (1..100).for_each(ask));
    assert_eq!(allocated.count_total, 0);
}
