//! The keys of batches and transactions, each with its table, and the access to their items.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemInput;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::types::{TransactWriteItem, WriteRequest};

use super::access;
use super::reader::Item;
use crate::dynamodb::access::Access;

/// The server does not read before it writes a batch.
pub(super) const ACCESS_OF_WRITES: Access = Access::Write;
pub(super) const ACCESS_OF_TRANSACTED_GETS: Access = Access::ConsistentRead;
pub(super) const ACCESS_OF_TRANSACTED_WRITES: Access = Access::ReadModifyWrite;

pub(super) fn access_of_gets(batch: &BatchGetItemInput) -> Access {
    let mut tables = batch.request_items.iter().flat_map(HashMap::values);
    access::of_read(Some(tables.any(|keys| keys.consistent_read == Some(true))))
}

pub(super) fn gets(batch: &BatchGetItemInput) -> impl Iterator<Item = (&str, &Item)> + Clone {
    let tables = batch.request_items.iter().flatten();
    tables.flat_map(|(table, gets)| gets.keys.iter().map(|key| (table.as_str(), key)))
}

pub(super) fn writes(batch: &BatchWriteItemInput) -> impl Iterator<Item = (&str, &Item)> + Clone {
    let tables = batch.request_items.iter().flatten();
    tables.flat_map(|(table, writes)| {
        let items = writes.iter().filter_map(item_of_write);
        items.map(|item| (table.as_str(), item))
    })
}

fn item_of_write(write: &WriteRequest) -> Option<&Item> {
    let put = write.put_request.as_ref().map(|put| &put.item);
    put.or_else(|| write.delete_request.as_ref().map(|delete| &delete.key))
}

pub(super) fn transacted_gets(
    transaction: &TransactGetItemsInput,
) -> impl Iterator<Item = (&str, &Item)> + Clone {
    let items = transaction.transact_items().iter();
    let gets = items.filter_map(|item| item.get.as_ref());
    gets.map(|get| (get.table_name.as_str(), &get.key))
}

pub(super) fn transacted_writes(
    transaction: &TransactWriteItemsInput,
) -> impl Iterator<Item = (&str, &Item)> + Clone {
    transaction.transact_items().iter().filter_map(item_of)
}

fn item_of(write: &TransactWriteItem) -> Option<(&str, &Item)> {
    if let Some(put) = &write.put {
        Some((&put.table_name, &put.item))
    } else if let Some(update) = &write.update {
        Some((&update.table_name, &update.key))
    } else if let Some(delete) = &write.delete {
        Some((&delete.table_name, &delete.key))
    } else {
        let check = write.condition_check.as_ref()?;
        Some((&check.table_name, &check.key))
    }
}
