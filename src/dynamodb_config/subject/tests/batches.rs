//! The subjects of batches and transactions.

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemInput;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, DeleteRequest, Get, KeysAndAttributes, Put, PutRequest,
    TransactGetItem, TransactWriteItem, Update, WriteRequest,
};

use super::Verdict::{Nowhere, Read, ReadModifyWrite, Write};
use super::{A, Routers, blob, item, number, text};
use crate::dynamodb::access::Access;
use crate::dynamodb_config::subject::batch;
use crate::keys::key::Key;

fn keys(keys: &[&str], consistent: Option<bool>) -> KeysAndAttributes {
    let keys = keys.iter().map(|key| item([("pk", text(key))]));
    KeysAndAttributes::builder()
        .set_keys(Some(keys.collect()))
        .set_consistent_read(consistent)
        .build()
        .unwrap()
}

#[test]
fn a_batch_of_gets_is_about_all_its_keys() {
    let routers = Routers::new();
    let batch = BatchGetItemInput::builder;
    let many = batch()
        .request_items("texts", keys(&["a", "b"], None))
        .request_items("unknown", keys(&["c"], None))
        .request_items("numbers", keys(&["not a number"], None));
    let expected = [A, ("texts", Key::String("b"))];
    routers.check("two of four", many.build().unwrap(), Read, &expected);
    let one = batch().request_items("texts", keys(&["a"], Some(true)));
    routers.check("one", one.build().unwrap(), Read, &[A]);
    let twice = batch().request_items("texts", keys(&["a", "a"], None));
    routers.check("one partition", twice.build().unwrap(), Read, &[A, A]);
    routers.check("none", batch().build().unwrap(), Nowhere, &[]);
    let unknown = batch().request_items("unknown", keys(&["a", "b"], None));
    routers.check("unknown", unknown.build().unwrap(), Nowhere, &[]);
}

#[test]
fn a_batch_of_gets_is_consistent_where_a_table_asks_for_it() {
    let access = |of: [Option<bool>; 2]| {
        let batch = BatchGetItemInput::builder()
            .request_items("texts", keys(&["a"], of[0]))
            .request_items("blobs", keys(&["a"], of[1]));
        batch::access_of_gets(&batch.build().unwrap())
    };
    assert_eq!(access([None, Some(false)]), Access::EventualRead);
    assert_eq!(access([None, Some(true)]), Access::ConsistentRead);
    assert_eq!(access([Some(true), Some(false)]), Access::ConsistentRead);
}

fn put_request(key: (&str, AttributeValue)) -> WriteRequest {
    let put = PutRequest::builder().set_item(Some(item([key, ("other", text("x"))])));
    WriteRequest::builder().put_request(put.build().unwrap()).build()
}

fn delete_request(key: (&str, AttributeValue)) -> WriteRequest {
    let delete = DeleteRequest::builder().set_key(Some(item([key])));
    WriteRequest::builder().delete_request(delete.build().unwrap()).build()
}

#[test]
fn a_batch_of_writes_is_about_all_its_keys() {
    let routers = Routers::new();
    let batch = BatchWriteItemInput::builder;
    let many = batch()
        .request_items(
            "texts",
            vec![
                put_request(("pk", text("a"))),
                delete_request(("pk", text("b"))),
                put_request(("id", text("c"))),
                WriteRequest::builder().build(),
            ],
        )
        .request_items("numbers", vec![put_request(("pk", number("7")))])
        .request_items("unknown", vec![put_request(("pk", text("d")))]);
    let expected = [A, ("texts", Key::String("b")), ("numbers", Key::Number("7"))];
    routers.check("three of six", many.build().unwrap(), Write, &expected);
    let one = batch().request_items("texts", vec![delete_request(("pk", text("a")))]);
    routers.check("one", one.build().unwrap(), Write, &[A]);
    routers.check("none", batch().build().unwrap(), Nowhere, &[]);
}

#[test]
fn a_transaction_of_writes_is_about_all_its_keys() {
    let routers = Routers::new();
    let of = |pk: &str| Some(item([("pk", text(pk))]));
    let put = Put::builder().table_name("texts").set_item(of("a"));
    let update =
        Update::builder().table_name("texts").set_key(of("b")).update_expression("SET other = :v");
    let delete = Delete::builder().table_name("texts").set_key(of("c"));
    let check = ConditionCheck::builder()
        .table_name("texts")
        .set_key(of("d"))
        .condition_expression("attribute_exists(pk)");
    let unknown = Put::builder().table_name("unknown").set_item(of("e"));
    let write = TransactWriteItem::builder;
    let put = write().put(put.build().unwrap()).build();
    let many = TransactWriteItemsInput::builder()
        .transact_items(put.clone())
        .transact_items(write().update(update.build().unwrap()).build())
        .transact_items(write().delete(delete.build().unwrap()).build())
        .transact_items(write().condition_check(check.build().unwrap()).build())
        .transact_items(write().put(unknown.build().unwrap()).build())
        .transact_items(write().build());
    let expected = ["a", "b", "c", "d"].map(|key| ("texts", Key::String(key)));
    routers.check("four of six", many.build().unwrap(), ReadModifyWrite, &expected);
    let one = TransactWriteItemsInput::builder().transact_items(put);
    routers.check("one", one.build().unwrap(), ReadModifyWrite, &[A]);
    let none = TransactWriteItemsInput::builder();
    routers.check("none", none.build().unwrap(), Nowhere, &[]);
}

#[test]
fn a_transaction_of_gets_is_about_all_its_keys() {
    let routers = Routers::new();
    let get = |table: &str, key: (&str, AttributeValue)| {
        let get = Get::builder().table_name(table).set_key(Some(item([key])));
        TransactGetItem::builder().get(get.build().unwrap()).build()
    };
    let many = TransactGetItemsInput::builder()
        .transact_items(get("texts", ("pk", text("a"))))
        .transact_items(get("blobs", ("pk", blob(b"b"))))
        .transact_items(get("unknown", ("pk", text("c"))))
        .transact_items(TransactGetItem::builder().build());
    let expected = [A, ("blobs", Key::Binary(b"b"))];
    routers.check("two of four", many.build().unwrap(), Read, &expected);
}
