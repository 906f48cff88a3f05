//! The access of a request to its item, by the server's rules: a write that has to read first is a
//! lightweight transaction, if the table's write isolation says so.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{AttributeAction, AttributeValueUpdate, ReturnValue};

use super::update_expression;
use crate::dynamodb::access::Access;

pub(super) fn of_read(consistent: Option<bool>) -> Access {
    match consistent {
        Some(true) => Access::ConsistentRead,
        Some(false) | None => Access::EventualRead,
    }
}

pub(super) fn of_put(put: &PutItemInput) -> Access {
    write(
        put.expected.is_some()
            || put.condition_expression.is_some()
            || put.return_values == Some(ReturnValue::AllOld),
    )
}

pub(super) fn of_delete(delete: &DeleteItemInput) -> Access {
    write(
        delete.expected.is_some()
            || delete.condition_expression.is_some()
            || delete.return_values == Some(ReturnValue::AllOld),
    )
}

pub(super) fn of_update(update: &UpdateItemInput) -> Access {
    let expression = update.update_expression.as_deref();
    let mut legacy = update.attribute_updates.iter().flatten();
    write(
        update.expected.is_some()
            || update.condition_expression.is_some()
            || returns_old_values(update.return_values.as_ref())
            || legacy.any(|(_, attribute)| reads(attribute))
            || expression.is_some_and(|e| !update_expression::is_blind(e)),
    )
}

fn write(reads_before: bool) -> Access {
    if reads_before { Access::ReadModifyWrite } else { Access::Write }
}

/// Returns whether an update returns anything except what it has written.
fn returns_old_values(values: Option<&ReturnValue>) -> bool {
    !matches!(values, None | Some(ReturnValue::None | ReturnValue::UpdatedNew))
}

/// Returns whether a legacy update adds to the attribute's value, or removes elements from it.
fn reads(update: &AttributeValueUpdate) -> bool {
    match update.action {
        Some(AttributeAction::Add) => true,
        Some(AttributeAction::Delete) => update.value.is_some(),
        _ => false,
    }
}
