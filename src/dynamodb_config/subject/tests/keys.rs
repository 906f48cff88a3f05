//! Which attributes count as the partition key.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::interceptors::context::Input;

use super::Verdict::{Nowhere, Read};
use super::{A, Routers, blob, item, key, number, text};
use crate::keys::key::Key;

#[test]
fn a_key_is_of_the_type_that_the_table_has() {
    let routers = Routers::new();
    let of = |table: &str, value: AttributeValue| {
        let key = item([("pk", value)]);
        let get = GetItemInput::builder().table_name(table).set_key(Some(key));
        get.build().unwrap()
    };
    let numbers: [(&str, Key<'_>); 1] = [("numbers", Key::Number("1.0"))];
    let blobs: [(&str, Key<'_>); 1] = [("blobs", Key::Binary(b"\x00\xff"))];
    routers.check("text", of("texts", text("a")), Read, &[A]);
    routers.check("number", of("numbers", number("1.0")), Read, &numbers);
    routers.check("blob", of("blobs", blob(b"\x00\xff")), Read, &blobs);
    let wrong = [
        of("texts", number("1")),
        of("texts", blob(b"a")),
        of("texts", AttributeValue::Null(true)),
        of("texts", AttributeValue::Bool(true)),
        of("texts", AttributeValue::L(vec![text("a")])),
        of("texts", AttributeValue::M(key())),
        of("texts", AttributeValue::Ss(vec!["a".to_owned()])),
        of("numbers", text("1")),
        of("numbers", AttributeValue::Ns(vec!["1".to_owned()])),
        of("blobs", text("a")),
        of("blobs", AttributeValue::Bs(Vec::new())),
    ];
    for input in wrong {
        routers.check("wrong type", input, Nowhere, &[]);
    }
}

#[test]
fn a_request_without_what_it_needs_belongs_nowhere() {
    let other = || Some(item([("id", text("a")), ("PK", text("a"))]));
    let table = "texts";
    let get = GetItemInput::builder;
    let inputs = [
        Input::erase(get().set_key(Some(key())).build().unwrap()),
        Input::erase(get().table_name(table).build().unwrap()),
        Input::erase(PutItemInput::builder().table_name(table).build().unwrap()),
        Input::erase(get().table_name(table).set_key(other()).build().unwrap()),
        Input::erase(PutItemInput::builder().table_name(table).set_item(other()).build().unwrap()),
        Input::erase(
            UpdateItemInput::builder().table_name(table).set_key(other()).build().unwrap(),
        ),
        Input::erase(
            DeleteItemInput::builder().table_name(table).set_key(other()).build().unwrap(),
        ),
    ];
    let routers = Routers::new();
    for input in inputs {
        let (verdict, partitions) = routers.classify(&input);
        assert_eq!((verdict, partitions.len()), (Nowhere, 0), "{input:?}");
    }
}
