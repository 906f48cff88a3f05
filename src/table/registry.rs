//! The tables that requests were about lately.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{Known, PartitionKey, Table};

#[derive(Debug, Default)]
pub(crate) struct Tables {
    tables: ArcSwap<HashMap<Box<str>, Arc<Table>>>,
}

impl Tables {
    /// Of these, the partition key is known from the start.
    pub(crate) fn new(known: &[(String, PartitionKey)]) -> Self {
        let tables = Self::default();
        for (name, key) in known {
            tables.named(name).learned(Known {
                key: key.clone(),
                replicas: None,
                isolation: None,
            });
        }
        tables
    }

    /// The table of that name, which is new where no request was about it before.
    pub(crate) fn named(&self, name: &str) -> Arc<Table> {
        if let Some(table) = self.tables.load().get(name) {
            return Arc::clone(table);
        }
        let table = Arc::new(Table::new(name));
        self.tables.rcu(|tables| {
            let mut tables = HashMap::clone(tables);
            tables.insert(name.into(), Arc::clone(&table));
            tables
        });
        table
    }
}
