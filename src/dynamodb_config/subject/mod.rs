//! What a request is about, read from the typed input of its operation: the partitions that it is
//! routed by, and the table to look up.

mod access;
mod batch;
mod expression;
mod key_condition;
mod reader;
mod scan;
#[cfg(test)]
mod tests;
mod update_expression;

use std::slice;
use std::sync::Arc;

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemInput;
use aws_sdk_dynamodb::operation::create_table::CreateTableInput;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::delete_table::DeleteTableInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::router::Router;
use crate::balance::moment::Moment;
use crate::dispatch::route::{Partitions, Route};
use crate::tables::Table;
use crate::tables::lookup::error_name;
use reader::Reader;

/// The error of a request about a table that does not exist.
const TABLE_NOT_FOUND: &str = "ResourceNotFoundException";

/// What a request is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    /// `None` if any node will do, or nothing is known of the table.
    pub(super) route: Option<Route>,
    /// A table whose lookup is due. A request of many tables begins one lookup at most.
    pub(super) due_table: Option<Arc<Table>>,
    /// The name of the table that the request creates or deletes.
    pub(super) created_or_deleted: Option<Arc<str>>,
}

impl Subject {
    /// Returns the subject of a request. It is empty for operations that are not about items, and
    /// for those about items of an index, which is a table of its own.
    pub(super) fn of(input: &Input, router: &Router) -> Self {
        let reader = Reader { router, now: Moment::now() };
        // The most frequent operations come first.
        if let Some(get) = input.downcast_ref::<GetItemInput>() {
            let access = access::of_read(get.consistent_read);
            reader.item(get.table_name.as_deref(), access, get.key.as_ref())
        } else if let Some(query) = input.downcast_ref::<QueryInput>() {
            if query.index_name.is_some() {
                return Self::default();
            }
            let access = access::of_read(query.consistent_read);
            let value = |name: &str| key_condition::value(query, name);
            reader.value(query.table_name.as_deref(), access, value)
        } else if let Some(put) = input.downcast_ref::<PutItemInput>() {
            let access = access::of_put(put);
            reader.item(put.table_name.as_deref(), access, put.item.as_ref())
        } else if let Some(update) = input.downcast_ref::<UpdateItemInput>() {
            let access = access::of_update(update);
            reader.item(update.table_name.as_deref(), access, update.key.as_ref())
        } else if let Some(delete) = input.downcast_ref::<DeleteItemInput>() {
            let access = access::of_delete(delete);
            reader.item(delete.table_name.as_deref(), access, delete.key.as_ref())
        } else if let Some(batch) = input.downcast_ref::<BatchGetItemInput>() {
            reader.items(batch::access_of_gets(batch), batch::gets(batch))
        } else if let Some(batch) = input.downcast_ref::<BatchWriteItemInput>() {
            reader.items(batch::ACCESS_OF_WRITES, batch::writes(batch))
        } else if let Some(scan) = input.downcast_ref::<ScanInput>() {
            if scan.index_name.is_some() {
                return Self::default();
            }
            let access = access::of_read(scan.consistent_read);
            let position = |key: &_| scan::start_position(scan, key);
            reader.position(scan.table_name.as_deref(), access, position)
        } else if let Some(transaction) = input.downcast_ref::<TransactWriteItemsInput>() {
            let keys = batch::transacted_writes(transaction);
            reader.items(batch::ACCESS_OF_TRANSACTED_WRITES, keys)
        } else if let Some(transaction) = input.downcast_ref::<TransactGetItemsInput>() {
            let keys = batch::transacted_gets(transaction);
            reader.items(batch::ACCESS_OF_TRANSACTED_GETS, keys)
        } else {
            let deleted = input.downcast_ref::<DeleteTableInput>();
            let created = input.downcast_ref::<CreateTableInput>();
            let table = deleted.map_or_else(|| created?.table_name(), |d| d.table_name());
            Self { created_or_deleted: table.map(Arc::from), ..Self::default() }
        }
    }

    /// Forgets a table that the request has created or deleted, and marks one as stale that a node
    /// did not find. The response's body must have been read.
    pub(super) fn note_response(&self, response: &HttpResponse, router: &Router) {
        if response.status().is_success() {
            if let Some(name) = &self.created_or_deleted {
                router.tables.forget(name);
            }
        } else if response.status().as_u16() == 400
            && let Some(route) = &self.route
            && response.body().bytes().and_then(error_name).as_deref() == Some(TABLE_NOT_FOUND)
        {
            let partitions = match &route.partitions {
                Partitions::One(partition) => slice::from_ref(partition),
                Partitions::Many(partitions) => partitions,
            };
            // What is known is not forgotten: if the table is created again, it may have the same
            // key.
            partitions.iter().for_each(|partition| partition.table.mark_stale());
        }
    }
}
