//! DynamoDB Streams through the same connector: one HTTP client for both of the SDK's clients.

mod common;

use alternator_connector::AlternatorConnector;
use alternator_testcluster::Cluster;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{KeyType, StreamSpecification, StreamViewType};
use aws_sdk_dynamodbstreams::Client as StreamsClient;
use aws_sdk_dynamodbstreams::types::{OperationType, ShardIteratorType};

use common::{Failure, SECRET, USER, check, create_table, s, sdk_config};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let cluster = Cluster::builder().nodes(3).auth(USER, SECRET).start()?;
    let connector = AlternatorConnector::new(cluster.urls());
    let config = sdk_config(&connector).await;
    let client = Client::new(&config);
    let streams = StreamsClient::new(&config);

    let stream = StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::NewImage);
    create_table(&client, "orders", &[("id", KeyType::Hash)])?
        .stream_specification(stream.build()?)
        .send()
        .await?;
    for id in 0..10 {
        client.put_item().table_name("orders").item("id", s(id.to_string())).send().await?;
    }

    let listed = streams.list_streams().table_name("orders").send().await?;
    let arn = listed.streams().first().and_then(|stream| stream.stream_arn());
    let described = streams.describe_stream().set_stream_arn(arn.map(str::to_owned)).send().await?;
    let description = described.stream_description().ok_or("no such stream")?;
    let mut inserted = 0;
    for shard in description.shards() {
        let iterator = streams
            .get_shard_iterator()
            .set_stream_arn(arn.map(str::to_owned))
            .set_shard_id(shard.shard_id.clone())
            .shard_iterator_type(ShardIteratorType::TrimHorizon)
            .send()
            .await?;
        let records =
            streams.get_records().set_shard_iterator(iterator.shard_iterator).send().await?;
        let inserts = |record: &&_| is_insert(record);
        inserted += records.records().iter().filter(inserts).count();
    }
    println!("the stream has {inserted} new orders");
    check(inserted == 10, "every change is in the stream")?;
    let asked = |node: &alternator_testcluster::Node| {
        let stats = node.stats();
        ["ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"]
            .iter()
            .map(|operation| stats.requests_of(operation))
            .sum::<u64>()
    };
    let served: u64 = cluster.nodes().iter().map(asked).sum();
    check(
        served >= 2 + 2 * description.shards().len() as u64,
        "the nodes have served every request of the stream",
    )
}

fn is_insert(record: &aws_sdk_dynamodbstreams::types::Record) -> bool {
    record.event_name() == Some(&OperationType::Insert)
}
