//! The subjects of requests for one item, in each form that the server's rules distinguish.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeAction, AttributeValue, AttributeValueUpdate, ConditionalOperator,
    ExpectedAttributeValue, ReturnConsumedCapacity, ReturnValue,
    ReturnValuesOnConditionCheckFailure,
};

use super::Verdict::{Read, ReadModifyWrite, Write};
use super::{A, Routers, key, text};
use crate::dynamodb::access::Access;
use crate::dynamodb_config::subject::access;

fn get() -> GetItemInputBuilder {
    GetItemInput::builder().table_name("texts").set_key(Some(key()))
}

fn put() -> PutItemInputBuilder {
    PutItemInput::builder().table_name("texts").set_item(Some(key())).item("other", text("b"))
}

fn delete() -> DeleteItemInputBuilder {
    DeleteItemInput::builder().table_name("texts").set_key(Some(key()))
}

fn update() -> UpdateItemInputBuilder {
    UpdateItemInput::builder().table_name("texts").set_key(Some(key()))
}

fn expected() -> ExpectedAttributeValue {
    ExpectedAttributeValue::builder().exists(false).build()
}

#[test]
fn a_get_reads() {
    let routers = Routers::new();
    let rows = [
        ("plain", get()),
        ("eventual", get().consistent_read(false)),
        ("consistent", get().consistent_read(true)),
        ("projected", get().projection_expression("other")),
    ];
    for (what, get) in rows {
        routers.check(what, get.build().unwrap(), Read, &[A]);
    }
    assert_eq!(access::of_read(None), Access::EventualRead);
    assert_eq!(access::of_read(Some(false)), Access::EventualRead);
    assert_eq!(access::of_read(Some(true)), Access::ConsistentRead);
}

#[test]
fn a_put_is_a_transaction_where_it_has_a_condition_or_returns_what_was() {
    let routers = Routers::new();
    let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
    let rows = [
        ("plain", put(), Write),
        ("returns nothing", put().return_values(ReturnValue::None), Write),
        ("returns what was", put().return_values(ReturnValue::AllOld), ReadModifyWrite),
        ("condition", put().condition_expression("attribute_not_exists(pk)"), ReadModifyWrite),
        ("condition on nothing", put().condition_expression(":a = :b"), ReadModifyWrite),
        ("expected", put().expected("other", expected()), ReadModifyWrite),
        ("expected, empty", put().set_expected(Some([].into())), ReadModifyWrite),
        ("operator alone", put().conditional_operator(ConditionalOperator::Or), Write),
        ("failure alone", put().return_values_on_condition_check_failure(all_old), Write),
        ("capacity", put().return_consumed_capacity(ReturnConsumedCapacity::Total), Write),
    ];
    for (what, put, verdict) in rows {
        routers.check(what, put.build().unwrap(), verdict, &[A]);
    }
}

#[test]
fn a_delete_is_a_transaction_where_it_has_a_condition_or_returns_what_was() {
    let routers = Routers::new();
    let rows = [
        ("plain", delete(), Write),
        ("returns nothing", delete().return_values(ReturnValue::None), Write),
        ("returns what was", delete().return_values(ReturnValue::AllOld), ReadModifyWrite),
        ("condition", delete().condition_expression("attribute_exists(pk)"), ReadModifyWrite),
        ("expected", delete().expected("other", expected()), ReadModifyWrite),
        ("expected, empty", delete().set_expected(Some([].into())), ReadModifyWrite),
        ("operator alone", delete().conditional_operator(ConditionalOperator::And), Write),
    ];
    for (what, delete, verdict) in rows {
        routers.check(what, delete.build().unwrap(), verdict, &[A]);
    }
}

/// Returns a legacy update of one attribute.
fn legacy(action: Option<AttributeAction>, value: Option<AttributeValue>) -> AttributeValueUpdate {
    AttributeValueUpdate::builder().set_action(action).set_value(value).build()
}

#[test]
fn an_update_is_a_transaction_where_it_needs_what_was() {
    let routers = Routers::new();
    let value = || Some(text("b"));
    let attribute = |action, value| update().attribute_updates("other", legacy(action, value));
    let blind = || update().update_expression("SET other = :v");
    let rows = [
        ("nothing but a key", update(), Write),
        ("blind", blind(), Write),
        ("condition", blind().condition_expression("other = :w"), ReadModifyWrite),
        ("condition alone", update().condition_expression("other = :w"), ReadModifyWrite),
        ("returns nothing", blind().return_values(ReturnValue::None), Write),
        ("returns what it wrote", blind().return_values(ReturnValue::UpdatedNew), Write),
        (
            "returns what it replaced",
            blind().return_values(ReturnValue::UpdatedOld),
            ReadModifyWrite,
        ),
        ("returns what was", blind().return_values(ReturnValue::AllOld), ReadModifyWrite),
        ("returns all", blind().return_values(ReturnValue::AllNew), ReadModifyWrite),
        ("reads", update().update_expression("SET other = other + :v"), ReadModifyWrite),
        ("legacy, no action", attribute(None, value()), Write),
        ("legacy put", attribute(Some(AttributeAction::Put), value()), Write),
        ("legacy delete", attribute(Some(AttributeAction::Delete), None), Write),
        (
            "legacy delete of a value",
            attribute(Some(AttributeAction::Delete), value()),
            ReadModifyWrite,
        ),
        ("legacy add", attribute(Some(AttributeAction::Add), value()), ReadModifyWrite),
        (
            "legacy put and add",
            attribute(Some(AttributeAction::Put), value())
                .attribute_updates("more", legacy(Some(AttributeAction::Add), value())),
            ReadModifyWrite,
        ),
        ("legacy, empty", update().set_attribute_updates(Some([].into())), Write),
        (
            "legacy put, expected",
            attribute(Some(AttributeAction::Put), value()).expected("other", expected()),
            ReadModifyWrite,
        ),
        ("expected, empty", update().set_expected(Some([].into())), ReadModifyWrite),
    ];
    for (what, update, verdict) in rows {
        routers.check(what, update.build().unwrap(), verdict, &[A]);
    }
}
