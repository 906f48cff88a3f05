//! Query and Scan of the cluster's own tables: key conditions, pages of rows, and projections.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::paging;
use super::rows::{Contents, Row};
use crate::error::ApiError;
use crate::expression;
use crate::expression::conditions::{self, Condition, Operator};

/// What a request selects from a table.
pub(crate) struct Selection<'a> {
    request: &'a Value,
    conditions: Vec<Condition<'a>>,
}

impl<'a> Selection<'a> {
    pub(crate) fn of(operation: &str, request: &'a Value) -> Result<Self, ApiError> {
        for member in ["FilterExpression", "QueryFilter", "ScanFilter", "TotalSegments"] {
            if !request[member].is_null() {
                return Err(not_imitated(member));
            }
        }
        if request["ScanIndexForward"] == false {
            return Err(not_imitated("ScanIndexForward"));
        }
        let conditions = if operation == "Query" { conditions::of(request)? } else { Vec::new() };
        let expressions = ["KeyConditionExpression", "ProjectionExpression"]
            .map(|member| request[member].as_str().unwrap_or_default());
        expression::check_all_used(request, &expressions)?;
        Ok(Self { request, conditions })
    }

    /// Returns the partition key that a query selects; none for a scan.
    pub(crate) fn partition(&self, contents: &Contents) -> Result<Option<String>, ApiError> {
        let column = contents.partition;
        if self.conditions.is_empty() {
            return Ok(None);
        }
        let condition = self.conditions.iter().find(|condition| condition.attribute == column.name);
        match condition {
            Some(Condition { operator: Operator::Equal, values, .. }) => {
                column.kind.read(column.name, values[0]).map(Some)
            }
            _ => Err(ApiError::validation(format!(
                "Query must have an equality condition on the partition key {}",
                column.name
            ))),
        }
    }

    /// Returns the page that the request selects.
    pub(crate) fn page(
        &self,
        contents: &Contents,
        partition: Option<&str>,
        bytes: usize,
    ) -> Result<Value, ApiError> {
        let restriction = self.restriction(contents)?;
        let name = contents.partition.name;
        let rows: Vec<_> = contents
            .rows
            .iter()
            .filter(|row| partition.is_none_or(|wanted| row.text(name) == Some(wanted)))
            .filter(|row| restriction.as_ref().is_none_or(|wanted| wanted.allows(row)))
            .collect();
        let page = paging::page(contents, &rows, self.request, bytes)?;
        let projection = self.projection()?;
        let items: Vec<_> = page.rows.iter().map(|row| item(row, projection.as_deref())).collect();
        let mut answer = json!({"Count": items.len(), "ScannedCount": items.len()});
        if self.request["Select"] != "COUNT" {
            answer["Items"] = items.into();
        }
        if let Some(last) = page.last_evaluated_key {
            answer["LastEvaluatedKey"] = last;
        }
        Ok(answer)
    }

    /// Returns the condition on the first clustering column, the only one that may have one.
    fn restriction(&self, contents: &Contents) -> Result<Option<Restriction>, ApiError> {
        let mut others = self
            .conditions
            .iter()
            .filter(|condition| condition.attribute != contents.partition.name);
        let Some(condition) = others.next() else {
            return Ok(None);
        };
        if others.next().is_some() {
            return Err(ApiError::validation(
                "Only one condition beside that on the partition key is supported",
            ));
        }
        let Some(column) =
            contents.clustering.first().filter(|column| column.name == condition.attribute)
        else {
            return Err(ApiError::validation(format!(
                "KeyConditionExpression condition on non-key attribute {}",
                condition.attribute
            )));
        };
        let values = condition
            .values
            .iter()
            .map(|value| column.kind.read(column.name, value))
            .collect::<Result<_, _>>()?;
        Ok(Some(Restriction { column: *column, operator: condition.operator, values }))
    }

    /// Returns the selected columns; `None` is all of them.
    fn projection(&self) -> Result<Option<Vec<&'a str>>, ApiError> {
        let request = self.request;
        match (&request["ProjectionExpression"], &request["AttributesToGet"]) {
            (Value::Null, Value::Null) => Ok(None),
            (Value::String(expression), Value::Null) => expression::words(expression)
                .into_iter()
                .filter(|word| *word != ",")
                .map(|word| expression::name(request, word))
                .collect::<Result<_, _>>()
                .map(Some),
            (Value::Null, Value::Array(names)) => {
                Ok(Some(names.iter().filter_map(Value::as_str).collect()))
            }
            _ => Err(ApiError::validation(
                "Cannot use both old-style and new-style parameters in same request: AttributesToGet and \
                 ProjectionExpression",
            )),
        }
    }
}

struct Restriction {
    column: super::rows::Column,
    operator: Operator,
    values: Vec<String>,
}

impl Restriction {
    fn allows(&self, row: &Row) -> bool {
        let Some(text) = row.text(self.column.name) else {
            return false;
        };
        let compare = |at: usize| self.column.kind.compare(text, &self.values[at]);
        match self.operator {
            Operator::Equal => compare(0).is_eq(),
            Operator::Less => compare(0).is_lt(),
            Operator::LessOrEqual => compare(0).is_le(),
            Operator::Greater => compare(0).is_gt(),
            Operator::GreaterOrEqual => compare(0).is_ge(),
            Operator::Between => compare(0) != Ordering::Less && compare(1) != Ordering::Greater,
            Operator::BeginsWith => text.starts_with(&self.values[0]),
        }
    }
}

fn item(row: &Row, projection: Option<&[&str]>) -> Value {
    row.0
        .iter()
        .filter(|(name, _)| projection.is_none_or(|names| names.contains(name)))
        .map(|(name, cell)| ((*name).to_owned(), cell.json()))
        .collect::<Map<_, _>>()
        .into()
}

fn not_imitated(what: &str) -> ApiError {
    ApiError::internal(format!("The test cluster does not imitate {what} on internal tables"))
}
