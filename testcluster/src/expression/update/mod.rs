//! Whether an update has to read the item before it writes: by its expression.

use crate::expression::{is_word, words};

/// Whether an expression adds, deletes, reaches into an attribute, or sets one to something that
/// comes from the item. That `SET a = :v` and `REMOVE a` do not is why they need no lightweight
/// transaction.
pub(crate) fn reads_before(expression: &str) -> bool {
    let words = words(expression);
    let (mut is_right_side, mut depth) = (false, 0);
    for (at, &word) in words.iter().enumerate() {
        let keyword = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        let is_function = words.get(at + 1) == Some(&"(");
        match word {
            "." | "[" => return true,
            "=" => is_right_side = true,
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 0 => is_right_side = false,
            _ if keyword("ADD") || keyword("DELETE") => return true,
            _ if keyword("SET") || keyword("REMOVE") => is_right_side = false,
            _ if is_right_side && is_word(word) && !word.starts_with(':') && !is_function => {
                return true;
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests;
