//! Real DynamoDB requests over the nodes of a cluster that die, return and join, with none failing.
//! See `--help`.

mod arguments;
#[path = "../common/mod.rs"]
mod common;
mod record;
mod report;
mod stage;
mod workload;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use alternator_connector::Error;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::types::KeyType;
use clap::Parser;

use arguments::Arguments;
use common::{Failure, check};
use record::Record;
use stage::Stage;
use workload::Worker;

/// How many requests are under way at a time.
const WORKERS: usize = 8;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", Error::explain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let stage = Stage::new(arguments).await?;
    let record = Record::default();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(stage.connector.clone())
        .region(Region::new("us-east-1"))
        .credentials_provider(stage.credentials.clone())
        .load()
        .await;
    // An ordinary client. The interceptor only watches.
    let config = aws_sdk_dynamodb::config::Builder::from(&config).interceptor(record.clone());
    let client = Client::from_conf(config.build());

    let table = format!("connector-quickstart-{:08x}", fastrand::u32(..));
    println!("{WORKERS} workers write, update and read table {table}");
    let keys = [("pk", KeyType::Hash), ("sk", KeyType::Range)];
    common::create_table(&client, &table, &keys)?.send().await?;
    client.wait_until_table_exists().table_name(&table).wait(Duration::from_secs(30)).await?;

    let outcome = drive(&stage, &client, &table, &record).await;
    let deleted = client.delete_table().table_name(&table).send().await;
    outcome?;
    deleted?;
    Ok(())
}

/// Runs the workload on a table, reports, and checks what is in the table then.
async fn drive(
    stage: &Stage,
    client: &Client,
    table: &str,
    record: &Record,
) -> Result<(), Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let progress = report::progress(record.clone(), stage.connector.clone(), Arc::clone(&stop));
    let progress = tokio::spawn(progress);
    let redispatched = stage.connector.stats().redispatched;
    let workers: Vec<_> = (0..WORKERS)
        .map(|at| Worker::new(client, table, format!("worker-{at}"), record))
        .map(|worker| tokio::spawn(worker.work(Arc::clone(&stop))))
        .collect();

    let counted = stage.play(record).await;
    stop.store(true, Relaxed);
    let mut done = Vec::new();
    for worker in workers {
        done.push(worker.await??);
    }
    let phases = record.end();
    let mut counted = counted?;
    counted.push(stage.requests());
    let requests = stage::between(&counted);
    progress.await?;
    let redispatched = stage.connector.stats().redispatched - redispatched;
    report::table(&phases, &requests);

    verify(client, table, &done).await?;
    report::summary(&phases, &requests, redispatched);
    match phases.iter().map(|p| p.failed).sum() {
        0 => Ok(()),
        failed => Err(format!("{failed} requests failed").into()),
    }
}

/// Every item is as it was last written, and every counter is the number of updates that succeeded.
async fn verify(client: &Client, table: &str, workers: &[Worker]) -> Result<(), Failure> {
    println!("\nreading everything back");
    let mut items = 0;
    for worker in workers {
        items += worker.verify().await?;
    }
    check(true, &format!("{items} items are as they were written"))?;
    let mut updates = 0;
    for counter in 0..workload::COUNTERS {
        let item = workload::read_counter(client, table, counter).await?;
        let found = workload::number(&item, "version").unwrap_or(0);
        let of_all = || workers.iter().map(|worker| worker.updates[counter]);
        let done: u64 = of_all().map(|updates| updates.done).sum();
        let unknown: u64 = of_all().map(|updates| updates.unknown).sum();
        if found < done || found > done + unknown {
            let what = if found < done { "lost" } else { "doubled" };
            return Err(format!(
                "an update was {what}: counter {counter} is {found} after {done} updates that succeeded and {unknown} \
                 that failed"
            )
            .into());
        }
        updates += done;
    }
    check(true, &format!("{updates} conditional updates were executed once each"))
}
