//! Every operation that Alternator knows, once each.

use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, KeysAndAttributes,
    PutRequest, ScalarAttributeType, StreamSpecification, StreamViewType, Tag,
    TimeToLiveSpecification, WriteRequest,
};
use aws_sdk_dynamodbstreams::types::ShardIteratorType;

use crate::economy::clients::Clients;
use crate::support::{TABLE, s};

/// What the server's table of operations has, as of release 2026.3: there are no transactions, no
/// PartiQL and no backups.
pub(crate) const OPERATIONS: [&str; 24] = [
    "BatchGetItem",
    "BatchWriteItem",
    "CreateTable",
    "DeleteItem",
    "DeleteTable",
    "DescribeContinuousBackups",
    "DescribeEndpoints",
    "DescribeStream",
    "DescribeTable",
    "DescribeTimeToLive",
    "GetItem",
    "GetRecords",
    "GetShardIterator",
    "ListStreams",
    "ListTables",
    "ListTagsOfResource",
    "PutItem",
    "Query",
    "Scan",
    "TagResource",
    "UntagResource",
    "UpdateItem",
    "UpdateTable",
    "UpdateTimeToLive",
];

/// Runs every operation of [`OPERATIONS`] against an empty cluster, and checks that what is written
/// is read.
pub(crate) async fn run_all(clients: &Clients) -> Result<(), String> {
    tables(&clients.dynamodb).await?;
    items(&clients.dynamodb).await?;
    batches_and_queries(&clients.dynamodb).await?;
    streams(&clients.streams).await?;
    done("DeleteTable", clients.dynamodb.delete_table().table_name(TABLE).send()).await?;
    Ok(())
}

/// Of a length that is compressed both ways, as a value of an item.
fn long(at: usize) -> AttributeValue {
    s(format!("item {at}, ").repeat(500))
}

async fn tables(client: &aws_sdk_dynamodb::Client) -> Result<(), String> {
    let key =
        AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S);
    let schema = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
    let stream = StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::NewImage);
    let create = client
        .create_table()
        .table_name(TABLE)
        .attribute_definitions(key.build().unwrap())
        .key_schema(schema.build().unwrap())
        .stream_specification(stream.build().unwrap())
        .billing_mode(BillingMode::PayPerRequest);
    let table = done("CreateTable", create.send()).await?;
    let arn = table.table_description.and_then(|table| table.table_arn);

    let tables = done("ListTables", client.list_tables().send()).await?;
    assert_eq!(tables.table_names(), [TABLE]);
    done("DescribeEndpoints", client.describe_endpoints().send()).await?;
    let describe = client.describe_table().table_name(TABLE);
    done("DescribeTable", describe.send()).await?;
    let describe = client.describe_continuous_backups().table_name(TABLE);
    done("DescribeContinuousBackups", describe.send()).await?;
    let update = client.update_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
    done("UpdateTable", update.send()).await?;

    let tag = Tag::builder().key("kind").value("test").build().unwrap();
    let add = client.tag_resource().set_resource_arn(arn.clone());
    done("TagResource", add.tags(tag).send()).await?;
    let list = client.list_tags_of_resource().set_resource_arn(arn.clone());
    let tags = done("ListTagsOfResource", list.send()).await?;
    assert_eq!(tags.tags().len(), 1);
    let remove = client.untag_resource().set_resource_arn(arn);
    done("UntagResource", remove.tag_keys("kind").send()).await?;

    let expiry = TimeToLiveSpecification::builder().attribute_name("expires").enabled(true);
    let update = client
        .update_time_to_live()
        .table_name(TABLE)
        .time_to_live_specification(expiry.build().unwrap());
    done("UpdateTimeToLive", update.send()).await?;
    let describe = client.describe_time_to_live().table_name(TABLE);
    done("DescribeTimeToLive", describe.send()).await?;
    Ok(())
}

async fn items(client: &aws_sdk_dynamodb::Client) -> Result<(), String> {
    let put = client.put_item().table_name(TABLE).item("pk", s("0"));
    done("PutItem", put.item("value", long(0)).send()).await?;
    let update = client
        .update_item()
        .table_name(TABLE)
        .key("pk", s("0"))
        .update_expression("SET more = :more")
        .expression_attribute_values(":more", long(1));
    done("UpdateItem", update.send()).await?;
    let get = client.get_item().table_name(TABLE).key("pk", s("0"));
    let item = done("GetItem", get.send()).await?.item.unwrap_or_default();
    assert_eq!((&item["value"], &item["more"]), (&long(0), &long(1)));
    let delete = client.delete_item().table_name(TABLE).key("pk", s("0"));
    done("DeleteItem", delete.send()).await?;
    Ok(())
}

async fn batches_and_queries(client: &aws_sdk_dynamodb::Client) -> Result<(), String> {
    let put = |at: usize| {
        let put = PutRequest::builder()
            .item("pk", s(at.to_string()))
            .item("value", long(at))
            .build()
            .unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    let write = client.batch_write_item().request_items(TABLE, (1..=25).map(put).collect());
    done("BatchWriteItem", write.send()).await?;
    let keys = (1..=25).fold(KeysAndAttributes::builder(), |keys, at| {
        keys.keys([("pk".to_owned(), s(at.to_string()))].into())
    });
    let get = client.batch_get_item().request_items(TABLE, keys.build().unwrap());
    let got = done("BatchGetItem", get.send()).await?;
    assert_eq!(got.responses.unwrap_or_default()[TABLE].len(), 25);
    let query = client
        .query()
        .table_name(TABLE)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", s("7"));
    let found = done("Query", query.send()).await?;
    assert_eq!(found.items()[0]["value"], long(7));
    let found = done("Scan", client.scan().table_name(TABLE).send()).await?;
    assert_eq!(found.items().len(), 25);
    Ok(())
}

async fn streams(client: &aws_sdk_dynamodbstreams::Client) -> Result<(), String> {
    let list = client.list_streams().table_name(TABLE);
    let streams = done("ListStreams", list.send()).await?;
    let arn = streams.streams()[0].stream_arn.clone();
    let describe = client.describe_stream().set_stream_arn(arn.clone());
    let stream = done("DescribeStream", describe.send()).await?;
    let shards = stream.stream_description.unwrap().shards.unwrap_or_default();
    let iterator = client
        .get_shard_iterator()
        .set_stream_arn(arn)
        .set_shard_id(shards[0].shard_id.clone())
        .shard_iterator_type(ShardIteratorType::TrimHorizon);
    let iterator = done("GetShardIterator", iterator.send()).await?.shard_iterator;
    let get = client.get_records().set_shard_iterator(iterator);
    let records = done("GetRecords", get.send()).await?;
    assert!(!records.records().is_empty());
    Ok(())
}

/// Both SDKs have errors of the same type.
async fn done<T, E>(
    operation: &str,
    sent: impl Future<Output = Result<T, SdkError<E>>>,
) -> Result<T, String>
where
    E: std::error::Error + 'static,
{
    sent.await.map_err(|error| format!("{operation}: {}", DisplayErrorContext(error)))
}
