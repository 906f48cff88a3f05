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
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_the_old_item_reads_it() {
        for blind in [
            "SET a = :v",
            "set a=:v, #b = :w REMOVE c, #d",
            "REMOVE a",
            "SET a = list_append(:v, :w), b = :x",
            "SET a = :v + :w",
        ] {
            assert!(!reads_before(blind), "{blind}");
        }
        for reading in [
            "SET a = b",
            "SET a = a + :v",
            "SET a = :v, b = :w - #c",
            "SET a = if_not_exists(a, :v)",
            "SET a = list_append(:v, #b)",
            "SET a.b = :v",
            "SET a[0] = :v",
            "REMOVE a.b",
            "REMOVE a[1]",
            "add a :v",
            "SET a = :v DELETE b :w",
        ] {
            assert!(reads_before(reading), "{reading}");
        }
    }
}
