//! Tables as rows: which columns are keys, and the order in which the server returns what is in
//! them.

use std::cmp::Ordering;

use super::cell::{Cell, Kind};
use crate::tokens::token_of_bytes;

/// A column of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

pub(crate) const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

impl Column {
    /// The token of a row whose partition key this is.
    pub(crate) fn token(&self, row: &Row) -> i64 {
        token_of_bytes(&self.kind.bytes(row.text(self.name).unwrap_or_default()))
    }
}

/// Cells by the name of their column, without null ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row(pub(crate) Vec<(&'static str, Cell)>);

impl Row {
    pub(crate) fn text(&self, column: &str) -> Option<&str> {
        match self.0.iter().find(|(name, _)| *name == column) {
            Some((_, Cell::Text(text))) => Some(text),
            _ => None,
        }
    }
}

/// A table as one node shows it.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    pub(crate) partition: Column,
    pub(crate) clustering: &'static [Column],
    pub(crate) rows: Vec<Row>,
}

impl Contents {
    /// Puts the rows into the server's order: partitions by their tokens, rows of a partition by
    /// their clustering columns.
    pub(crate) fn new(
        partition: Column,
        clustering: &'static [Column],
        mut rows: Vec<Row>,
    ) -> Self {
        rows.sort_by(|one, other| compare(clustering, one, other));
        rows.sort_by_cached_key(|row| partition.token(row));
        Self { partition, clustering, rows }
    }

    pub(crate) fn key(&self) -> impl Iterator<Item = &Column> {
        std::iter::once(&self.partition).chain(self.clustering)
    }
}

/// The order of two rows of one partition, by as many clustering columns as both have.
pub(crate) fn compare(clustering: &[Column], one: &Row, other: &Row) -> Ordering {
    clustering
        .iter()
        .map_while(|column| Some((column.kind, one.text(column.name)?, other.text(column.name)?)))
        .map(|(kind, one, other)| kind.compare(one, other))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}
