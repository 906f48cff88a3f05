//! Tokens of DynamoDB's expressions: enough of the syntax to analyse key conditions and updates.

pub(crate) mod conditions;
pub(crate) mod update;

use serde_json::Value;

use crate::error::ApiError;

/// Splits an expression into names, values, operators and punctuation.
pub(crate) fn words(expression: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if is_word(rest) {
            rest.find(|c: char| !is_letter(c)).unwrap_or(rest.len())
        } else if ["<=", ">=", "<>"].iter().any(|two| rest.starts_with(two)) {
            2
        } else {
            first.len_utf8()
        };
        let (word, after) = rest.split_at(length);
        words.push(word);
        rest = after.trim_start();
    }
    words
}

/// Whether this is a name, a value or a keyword, and not an operator.
pub(crate) fn is_word(word: &str) -> bool {
    word.starts_with(is_letter)
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '#' | ':')
}

/// Resolves a name in an expression: itself, or the name given for it in
/// `ExpressionAttributeNames`.
pub(crate) fn name<'a>(request: &'a Value, word: &'a str) -> Result<&'a str, ApiError> {
    if !word.starts_with('#') {
        return Ok(word);
    }
    request["ExpressionAttributeNames"][word].as_str().ok_or_else(|| {
        ApiError::validation(format!(
            "ExpressionAttributeNames missing entry '{word}' required by expression"
        ))
    })
}

/// Returns the value given for a word such as `:v`.
pub(crate) fn value<'a>(request: &'a Value, word: &str) -> Result<&'a Value, ApiError> {
    request["ExpressionAttributeValues"].get(word).filter(|_| word.starts_with(':')).ok_or_else(
        || {
            ApiError::validation(format!(
                "ExpressionAttributeValues missing entry '{word}' required by expression"
            ))
        },
    )
}

/// Refuses names and values that are given but used in none of the expressions.
pub(crate) fn check_all_used(request: &Value, expressions: &[&str]) -> Result<(), ApiError> {
    let used: Vec<_> = expressions.iter().flat_map(|text| words(text)).collect();
    for member in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        let mut given = request[member].as_object().into_iter().flatten();
        if let Some((spurious, _)) = given.find(|(given, _)| !used.contains(&&***given)) {
            return Err(ApiError::validation(format!(
                "{member} has spurious '{spurious}', not used"
            )));
        }
    }
    Ok(())
}
