//! What a request does to its item, by the rules of the server: it makes a lightweight transaction
//! of a write which needs to read before, where the table's write isolation says so.

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
            || returns_what_was(update.return_values.as_ref())
            || legacy.any(|(_, attribute)| reads(attribute))
            || expression.is_some_and(|e| !update_expression::is_blind(e)),
    )
}

fn write(reads_before: bool) -> Access {
    if reads_before { Access::ReadModifyWrite } else { Access::Write }
}

/// Whether an update returns anything but what it has written.
fn returns_what_was(values: Option<&ReturnValue>) -> bool {
    !matches!(values, None | Some(ReturnValue::None | ReturnValue::UpdatedNew))
}

/// Elements are added to what is there, or taken out of it.
fn reads(update: &AttributeValueUpdate) -> bool {
    match update.action {
        Some(AttributeAction::Add) => true,
        Some(AttributeAction::Delete) => update.value.is_some(),
        _ => false,
    }
}
