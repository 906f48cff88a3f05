//! Which tables are learned of.

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::create_table::CreateTableInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::{Routers, item, key, name_of_lesson, text};

fn get(table: &str) -> GetItemInput {
    let get = GetItemInput::builder().table_name(table);
    get.set_key(Some(key())).build().unwrap()
}

#[test]
fn a_table_that_is_not_known_is_learned_of() {
    let router = Routers::new().every_write;
    let lesson = name_of_lesson(get("orders"), &router);
    assert_eq!(lesson.as_deref(), Some("orders"));
    let scan = ScanInput::builder().table_name("events").build().unwrap();
    let lesson = name_of_lesson(scan, &router);
    assert_eq!(lesson.as_deref(), Some("events"));
}

#[test]
fn a_table_of_a_batch_that_is_not_known_is_learned_of() {
    let router = Routers::new().every_write;
    let keys = KeysAndAttributes::builder().keys(key()).build().unwrap();
    let batch = BatchGetItemInput::builder().request_items("orders", keys);
    let lesson = name_of_lesson(batch.build().unwrap(), &router);
    assert_eq!(lesson.as_deref(), Some("orders"));
}

#[test]
fn a_table_whose_key_is_another_than_it_was_is_learned_of_anew() {
    let router = Routers::new().every_write;
    let other = item([("id", text("a"))]);
    let get = GetItemInput::builder().table_name("texts");
    let input = get.set_key(Some(other.clone())).build().unwrap();
    let lesson = name_of_lesson(input, &router);
    assert_eq!(lesson.as_deref(), Some("texts"));
    let keys = KeysAndAttributes::builder().keys(other).build().unwrap();
    let batch = BatchGetItemInput::builder().request_items("texts", keys);
    let lesson = name_of_lesson(batch.build().unwrap(), &router);
    assert_eq!(lesson.as_deref(), Some("texts"));
}

#[test]
fn nothing_is_learned_of_what_has_no_route_anyway() {
    let router = Routers::new().every_write;
    let internal = ".scylla.alternator.system.peers";
    assert_eq!(name_of_lesson(get(internal), &router), None);
    let scan = ScanInput::builder().table_name(internal);
    assert_eq!(name_of_lesson(scan.build().unwrap(), &router), None);
    let keys = KeysAndAttributes::builder().keys(key()).build().unwrap();
    let batch = BatchGetItemInput::builder().request_items(internal, keys);
    assert_eq!(name_of_lesson(batch.build().unwrap(), &router), None);
    let query = QueryInput::builder()
        .table_name("texts")
        .index_name("by_time");
    assert_eq!(name_of_lesson(query.build().unwrap(), &router), None);
    let scan = ScanInput::builder()
        .table_name("texts")
        .index_name("by_time");
    assert_eq!(name_of_lesson(scan.build().unwrap(), &router), None);
    let create = CreateTableInput::builder().table_name("texts");
    assert_eq!(name_of_lesson(create.build().unwrap(), &router), None);
}
