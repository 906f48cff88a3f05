//! The steps of a table's lookup: its description, its replicas and its write isolation.

use std::sync::Arc;

use serde_json::json;

use super::replicas::ReplicaLookup;
use super::responses::{Description, isolation_by_config, isolation_by_tags};
use super::session::{LookupError, QUERY, Session};
use crate::balance::moment::Moment;
use crate::config::Config;
use crate::config::clients::lwt_affinity::CoordinatorOrder;
use crate::dynamodb::access::Isolation;
use crate::keys::partition_key::PartitionKey;
use crate::keys::replicas::Replicas;
use crate::tables::{Freshness, Table, TableInfo};

const DESCRIBE_TABLE: &str = "DynamoDB_20120810.DescribeTable";
const LIST_TAGS: &str = "DynamoDB_20120810.ListTagsOfResource";

/// A lookup in one session.
#[derive(Debug)]
pub(super) struct Lookup<'a> {
    pub(super) session: Session<'a>,
    pub(super) config: &'a Config,
    pub(super) replicas: ReplicaLookup<'a>,
}

impl Lookup<'_> {
    /// Returns everything that the options need to know of a table. It is an error if the partition
    /// key cannot be read; whatever else cannot be read now stays what it was.
    pub(super) async fn run(&self, table: &Table) -> Result<(TableInfo, Freshness), LookupError> {
        let body = json!({ "TableName": table.name() });
        let response = self.session.send(DESCRIBE_TABLE, &body).await?;
        let description = Description::parse(&response).ok_or_else(malformed)?;
        let (found, mut freshness) = self.replicas(table.name(), description.id.as_deref()).await;
        let isolation = self.isolation(description.arn.as_deref()).await;
        // Read after the last response, as hints may be applied meanwhile.
        let before = table.info().clone().filter(|info| info.id == description.id);
        let now = Moment::now();
        if let (Some(found), Some(before)) = (&found, &before)
            && self.lacks_order(found, before, now)
        {
            freshness = Freshness::Denied;
        }
        let (replicas, ordered, looked_up_at) = match freshness {
            Freshness::Moving | Freshness::Settled => {
                let found = found.map(Arc::new);
                let ordered = found.clone().filter(|found| found.is_ordered());
                (found, ordered, None)
            }
            Freshness::Hidden | Freshness::Denied | Freshness::Incomplete => {
                before.as_deref().map_or_else(Default::default, |info| {
                    let looked_up_at = info.looked_up_at.filter(|_| info.ordered.is_some());
                    (info.replicas.clone(), info.ordered.clone(), looked_up_at)
                })
            }
        };
        let isolation = match isolation {
            Ok(isolation) => isolation,
            Err(error) => {
                if matches!(error, LookupError::Failed(_)) {
                    freshness = Freshness::Incomplete;
                }
                before.and_then(|info| info.isolation)
            }
        };
        let info = TableInfo {
            key: self.checked_key(table, description.key),
            id: description.id,
            replicas,
            ordered,
            isolation,
            looked_up_at: looked_up_at.or(Some(now)),
        };
        Ok((info, freshness))
    }

    /// Returns whether the role may not read the order of replicas that another role of the
    /// connector has read recently.
    fn lacks_order(&self, found: &Replicas, before: &TableInfo, now: Moment) -> bool {
        let max_age = self.config.clients.table_refresh_interval;
        !found.is_ordered() && before.has_recent_order(max_age, now)
    }

    /// Returns the key that was found, and warns if another one is configured.
    fn checked_key(&self, table: &Table, found: PartitionKey) -> PartitionKey {
        if let Some(configured) = table.configured().filter(|key| **key != found) {
            self.session.warnings.key_mismatch(table.name(), configured, &found);
        }
        found
    }

    /// Returns the replicas, if the options need them, and how they are expected to change.
    async fn replicas(&self, name: &str, id: Option<&str>) -> (Option<Replicas>, Freshness) {
        let affinity = &self.config.clients.lwt_affinity;
        // Clients without token awareness must agree with those that have it on the coordinators of
        // keys.
        let by_primary_replica =
            affinity.is_on() && affinity.coordinator_order() == CoordinatorOrder::PrimaryReplica;
        if !self.config.clients.token_awareness.is_on() && !by_primary_replica {
            return (None, Freshness::Settled);
        }
        match self.replicas.run(name, id).await {
            Ok((replicas, freshness)) => (Some(replicas), freshness),
            Err(LookupError::Failed(error)) => {
                tracing::debug!(table = name, %error, "replicas of a table could not be looked up");
                (None, Freshness::Incomplete)
            }
            Err(LookupError::NotFound) => {
                self.session.warnings.hidden();
                (None, Freshness::Hidden)
            }
            Err(LookupError::TooManyRows) => {
                self.session.warnings.too_many_rows(name);
                (None, Freshness::Hidden)
            }
            Err(LookupError::Denied) => (None, Freshness::Denied),
        }
    }

    /// Returns the table's write isolation, if the options need it: its own, or else the node's.
    async fn isolation(&self, arn: Option<&str>) -> Result<Option<Isolation>, LookupError> {
        if !self.config.clients.lwt_affinity.asks_for_isolation() {
            return Ok(None);
        }
        if let Some(arn) = arn {
            let body = json!({ "ResourceArn": arn });
            let response = self.session.send(LIST_TAGS, &body).await;
            let response = self.session.warn_if_denied(response, "the tags of tables")?;
            let own = isolation_by_tags(&response).ok_or_else(malformed)?;
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
        let rows = self.session.for_each_row(QUERY, body, |row| {
            found = row.text("value").and_then(isolation_by_config);
        });
        self.session.warn_if_denied(rows.await, "system.config")?;
        Ok(found)
    }
}

fn malformed() -> LookupError {
    LookupError::Failed("its answer makes no sense".into())
}
