//! Key conditions of a Query, in either of their two syntaxes.

use serde_json::Value;

use crate::error::ApiError;
use crate::expression;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Between,
    BeginsWith,
}

/// A condition on one attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition<'a> {
    pub(crate) attribute: &'a str,
    pub(crate) operator: Operator,
    /// Two for [`Operator::Between`], one for all others.
    pub(crate) values: Vec<&'a Value>,
}

/// Returns every key condition of a request.
///
/// # Errors
///
/// Where it has none, both kinds, or malformed ones.
pub(crate) fn of(request: &Value) -> Result<Vec<Condition<'_>>, ApiError> {
    match (&request["KeyConditionExpression"], &request["KeyConditions"]) {
        (Value::String(expression), Value::Null) => {
            let mut parser =
                Parser { request, words: expression::words(expression), conditions: Vec::new() };
            parser.words.reverse();
            parser.all()?;
            match parser.words.pop() {
                Some(word) => Err(unexpected(word)),
                None => Ok(parser.conditions),
            }
        }
        (Value::Null, Value::Object(conditions)) => {
            conditions.iter().map(|(attribute, condition)| legacy(attribute, condition)).collect()
        }
        (Value::Null, Value::Null) => Err(ApiError::validation(
            "Query request must have either KeyConditionExpression or KeyConditions",
        )),
        _ => Err(ApiError::validation(
            "Query request can't have both KeyConditionExpression and KeyConditions",
        )),
    }
}

fn legacy<'a>(attribute: &'a str, condition: &'a Value) -> Result<Condition<'a>, ApiError> {
    let operator = match condition["ComparisonOperator"].as_str() {
        Some("EQ") => Operator::Equal,
        Some("LT") => Operator::Less,
        Some("LE") => Operator::LessOrEqual,
        Some("GT") => Operator::Greater,
        Some("GE") => Operator::GreaterOrEqual,
        Some("BETWEEN") => Operator::Between,
        Some("BEGINS_WITH") => Operator::BeginsWith,
        other => {
            return Err(ApiError::validation(format!(
                "Unsupported comparison operator: {other:?}"
            )));
        }
    };
    let values: Vec<_> = condition["AttributeValueList"].as_array().into_iter().flatten().collect();
    if values.len() != if operator == Operator::Between { 2 } else { 1 } {
        return Err(ApiError::validation(format!(
            "{} arguments in AttributeValueList of {attribute} are not what its operator takes",
            values.len()
        )));
    }
    Ok(Condition { attribute, operator, values })
}

fn unexpected(word: &str) -> ApiError {
    ApiError::validation(format!("Failed parsing KeyConditionExpression: unexpected '{word}'"))
}

struct Parser<'a> {
    request: &'a Value,
    /// The words not parsed yet, the next one last.
    words: Vec<&'a str>,
    conditions: Vec<Condition<'a>>,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Result<&'a str, ApiError> {
        self.words.pop().ok_or_else(|| {
            ApiError::validation("Failed parsing KeyConditionExpression: it ends too early")
        })
    }

    fn expect(&mut self, expected: &str) -> Result<(), ApiError> {
        match self.next()? {
            word if word.eq_ignore_ascii_case(expected) => Ok(()),
            word => Err(unexpected(word)),
        }
    }

    fn all(&mut self) -> Result<(), ApiError> {
        self.one()?;
        while self.words.pop_if(|word| word.eq_ignore_ascii_case("AND")).is_some() {
            self.one()?;
        }
        Ok(())
    }

    fn one(&mut self) -> Result<(), ApiError> {
        let first = self.next()?;
        if first == "(" {
            self.all()?;
            return self.expect(")");
        }
        if !expression::is_word(first) {
            return Err(unexpected(first));
        }
        let (attribute, operator, values) = if first == "begins_with" {
            self.expect("(")?;
            let name = self.next()?;
            self.expect(",")?;
            let value = self.next()?;
            self.expect(")")?;
            (name, Operator::BeginsWith, vec![value])
        } else {
            match self.next()? {
                word if word.eq_ignore_ascii_case("BETWEEN") => {
                    let from = self.next()?;
                    self.expect("AND")?;
                    (first, Operator::Between, vec![from, self.next()?])
                }
                word => {
                    let second = self.next()?;
                    let operator = comparison(word).ok_or_else(|| unexpected(word))?;
                    if first.starts_with(':') {
                        (second, reversed(operator), vec![first])
                    } else {
                        (first, operator, vec![second])
                    }
                }
            }
        };
        self.conditions.push(Condition {
            attribute: expression::name(self.request, attribute)?,
            operator,
            values: values
                .iter()
                .map(|word| expression::value(self.request, word))
                .collect::<Result<_, _>>()?,
        });
        Ok(())
    }
}

fn comparison(word: &str) -> Option<Operator> {
    Some(match word {
        "=" => Operator::Equal,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        _ => return None,
    })
}

/// Returns the equivalent operator with its sides exchanged.
fn reversed(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        same => same,
    }
}
