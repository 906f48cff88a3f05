//! The catalog of tables: follows the requests that create, delete and tag them.

use serde_json::Value;

use super::state::{Defaults, State, Tokens};
use super::table::{self, CreateTable, Spread, Table};
use super::{isolation, ring, tablets};
use crate::error::ApiError;

/// Whether an operation changes the catalog.
pub(crate) fn changes(operation: &str) -> bool {
    matches!(operation, "CreateTable" | "DeleteTable" | "TagResource" | "UntagResource")
}

impl Tokens {
    /// Applies a request that the store has executed.
    ///
    /// # Errors
    ///
    /// Never for requests that [`Tokens::check`] has let pass.
    pub(crate) fn follow(
        &self,
        operation: &str,
        request: &Value,
        reply: &[u8],
    ) -> Result<(), ApiError> {
        let state = &mut *self.write();
        match operation {
            "CreateTable" => {
                let created: Value = serde_json::from_slice(reply).unwrap_or_default();
                let id = created["TableDescription"]["TableId"].as_str();
                if let (Some(table), Some(id)) = (CreateTable::of(request)?, id) {
                    state.create(&self.defaults, table, id);
                }
            }
            "DeleteTable" => {
                let name = request["TableName"].as_str();
                name.map(|name| state.tables.remove(name));
            }
            "TagResource" => {
                if let (Some(table), Some(isolation)) =
                    (state.tagged(request), table::isolation_of(request)?)
                {
                    table.isolation = Some(isolation);
                }
            }
            "UntagResource" => {
                let mut keys = request["TagKeys"].as_array().into_iter().flatten();
                if keys.any(|key| key == isolation::TAG)
                    && let Some(table) = state.tagged(request)
                {
                    table.isolation = None;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Refuses what the server would refuse and the store does not know.
    ///
    /// # Errors
    ///
    /// Where a tag has an unknown value.
    pub(crate) fn check(&self, operation: &str, request: &Value) -> Result<(), ApiError> {
        match operation {
            "CreateTable" | "TagResource" => table::isolation_of(request).map(|_| ()),
            _ => Ok(()),
        }
    }
}

impl State {
    fn create(&mut self, defaults: &Defaults, wanted: CreateTable, id: &str) {
        // The server's rule counts the nodes of all datacenters.
        let factor = if self.hosts.len() < 3 { 1 } else { 3 };
        let factor = defaults.factor.unwrap_or(factor);
        let spread = wanted.spread.unwrap_or(defaults.spread);
        let map = match spread {
            Spread::Tablets(count) => {
                tablets::map(&self.hosts, defaults.shards, &mut self.rng, count, factor)
            }
            Spread::Vnodes => ring::map(&self.hosts, factor),
        };
        let table = Table {
            id: id.to_owned(),
            key: wanted.key,
            spread,
            factor,
            map,
            base: None,
            isolation: wanted.isolation,
        };
        self.tables.insert(wanted.name, table);
    }

    /// The table that a request about tags names by its ARN, which ends with the table's name.
    fn tagged(&mut self, request: &Value) -> Option<&mut Table> {
        let (_, name) = request["ResourceArn"].as_str()?.rsplit_once('/')?;
        self.tables.get_mut(name)
    }
}
