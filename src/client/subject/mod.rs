//! What a request is about, read from the typed input of its operation.

mod access;
mod batch;
mod expression;
mod key_condition;
mod reader;
mod scan;
#[cfg(test)]
mod tests;
mod update_expression;

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

use super::router::Router;
use crate::moment::Moment;
use crate::route::Route;
use crate::table::Table;
use reader::Reader;

/// What a request is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    /// Where it belongs, as far as that is known.
    pub(super) route: Option<Route>,
    /// A table that should be learned of, one at most for each request.
    pub(super) lesson: Option<Arc<Table>>,
}

impl Subject {
    /// None of an operation that is not about items, or about those of an index, which is a table of its own.
    pub(super) fn of(input: &Input, router: &Router) -> Self {
        let reader = Reader {
            router,
            now: Moment::now(),
        };
        // Those that are asked for most come first.
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
            reader.spot(scan.table_name.as_deref(), access, |key| {
                scan::spot(scan, key)
            })
        } else if let Some(transaction) = input.downcast_ref::<TransactWriteItemsInput>() {
            let keys = batch::transacted_writes(transaction);
            reader.items(batch::ACCESS_OF_TRANSACTED_WRITES, keys)
        } else if let Some(transaction) = input.downcast_ref::<TransactGetItemsInput>() {
            let keys = batch::transacted_gets(transaction);
            reader.items(batch::ACCESS_OF_TRANSACTED_GETS, keys)
        } else {
            // The name will be that of another table, or is so from now on.
            let deleted = input.downcast_ref::<DeleteTableInput>();
            let created = input.downcast_ref::<CreateTableInput>();
            let table = deleted.map_or_else(|| created?.table_name(), |d| d.table_name());
            if let Some(table) = table {
                router.forget(table);
            }
            Self::default()
        }
    }
}
