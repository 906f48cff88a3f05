//! The allocations of reading a request's subject.

use std::hint::black_box;

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use aws_smithy_runtime_api::client::interceptors::context::Input;

use super::{Routers, item, text};
use crate::dynamodb_config::subject::Subject;

fn allocations(input: &Input) -> u64 {
    let routers = Routers::new();
    let mut most = 0;
    for router in [&routers.read_modify_write, &routers.every_write] {
        // The first use may allocate.
        assert!(Subject::of(input, router).route.is_some());
        let counted = allocation_counter::measure(|| drop(black_box(Subject::of(input, router))));
        most = most.max(counted.count_total);
    }
    most
}

#[test]
fn a_request_for_one_partition_costs_no_allocation() {
    let key = || Some(item([("pk", text(&"k".repeat(100)))]));
    let get = GetItemInput::builder().table_name("texts").set_key(key());
    let put = PutItemInput::builder().table_name("texts").set_item(key());
    let delete = DeleteItemInput::builder().table_name("texts").set_key(key());
    let update = UpdateItemInput::builder()
        .table_name("texts")
        .set_key(key())
        .update_expression("SET a = :v, b = list_append(:v, :w) REMOVE #c, #d");
    let query = QueryInput::builder()
        .table_name("texts")
        .key_condition_expression("#sk BETWEEN :b AND :c AND #pk = :a")
        .expression_attribute_names("#pk", "pk")
        .expression_attribute_values(":a", text(&"k".repeat(100)));
    let scan = ScanInput::builder().table_name("texts").segment(1).total_segments(4);
    let inputs = [
        Input::erase(get.build().unwrap()),
        Input::erase(put.build().unwrap()),
        Input::erase(delete.build().unwrap()),
        Input::erase(update.build().unwrap()),
        Input::erase(query.build().unwrap()),
        Input::erase(scan.build().unwrap()),
    ];
    for input in inputs {
        assert_eq!(allocations(&input), 0, "{input:?}");
    }
}

#[test]
fn a_batch_costs_as_many_allocations_for_many_keys_as_for_few() {
    for count in [2, 100] {
        let keys = (0..count).map(|i| item([("pk", text(&i.to_string()))]));
        let keys = KeysAndAttributes::builder().set_keys(Some(keys.collect()));
        let batch = BatchGetItemInput::builder().request_items("texts", keys.build().unwrap());
        // The list of partitions, and the shared slice that it becomes.
        assert_eq!(allocations(&Input::erase(batch.build().unwrap())), 2);
    }
}
