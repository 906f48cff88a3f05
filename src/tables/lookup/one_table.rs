//! What is asked about a table, step by step.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::json;

use super::description::{Description, isolation_by_config, isolation_by_tags};
use super::session::{LookupError, Session};
use crate::balance::moment::Moment;
use crate::config::Config;
use crate::config::lwt_affinity::CoordinatorOrder;
use crate::dynamodb::access::Isolation;
use crate::keys::partition_key::PartitionKey;
use crate::keys::replicas::Replicas;
use crate::tables::{Freshness, Table, TableInfo, Tables};

const DESCRIBE_TABLE: &str = "DynamoDB_20120810.DescribeTable";
const LIST_TAGS: &str = "DynamoDB_20120810.ListTagsOfResource";
pub(super) const QUERY: &str = "DynamoDB_20120810.Query";
pub(super) const SCAN: &str = "DynamoDB_20120810.Scan";

/// Who is asked, and what for.
#[derive(Debug)]
pub(super) struct Lookup<'a> {
    pub(super) session: Session<'a>,
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
    pub(super) async fn table(&self, table: &Table) -> Result<(TableInfo, Freshness), LookupError> {
        let body = json!({ "TableName": table.name() });
        let answer = self.session.ask(DESCRIBE_TABLE, &body).await?;
        let description = Description::parse(&answer).ok_or_else(no_sense)?;
        let (found, mut freshness) = self.replicas(table.name(), description.id.as_deref()).await;
        let isolation = self.isolation(description.arn.as_deref()).await;
        // Not before all is asked, as hints may come meanwhile.
        let before = table.info().clone();
        let before = before.filter(|info| info.id == description.id);
        let now = Moment::now();
        if let (Some(found), Some(before)) = (&found, &before)
            && self.knows_less(found, before, now)
        {
            freshness = Freshness::Denied;
        }
        let (replicas, ordered, learned) = match freshness {
            Freshness::Moving | Freshness::Settled => {
                let found = found.map(Arc::new);
                let ordered = found.clone().filter(|found| found.is_ordered());
                (found, ordered, None)
            }
            Freshness::Hidden | Freshness::Denied | Freshness::Incomplete => {
                let before = before.as_deref();
                before.map_or_else(Default::default, |info| {
                    let learned = info.learned.filter(|_| info.ordered.is_some());
                    (info.replicas.clone(), info.ordered.clone(), learned)
                })
            }
        };
        let isolation = match isolation {
            Ok(isolation) => isolation,
            Err(refusal) => {
                if matches!(refusal, LookupError::Failed(_)) {
                    freshness = Freshness::Incomplete;
                }
                before.and_then(|info| info.isolation)
            }
        };
        let info = TableInfo {
            key: self.key(table, description.key),
            id: description.id,
            replicas,
            ordered,
            isolation,
            learned: learned.or(Some(now)),
        };
        Ok((info, freshness))
    }

    /// Whether the client may not read the order of replicas that another one of the connector has
    /// lately.
    fn knows_less(&self, found: &Replicas, before: &TableInfo, now: Moment) -> bool {
        let longest = self.config.token_awareness.refresh_interval;
        !found.is_ordered() && before.is_ordered_lately(longest, now)
    }

    fn key(&self, table: &Table, found: PartitionKey) -> PartitionKey {
        if let Some(configured) = table.configured().filter(|key| **key != found) {
            self.tables.warnings.unlike(table.name(), configured, &found);
        }
        found
    }

    /// The replicas, where the options ask for them, and what is to be expected of them.
    async fn replicas(&self, name: &str, id: Option<&str>) -> (Option<Replicas>, Freshness) {
        let affinity = self.config.lwt_affinity;
        // Clients that are not aware of tokens must agree with those that are on the coordinators
        // of keys.
        let by_primary_replica =
            affinity.is_on() && affinity.coordinator_order() == CoordinatorOrder::PrimaryReplica;
        if !self.config.token_awareness.is_on && !by_primary_replica {
            return (None, Freshness::Settled);
        }
        match self.map(name, id).await {
            Ok((replicas, freshness)) => (Some(replicas), freshness),
            Err(LookupError::Failed(error)) => {
                tracing::debug!(table = name, %error, "replicas of a table could not be looked up");
                (None, Freshness::Incomplete)
            }
            Err(LookupError::NotFound) => {
                self.tables.warnings.hidden();
                (None, Freshness::Hidden)
            }
            Err(LookupError::TooLong) => {
                self.tables.warnings.too_long(name);
                (None, Freshness::Hidden)
            }
            Err(LookupError::Denied) => (None, Freshness::Denied),
        }
    }

    /// The table's write isolation, where the options ask for it: its own, or else that of the
    /// node.
    async fn isolation(&self, arn: Option<&str>) -> Result<Option<Isolation>, LookupError> {
        if !self.config.lwt_affinity.asks_for_isolation() {
            return Ok(None);
        }
        if let Some(arn) = arn {
            let body = json!({ "ResourceArn": arn });
            let answer = self.session.ask(LIST_TAGS, &body).await;
            let answer = self.noting(answer, "the tags of tables")?;
            let own = isolation_by_tags(&answer).ok_or_else(no_sense)?;
            if own.is_some() {
                return Ok(own);
            }
        }
        let body = json!({
            "TableName": ".scylla.alternator.system.config",
            "KeyConditionExpression": "#n = :n",
            "ExpressionAttributeNames": { "#n": "name" },
            "ExpressionAttributeValues": { ":n": { "S": "alternator_write_isolation" } },
        });
        let mut found = None;
        let rows = self.session.rows(QUERY, body, |row| {
            found = row.text("value").and_then(isolation_by_config);
        });
        self.noting(rows.await, "system.config")?;
        Ok(found)
    }

    /// The answer, which is told the log if it is that the client may not ask.
    pub(super) fn noting<T>(
        &self,
        answer: Result<T, LookupError>,
        what: &str,
    ) -> Result<T, LookupError> {
        if matches!(answer, Err(LookupError::Denied)) {
            self.tables.warnings.denied(what);
        }
        answer
    }
}

fn no_sense() -> LookupError {
    LookupError::Failed("its answer makes no sense".into())
}
