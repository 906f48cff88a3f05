//! Pages of rows, and the keys that name where they end. Between rows, such a key has members that
//! DynamoDB does not know, and one of them is a number in JSON, which the server itself takes back
//! as a string only.

use serde_json::{Map, Value, json};

use super::rows::{Contents, Row, compare};
use crate::error::ApiError;

const REGION: &str = ":scylla:paging:region";
const WEIGHT: &str = ":scylla:paging:weight";

pub(crate) struct Page<'a> {
    pub(crate) rows: Vec<&'a Row>,
    pub(crate) last_evaluated_key: Option<Value>,
}

/// Returns the rows from the request's start key on, up to its limit and to `bytes`, but at least
/// one.
pub(crate) fn page<'a>(
    contents: &Contents,
    rows: &[&'a Row],
    request: &Value,
    bytes: usize,
) -> Result<Page<'a>, ApiError> {
    let from = match &request["ExclusiveStartKey"] {
        Value::Null => 0,
        key => {
            let start = Start::read(contents, key)?;
            rows.partition_point(|row| !start.is_before(contents, row))
        }
    };
    let limit = match &request["Limit"] {
        Value::Null => usize::MAX,
        limit => limit
            .as_u64()
            .filter(|limit| *limit > 0)
            .ok_or_else(|| ApiError::validation("Limit must be greater than 0"))?
            as usize,
    };
    let mut size = 0;
    let fits = |row: &&&Row| {
        let before = size;
        size += row.0.iter().map(|(_, cell)| cell.size()).sum::<usize>();
        before == 0 || size <= bytes
    };
    let left = &rows[from..];
    let rows: Vec<_> = left.iter().take(limit).take_while(fits).copied().collect();
    let last_evaluated_key = rows.last().filter(|_| rows.len() < left.len()).map(|last| {
        let mut key = key_of(contents, last);
        if rows.len() < limit {
            // The page is full: it ends somewhere after the row.
            key[REGION] = json!({"S": "clustered"});
            key[WEIGHT] = json!({"N": 1});
        }
        key
    });
    Ok(Page { rows, last_evaluated_key })
}

fn key_of(contents: &Contents, row: &Row) -> Value {
    contents
        .key()
        .filter_map(|column| Some((column.name.to_owned(), json!({"S": row.text(column.name)?}))))
        .collect::<Map<_, _>>()
        .into()
}

/// A position in a table.
struct Start {
    key: Row,
    /// Whether the row of the key comes after this position.
    is_before_row: bool,
}

impl Start {
    fn read(contents: &Contents, key: &Value) -> Result<Self, ApiError> {
        let mut row = Row::default();
        for column in contents.key() {
            match &key[column.name] {
                Value::Null if column.name == contents.partition.name => {
                    return Err(ApiError::validation(format!(
                        "ExclusiveStartKey has no {}",
                        column.name
                    )));
                }
                Value::Null => {}
                value => {
                    let text = column.kind.read(column.name, value)?;
                    row.0.push((column.name, super::cell::Cell::Text(text)));
                }
            }
        }
        let weight = match &key[WEIGHT] {
            Value::Null => 0,
            weight => {
                weight["N"].as_str().and_then(|weight| weight.parse::<i32>().ok()).ok_or_else(
                    || ApiError::validation("The parameter cannot be converted to a numeric value"),
                )?
            }
        };
        Ok(Self { key: row, is_before_row: weight < 0 })
    }

    fn is_before(&self, contents: &Contents, row: &Row) -> bool {
        let partition = contents.partition;
        let order = partition
            .token(&self.key)
            .cmp(&partition.token(row))
            .then_with(|| compare(contents.clustering, &self.key, row));
        order.is_lt() || (order.is_eq() && self.is_before_row)
    }
}
