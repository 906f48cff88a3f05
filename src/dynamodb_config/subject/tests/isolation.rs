//! The aim of requests, if it depends on the write isolation of their tables.

use std::time::Duration;

use super::{item, key, number, router, text};
use crate::balance::moment::Moment;
use crate::config::clients::lwt_affinity::LwtAffinity;
use crate::dispatch::route::{Aim, Partitions};
use crate::dynamodb::access::{Access, Isolation};
use crate::dynamodb_config::router::Router;
use crate::dynamodb_config::subject::Subject;
use crate::dynamodb_config::subject::reader::{Item, Reader};
use crate::keys::key::Key;
use crate::tables::TableInfo;

/// Returns a router of tables with these isolations, whose affinity depends on them.
fn auto(isolations: [(&str, Isolation); 2]) -> Router {
    let router = router(LwtAffinity::auto());
    for (name, isolation) in isolations {
        let table = router.tables.find_or_insert(name, Moment::now()).unwrap();
        let info = TableInfo {
            isolation: Some(isolation),
            ..TableInfo::clone(table.info().as_ref().unwrap())
        };
        table.set(info, Duration::from_secs(60), Moment::default());
    }
    router
}

fn aim(subject: &Subject) -> Option<Aim> {
    subject.route.as_ref().map(|route| route.aim)
}

#[test]
fn a_write_goes_to_the_coordinator_where_its_table_makes_a_transaction_of_it() {
    use Access::{ConsistentRead, ReadModifyWrite, Write};
    use Aim::{Coordinator, Replica};
    use Isolation::{AlwaysUseLwt, ForbidRmw, OnlyRmwUsesLwt, UnsafeRmw};
    let rows = [
        (AlwaysUseLwt, ConsistentRead, Replica),
        (AlwaysUseLwt, Write, Coordinator),
        (AlwaysUseLwt, ReadModifyWrite, Coordinator),
        (OnlyRmwUsesLwt, Write, Replica),
        (OnlyRmwUsesLwt, ReadModifyWrite, Coordinator),
        (ForbidRmw, Write, Replica),
        (ForbidRmw, ReadModifyWrite, Replica),
        (UnsafeRmw, Write, Replica),
        (UnsafeRmw, ReadModifyWrite, Replica),
    ];
    for (isolation, access, expected) in rows {
        let router = auto([("texts", isolation), ("blobs", isolation)]);
        let now = Moment::now();
        let reader = Reader { router: &router, now };
        let subject = reader.item(Some("texts"), access, Some(&key()));
        assert_eq!(aim(&subject), Some(expected), "{isolation:?} {access:?}");
    }
}

#[test]
fn a_batch_goes_to_the_coordinator_where_any_of_its_tables_makes_transactions_of_writes() {
    use Isolation::{AlwaysUseLwt, OnlyRmwUsesLwt, UnsafeRmw};
    let rows = [
        ([OnlyRmwUsesLwt, UnsafeRmw], Aim::Replica),
        ([OnlyRmwUsesLwt, AlwaysUseLwt], Aim::Coordinator),
        ([AlwaysUseLwt, UnsafeRmw], Aim::Coordinator),
    ];
    let (of_texts, of_numbers) = (key(), item([("pk", number("7"))]));
    let of_unknown = item([("pk", text("b"))]);
    let items: [(&str, &Item); 3] =
        [("texts", &of_texts), ("unknown", &of_unknown), ("numbers", &of_numbers)];
    for ([texts, numbers], expected) in rows {
        let router = auto([("texts", texts), ("numbers", numbers)]);
        let now = Moment::now();
        let reader = Reader { router: &router, now };
        let subject = reader.items(Access::Write, items.into_iter());
        assert_eq!(aim(&subject), Some(expected));
        let Some(Partitions::Many(partitions)) = subject.route.map(|route| route.partitions) else {
            panic!("two of three tables are known");
        };
        let hashes: Vec<i64> = partitions.iter().map(|partition| partition.hash).collect();
        let coordinated = [Key::String("a").hash(), Key::Number("7").hash()];
        match expected {
            Aim::Replica => assert_eq!(hashes, [0, 0]),
            Aim::Coordinator => assert_eq!(hashes, coordinated),
        }
    }
}
