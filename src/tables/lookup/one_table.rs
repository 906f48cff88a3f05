//! What is asked about a table, step by step.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::json;

use super::description::{Description, isolation_by_config, isolation_by_tags};
use super::session::{Asking, Refusal};
use crate::balance::moment::Moment;
use crate::config::Config;
use crate::config::lwt_affinity::CoordinatorOrder;
use crate::dynamodb::access::Isolation;
use crate::keys::partition_key::PartitionKey;
use crate::keys::replicas::Replicas;
use crate::tables::{Known, Outlook, Table, Tables};

const DESCRIBE_TABLE: &str = "DynamoDB_20120810.DescribeTable";
const LIST_TAGS: &str = "DynamoDB_20120810.ListTagsOfResource";
pub(super) const QUERY: &str = "DynamoDB_20120810.Query";
pub(super) const SCAN: &str = "DynamoDB_20120810.Scan";

/// Who is asked, and what for.
#[derive(Debug)]
pub(super) struct Lookup<'a> {
    pub(super) asking: Asking<'a>,
    pub(super) tables: &'a Tables,
    pub(super) config: &'a Config,
    /// The addresses of the node list.
    pub(super) listed: BTreeSet<IpAddr>,
    /// How often it has changed.
    pub(super) changes: u64,
}

impl Lookup<'_> {
    /// Everything that the options need to know of a table. Without its key there is nothing; what
    /// else cannot be had now stays what it was.
    pub(super) async fn table(&self, table: &Table) -> Result<(Known, Outlook), Refusal> {
        let question = json!({ "TableName": table.name() });
        let answer = self.asking.ask(DESCRIBE_TABLE, &question).await?;
        let description = Description::parse(&answer).ok_or_else(no_sense)?;
        let (found, mut outlook) = self.replicas(table.name(), description.id.as_deref()).await;
        let isolation = self.isolation(description.arn.as_deref()).await;
        // Not before all is asked, as hints may come meanwhile.
        let before = table.known().clone();
        let before = before.filter(|known| known.id == description.id);
        let now = Moment::now();
        if let (Some(found), Some(before)) = (&found, &before)
            && self.knows_less(found, before, now)
        {
            outlook = Outlook::Denied;
        }
        let (replicas, ordered, learned) = match outlook {
            Outlook::Moving | Outlook::Settled => {
                let found = found.map(Arc::new);
                let ordered = found.clone().filter(|found| found.is_ordered());
                (found, ordered, None)
            }
            Outlook::Hidden | Outlook::Denied | Outlook::Incomplete => {
                let before = before.as_deref();
                before.map_or_else(Default::default, |known| {
                    let learned = known.learned.filter(|_| known.ordered.is_some());
                    (known.replicas.clone(), known.ordered.clone(), learned)
                })
            }
        };
        let isolation = match isolation {
            Ok(isolation) => isolation,
            Err(refusal) => {
                if matches!(refusal, Refusal::Failed(_)) {
                    outlook = Outlook::Incomplete;
                }
                before.and_then(|known| known.isolation)
            }
        };
        let known = Known {
            key: self.key(table, description.key),
            id: description.id,
            replicas,
            ordered,
            isolation,
            learned: learned.or(Some(now)),
        };
        Ok((known, outlook))
    }

    /// Whether the client may not read the order of replicas that another one of the connector has
    /// lately.
    fn knows_less(&self, found: &Replicas, before: &Known, now: Moment) -> bool {
        let longest = self.config.token_awareness.refresh_interval;
        !found.is_ordered() && before.is_ordered_lately(longest, now)
    }

    fn key(&self, table: &Table, found: PartitionKey) -> PartitionKey {
        if let Some(configured) = table.configured().filter(|key| **key != found) {
            self.tables.said.unlike(table.name(), configured, &found);
        }
        found
    }

    /// The replicas, where the options ask for them, and what is to be expected of them.
    async fn replicas(&self, name: &str, id: Option<&str>) -> (Option<Replicas>, Outlook) {
        let affinity = self.config.lwt_affinity;
        // Clients that are not aware of tokens must agree with those that are on the coordinators
        // of keys.
        let by_primary_replica =
            affinity.is_on() && affinity.coordinator_order() == CoordinatorOrder::PrimaryReplica;
        if !self.config.token_awareness.is_on && !by_primary_replica {
            return (None, Outlook::Settled);
        }
        match self.map(name, id).await {
            Ok((replicas, outlook)) => (Some(replicas), outlook),
            Err(Refusal::Failed(error)) => {
                tracing::debug!(table = name, %error, "replicas of a table could not be looked up");
                (None, Outlook::Incomplete)
            }
            Err(Refusal::NotFound) => {
                self.tables.said.hidden();
                (None, Outlook::Hidden)
            }
            Err(Refusal::TooLong) => {
                self.tables.said.too_long(name);
                (None, Outlook::Hidden)
            }
            Err(Refusal::Denied) => (None, Outlook::Denied),
        }
    }

    /// The table's write isolation, where the options ask for it: its own, or else that of the
    /// node.
    async fn isolation(&self, arn: Option<&str>) -> Result<Option<Isolation>, Refusal> {
        if !self.config.lwt_affinity.asks_for_isolation() {
            return Ok(None);
        }
        if let Some(arn) = arn {
            let question = json!({ "ResourceArn": arn });
            let answer = self.asking.ask(LIST_TAGS, &question).await;
            let answer = self.noting(answer, "the tags of tables")?;
            let own = isolation_by_tags(&answer).ok_or_else(no_sense)?;
            if own.is_some() {
                return Ok(own);
            }
        }
        let question = json!({
            "TableName": ".scylla.alternator.system.config",
            "KeyConditionExpression": "#n = :n",
            "ExpressionAttributeNames": { "#n": "name" },
            "ExpressionAttributeValues": { ":n": { "S": "alternator_write_isolation" } },
        });
        let mut found = None;
        let rows = self.asking.rows(QUERY, question, |row| {
            found = row.text("value").and_then(isolation_by_config);
        });
        self.noting(rows.await, "system.config")?;
        Ok(found)
    }

    /// The answer, which is told the log if it is that the client may not ask.
    pub(super) fn noting<T>(&self, answer: Result<T, Refusal>, what: &str) -> Result<T, Refusal> {
        if matches!(answer, Err(Refusal::Denied)) {
            self.tables.said.denied(what);
        }
        answer
    }
}

fn no_sense() -> Refusal {
    Refusal::Failed("its answer makes no sense".into())
}
