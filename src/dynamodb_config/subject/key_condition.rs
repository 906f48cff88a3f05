//! The value that a query's partition key must equal.

use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::types::{AttributeValue, ComparisonOperator};

use super::expression::{Lexeme, Lexemes};

/// Returns the value that the query's condition requires `attribute` to equal; `None` if there is
/// no such value.
pub(super) fn value<'a>(query: &'a QueryInput, attribute: &str) -> Option<&'a AttributeValue> {
    if let Some(expression) = &query.key_condition_expression {
        let names = query.expression_attribute_names.as_ref();
        let is_attribute = |token: Lexeme<'_>| match token {
            Lexeme::Name(name) => name == attribute,
            Lexeme::Alias(alias) => {
                let name = names.and_then(|names| names.get(alias));
                name.is_some_and(|name| name == attribute)
            }
            Lexeme::Value(_) | Lexeme::Sign(_) => false,
        };
        let reference = equal(expression, is_attribute)?;
        return query.expression_attribute_values.as_ref()?.get(reference);
    }
    let condition = query.key_conditions.as_ref()?.get(attribute)?;
    match condition.attribute_value_list() {
        [value] if condition.comparison_operator == ComparisonOperator::Eq => Some(value),
        _ => None,
    }
}

/// Returns the placeholder of the value that the attribute is compared to by an equals sign. The
/// server allows neither `OR` nor `NOT` in a key condition, so the comparison holds wherever it is.
fn equal(expression: &str, is_attribute: impl Fn(Lexeme<'_>) -> bool) -> Option<&str> {
    let mut tokens = Lexemes::of(expression);
    let (mut before, mut left) = (None, None);
    while let Some(token) = tokens.next() {
        if token == Lexeme::Sign('=') {
            let mut ahead = tokens.clone();
            let (right, after) = (ahead.next(), ahead.next());
            match (left, right) {
                (Some(name), Some(Lexeme::Value(value)))
                    if is_attribute(name) && before != Some(Lexeme::Sign('.')) =>
                {
                    return Some(value);
                }
                // Any other lexeme after the name makes it part of a path, or a function.
                (Some(Lexeme::Value(value)), Some(name))
                    if is_attribute(name)
                        && matches!(after, None | Some(Lexeme::Sign(')') | Lexeme::Name(_))) =>
                {
                    return Some(value);
                }
                _ => {}
            }
        }
        (before, left) = (left, Some(token));
    }
    None
}
