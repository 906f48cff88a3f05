//! What an application might do: several workers that write, update, read and query, and that know
//! what they must find.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use alternator_connector::Error;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, PutRequest, WriteRequest};

use crate::common::{Failure, n, s};
use crate::record::Record;

/// How many items each worker has, in a partition of its own.
const ITEMS: usize = 100;

/// How many items there are in one query or batch.
const TOGETHER: usize = 10;

/// How many items all workers update in turns.
pub(crate) const COUNTERS: usize = 16;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// One of those who work at the same time, one operation after the other.
pub(crate) struct Worker {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) name: String,
    pub(crate) record: Record,
    /// The values that each item may have, `None` for an item that is not there. There is more than
    /// one where a write failed, as it may have been executed all the same.
    items: Vec<Vec<Option<u64>>>,
    pub(crate) updates: Vec<Updates>,
    written: u64,
}

/// What a worker knows of its updates of one counter.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Updates {
    pub(crate) done: u64,
    /// Failed ones, each of which may have been executed or not.
    pub(crate) unknown: u64,
}

impl Worker {
    pub(crate) fn new(client: &Client, table: &str, name: String, record: &Record) -> Self {
        Self {
            client: client.clone(),
            table: table.to_owned(),
            name,
            record: record.clone(),
            items: vec![vec![None]; ITEMS],
            updates: vec![Updates::default(); COUNTERS],
            written: 0,
        }
    }

    /// Works until it is told to stop. An operation that fails is counted and the work goes on; an
    /// answer that is wrong ends it.
    pub(crate) async fn work(mut self, stop: Arc<AtomicBool>) -> Result<Self, Failure> {
        while !stop.load(Relaxed) {
            let some = fastrand::usize(..ITEMS);
            let several = fastrand::usize(..=ITEMS - TOGETHER);
            self.put(some).await;
            self.update(fastrand::usize(..COUNTERS)).await;
            self.get(some).await?;
            self.batch_write(several).await;
            self.batch_get(several).await?;
            self.query(several).await?;
        }
        Ok(self)
    }

    async fn put(&mut self, at: usize) {
        let value = self.next_value();
        let outcome = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(self.item(at, value)))
            .send()
            .await;
        self.note_write(at, value, outcome.is_ok());
        self.succeeded(outcome);
    }

    /// Adds one to a counter, whoever else does so at the same time, exactly once.
    ///
    /// The condition makes sure that nobody's update is overwritten. It also fails for an update
    /// that has been executed, when its answer was lost with the connection and the SDK has sent it
    /// again. So each writer leaves the number of its last update in the counter: after a failed
    /// condition it finds its own number there, and is done, or it does not, and tries again with
    /// the new version.
    async fn update(&mut self, counter: usize) {
        let before = self.updates[counter];
        let mine = before.done + before.unknown + 1;
        let outcome = loop {
            let item = match read_counter(&self.client, &self.table, counter).await {
                Ok(item) => item,
                Err(error) => break Err(error),
            };
            if number(&item, &self.name) == Some(mine) {
                break Ok(());
            }
            let version = number(&item, "version");
            let update = self
                .client
                .update_item()
                .table_name(&self.table)
                .key("pk", s("counters"))
                .key("sk", s(counter.to_string()))
                .update_expression("SET version = :next, #me = :mine")
                .expression_attribute_names("#me", &self.name)
                .expression_attribute_values(":next", n(version.unwrap_or(0) + 1))
                .expression_attribute_values(":mine", n(mine));
            let update = match version {
                None => update.condition_expression("attribute_not_exists(version)"),
                Some(version) => update
                    .condition_expression("version = :version")
                    .expression_attribute_values(":version", n(version)),
            };
            match update.send().await {
                Ok(_) => break Ok(()),
                Err(SdkError::ServiceError(e))
                    if e.err().is_conditional_check_failed_exception() => {}
                Err(error) => break Err(error.into()),
            }
        };
        match self.succeeded(outcome) {
            Some(()) => self.updates[counter].done += 1,
            None => self.updates[counter].unknown += 1,
        }
    }

    async fn get(&self, at: usize) -> Result<(), Failure> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(self.key(at)))
            .consistent_read(true);
        let Some(found) = self.succeeded(get.send().await) else {
            return Ok(());
        };
        self.expect(at, found.item())
    }

    async fn query(&self, first: usize) -> Result<(), Failure> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", s(&self.name))
            .expression_attribute_values(":first", sort_key(first))
            .expression_attribute_values(":last", sort_key(first + TOGETHER - 1));
        match self.succeeded(query.send().await) {
            Some(found) => self.expect_all(first..first + TOGETHER, found.items()),
            None => Ok(()),
        }
    }

    async fn batch_write(&mut self, first: usize) {
        let value = self.next_value();
        let mut requests = Vec::new();
        for at in first..first + TOGETHER {
            let put = PutRequest::builder().set_item(Some(self.item(at, value))).build().ok();
            requests.push(WriteRequest::builder().set_put_request(put).build());
        }
        let mut left = Some(HashMap::from([(self.table.clone(), requests)]));
        let mut ok = true;
        while ok && left.as_ref().is_some_and(|left| !left.is_empty()) {
            let write = self.client.batch_write_item().set_request_items(left.take());
            match self.succeeded(write.send().await) {
                Some(answer) => left = answer.unprocessed_items,
                None => ok = false,
            }
        }
        for at in first..first + TOGETHER {
            self.note_write(at, value, ok);
        }
    }

    async fn batch_get(&self, first: usize) -> Result<(), Failure> {
        let keys = (first..first + TOGETHER).map(|at| self.key(at)).collect();
        let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        let mut left = Some(HashMap::from([(self.table.clone(), keys.build()?)]));
        let mut items = Vec::new();
        while left.as_ref().is_some_and(|left| !left.is_empty()) {
            let get = self.client.batch_get_item().set_request_items(left.take());
            let Some(answer) = self.succeeded(get.send().await) else {
                return Ok(());
            };
            items.extend(answer.responses.into_iter().flatten().flat_map(|(_, i)| i));
            left = answer.unprocessed_keys;
        }
        self.expect_all(first..first + TOGETHER, &items)
    }

    /// Reads everything back, and answers how many items there are.
    pub(crate) async fn verify(&self) -> Result<usize, Failure> {
        let items = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(&self.name))
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await?;
        self.expect_all(0..ITEMS, &items)?;
        Ok(items.len())
    }

    /// Compares items with what they must be, those included that must not be there.
    fn expect_all(&self, range: std::ops::Range<usize>, found: &[Item]) -> Result<(), Failure> {
        for at in range {
            let key = sort_key(at);
            self.expect(at, found.iter().find(|item| item.get("sk") == Some(&key)))?;
        }
        Ok(())
    }

    fn expect(&self, at: usize, found: Option<&Item>) -> Result<(), Failure> {
        let value = found.and_then(|item| number(item, "value"));
        if self.items[at].contains(&value) {
            return Ok(());
        }
        let (name, possible) = (&self.name, &self.items[at]);
        Err(format!("item {at} of {name} is {value:?}, and should be one of {possible:?}").into())
    }

    fn note_write(&mut self, at: usize, value: u64, ok: bool) {
        if ok {
            self.items[at].clear();
        }
        self.items[at].push(Some(value));
    }

    /// The answer, if there is one; a failure is counted.
    fn succeeded<T, E: Into<Failure>>(&self, outcome: Result<T, E>) -> Option<T> {
        outcome
            .map_err(|error| {
                let error: Failure = error.into();
                eprintln!("failed: {}", Error::explain(&*error));
                self.record.note_failure();
            })
            .ok()
    }

    fn next_value(&mut self) -> u64 {
        self.written += 1;
        self.written
    }

    fn key(&self, at: usize) -> Item {
        Item::from([("pk".to_owned(), s(&self.name)), ("sk".to_owned(), sort_key(at))])
    }

    fn item(&self, at: usize, value: u64) -> Item {
        let mut item = self.key(at);
        item.insert("value".to_owned(), n(value));
        item.insert("note".to_owned(), s("x".repeat(100)));
        item
    }
}

pub(crate) async fn read_counter(
    client: &Client,
    table: &str,
    counter: usize,
) -> Result<Item, Failure> {
    let get = client
        .get_item()
        .table_name(table)
        .key("pk", s("counters"))
        .key("sk", s(counter.to_string()))
        .consistent_read(true);
    Ok(get.send().await?.item.unwrap_or_default())
}

pub(crate) fn number(item: &Item, attribute: &str) -> Option<u64> {
    item.get(attribute)?.as_n().ok()?.parse().ok()
}

/// Sorts as the number does.
fn sort_key(at: usize) -> AttributeValue {
    s(format!("{at:04}"))
}
