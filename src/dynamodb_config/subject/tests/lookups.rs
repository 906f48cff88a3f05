//! Which tables are looked up.

use std::time::Duration;

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::create_table::CreateTableInput;
use aws_sdk_dynamodb::operation::delete_table::DeleteTableInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::{Router, Routers, Subject, item, key, name_of_due_table, number, router, text};
use crate::balance::moment::Moment;
use crate::config::clients::lwt_affinity::LwtAffinity;
use crate::dynamodb::access::{Access, Isolation};
use crate::dynamodb_config::subject::reader::Reader;
use crate::tables::TableInfo;

fn get(table: &str) -> GetItemInput {
    let get = GetItemInput::builder().table_name(table);
    get.set_key(Some(key())).build().unwrap()
}

#[test]
fn a_table_that_is_not_known_is_learned_of() {
    let router = Routers::new().every_write;
    let due_table = name_of_due_table(get("orders"), &router);
    assert_eq!(due_table.as_deref(), Some("orders"));
    let scan = ScanInput::builder().table_name("events").build().unwrap();
    let due_table = name_of_due_table(scan, &router);
    assert_eq!(due_table.as_deref(), Some("events"));
}

#[test]
fn a_table_of_a_batch_that_is_not_known_is_learned_of() {
    let router = Routers::new().every_write;
    let keys = KeysAndAttributes::builder().keys(key()).build().unwrap();
    let batch = BatchGetItemInput::builder().request_items("orders", keys);
    let due_table = name_of_due_table(batch.build().unwrap(), &router);
    assert_eq!(due_table.as_deref(), Some("orders"));
}

/// Records several lookups that find a table unchanged, so that it is not due for a while after
/// `then`.
fn settle(router: &Router, name: &str, then: Moment) {
    let table = router.tables.find_or_insert(name, then).unwrap();
    let info = TableInfo::clone(table.info().as_ref().unwrap());
    for _ in 0..8 {
        let hour = Duration::from_secs(3600);
        table.set(info.clone(), hour, then);
    }
}

const THEN: Moment = Moment::from_nanos(1_000_000_000_000);

fn after(router: &Router, seconds: u64) -> Reader<'_> {
    let now = THEN.after(Duration::from_secs(seconds));
    Reader { router, now }
}

fn answer(status: u16, body: &str) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), body.into())
}

fn due_table(subject: Subject) -> Option<String> {
    subject.due_table.map(|table| table.name().to_owned())
}

#[test]
fn a_table_that_is_known_is_left_alone_until_it_is_due() {
    let router = Routers::new().every_write;
    settle(&router, "texts", THEN);
    let (key, access) = (key(), Access::EventualRead);
    let after =
        |seconds| due_table(after(&router, seconds).item(Some("texts"), access, Some(&key)));
    assert_eq!(after(5), None);
    assert_eq!(after(600).as_deref(), Some("texts"));
}

#[test]
fn a_table_whose_key_is_another_than_it_was_is_learned_of_anew() {
    let router = Routers::new().every_write;
    let other = [item([("id", text("a"))]), item([("pk", number("1"))])];
    let access = Access::EventualRead;
    for other in &other {
        settle(&router, "texts", THEN);
        let reader = after(&router, 5);
        let found = due_table(reader.item(Some("texts"), access, Some(other)));
        assert_eq!(found.as_deref(), Some("texts"));
        settle(&router, "texts", THEN);
        let found = due_table(reader.items(access, [("texts", other)].into_iter()));
        assert_eq!(found.as_deref(), Some("texts"));
    }
}

#[test]
fn of_the_tables_of_a_batch_one_that_is_due_is_learned_of() {
    let router = Routers::new().every_write;
    settle(&router, "texts", THEN);
    settle(&router, "numbers", THEN);
    let (key, access) = (key(), Access::EventualRead);
    let batch = |names: [&'static str; 3]| {
        let items = names.map(|name| (name, &key));
        due_table(after(&router, 5).items(access, items.into_iter()))
    };
    assert_eq!(batch(["texts", "texts", "texts"]), None);
    let found = batch(["texts", "blobs", "orders"]);
    assert_eq!(found.as_deref(), Some("blobs"));
    let found = batch(["texts", "orders", "blobs"]);
    assert_eq!(found.as_deref(), Some("orders"));
}

#[test]
fn a_table_that_was_deleted_or_created_is_forgotten() {
    let delete = DeleteTableInput::builder().table_name("texts");
    let create = CreateTableInput::builder().table_name("texts");
    let inputs = [Input::erase(delete.build().unwrap()), Input::erase(create.build().unwrap())];
    for input in inputs {
        let router = router(LwtAffinity::auto());
        let table = router.tables.find_or_insert("texts", Moment::now()).unwrap();
        let info = TableInfo {
            isolation: Some(Isolation::AlwaysUseLwt),
            ..TableInfo::clone(table.info().as_ref().unwrap())
        };
        let (minute, now) = (Duration::from_secs(60), Moment::now());
        table.set(info, minute, now);
        let subject = Subject::of(&input, &router);
        subject.note_response(&answer(400, "{}"), &router);
        assert!(!table.is_due(now, router.cluster.changes()));
        subject.note_response(&answer(200, "{}"), &router);
        assert!(table.info().as_ref().unwrap().isolation.is_none());
        assert!(table.is_due(now, router.cluster.changes()));
    }
}

#[test]
fn a_table_that_a_node_does_not_find_is_learned_of_anew() {
    let router = Routers::new().every_write;
    let key = key();
    let after = |seconds| {
        let items = [("texts", &key), ("texts", &key)].into_iter();
        let reader = after(&router, seconds);
        let one = reader.item(Some("texts"), Access::EventualRead, Some(&key));
        [one, reader.items(Access::EventualRead, items)]
    };
    let error = |name| format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{name}"}}"#);
    for at in [0, 1] {
        settle(&router, "texts", THEN);
        let subject = &after(5)[at];
        let note_response = |status, body: &str| {
            subject.note_response(&answer(status, body), &router);
            after(5)[at].due_table.is_some()
        };
        assert!(!note_response(200, "{}"));
        assert!(!note_response(400, &error("ConditionalCheckFailedException")));
        assert!(!note_response(400, "ResourceNotFoundException"), "no error of a node");
        assert!(note_response(400, &error("ResourceNotFoundException")));
    }
}

#[test]
fn nothing_is_learned_of_what_has_no_route_anyway() {
    let router = Routers::new().every_write;
    let internal = ".scylla.alternator.system.peers";
    assert_eq!(name_of_due_table(get(internal), &router), None);
    let scan = ScanInput::builder().table_name(internal);
    assert_eq!(name_of_due_table(scan.build().unwrap(), &router), None);
    let keys = KeysAndAttributes::builder().keys(key()).build().unwrap();
    let batch = BatchGetItemInput::builder().request_items(internal, keys);
    assert_eq!(name_of_due_table(batch.build().unwrap(), &router), None);
    let query = QueryInput::builder().table_name("texts").index_name("by_time");
    assert_eq!(name_of_due_table(query.build().unwrap(), &router), None);
    let scan = ScanInput::builder().table_name("texts").index_name("by_time");
    assert_eq!(name_of_due_table(scan.build().unwrap(), &router), None);
    let create = CreateTableInput::builder().table_name("texts");
    assert_eq!(name_of_due_table(create.build().unwrap(), &router), None);
}
