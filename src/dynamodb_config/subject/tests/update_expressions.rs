//! Which update expressions read the item: the server's `needs_read_before_write`, form by form.

use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use proptest::prelude::*;

use super::Verdict::{self, ReadModifyWrite, Write};
use super::{A, Routers, key};
use crate::dynamodb_config::subject::update_expression::is_blind;

/// Expressions with a blank between any two lexemes.
const ROWS: [(&str, Verdict); 53] = [
    // A whole attribute is set to what the request says.
    ("SET a = :v", Write),
    ("SET #a = :v", Write),
    ("SET a1_b = :v_1", Write),
    ("SET a = :v , #b = :w , c = :x", Write),
    ("SET a = :v + :w", Write),
    ("SET a = :v - :w", Write),
    ("SET a = :v + :w , b = :x - :y", Write),
    ("SET a = list_append ( :v , :w )", Write),
    ("SET a = if_not_exists ( :v , :w )", Write),
    ("SET a = list_append ( list_append ( :v , :w ) , :x )", Write),
    ("SET a = list_append ( :v , list_append ( :w , :x ) ) , b = :y", Write),
    ("SET a = list_append ( :v , :w ) + :x", Write),
    // A whole attribute is removed.
    ("REMOVE a", Write),
    ("REMOVE #a", Write),
    ("REMOVE a , #b , c", Write),
    ("SET a = :v REMOVE b", Write),
    ("REMOVE b SET a = :v", Write),
    ("REMOVE a , b SET #c = :v , d = :w", Write),
    // Attributes whose names begin like keywords.
    ("SET setting = :v , removed = :w REMOVE added , deleted", Write),
    ("SET #set = :add REMOVE #delete", Write),
    // The right side refers to an attribute.
    ("SET a = b", ReadModifyWrite),
    ("SET a = #b", ReadModifyWrite),
    ("SET a = a + :v", ReadModifyWrite),
    ("SET a = #a - :v", ReadModifyWrite),
    ("SET a = :v + a", ReadModifyWrite),
    ("SET a = :v - #a", ReadModifyWrite),
    ("SET a = b . c", ReadModifyWrite),
    ("SET a = b [ 0 ]", ReadModifyWrite),
    ("SET a = if_not_exists ( a , :v )", ReadModifyWrite),
    ("SET a = if_not_exists ( #a , :v )", ReadModifyWrite),
    ("SET a = if_not_exists ( a . b , :v )", ReadModifyWrite),
    ("SET a = if_not_exists ( a , :v ) + :w", ReadModifyWrite),
    ("SET a = :w + if_not_exists ( a , :v )", ReadModifyWrite),
    ("SET a = list_append ( a , :v )", ReadModifyWrite),
    ("SET a = list_append ( :v , #a )", ReadModifyWrite),
    ("SET a = list_append ( if_not_exists ( a , :v ) , :w )", ReadModifyWrite),
    ("SET a = list_append ( list_append ( :v , :w ) , a )", ReadModifyWrite),
    ("SET a = :v , b = c", ReadModifyWrite),
    ("SET a = :v , b = if_not_exists ( b , :w )", ReadModifyWrite),
    // Part of an attribute is changed.
    ("SET a . b = :v", ReadModifyWrite),
    ("SET #a . #b = :v", ReadModifyWrite),
    ("SET a [ 0 ] = :v", ReadModifyWrite),
    ("SET a . b [ 12 ] . c = :v", ReadModifyWrite),
    ("SET a = :v , b . c = :w", ReadModifyWrite),
    ("REMOVE a . b", ReadModifyWrite),
    ("REMOVE a , #b [ 1 ]", ReadModifyWrite),
    ("SET a = :v REMOVE b . c", ReadModifyWrite),
    // These change the item's own values.
    ("ADD a :v", ReadModifyWrite),
    ("ADD #a . b :v , c :w", ReadModifyWrite),
    ("DELETE a :v", ReadModifyWrite),
    ("SET a = :v ADD b :w", ReadModifyWrite),
    ("REMOVE a DELETE b :v", ReadModifyWrite),
    ("ADD a :v SET b = :w REMOVE c", ReadModifyWrite),
];

/// Expressions that the server rejects. A later one may accept them, with an unknown meaning.
const STRANGE: [&str; 22] = [
    "SET",
    "SET a",
    "SET a =",
    "SET a = :v ,",
    "SET a = :v b",
    "SET a = :v + ",
    "SET a = :v * :w",
    "SET a = ( :v )",
    "SET a = f ( )",
    "SET a = f ( :v",
    "SET a = f ( :v ) )",
    "SET a = f ( :v , , :w )",
    "SET a = f",
    "SET a : v",
    "SET :v = :w",
    "SET a = 1",
    "SET ä = :v",
    "SET _a = :v",
    "REMOVE",
    "REMOVE :v",
    "SETTLE a = :v",
    "a = :v",
];

fn is_keyword(word: &str) -> bool {
    ["SET", "REMOVE", "ADD", "DELETE"].contains(&word)
}

fn is_word(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

/// Rewrites an expression with other blanks, at least where some are needed, and with its keywords
/// in any case.
fn rewritten(row: &str, blanks: &[String], upper: &[bool]) -> String {
    let mut text = String::new();
    for (i, word) in row.split(' ').enumerate() {
        let blank = &blanks[i % blanks.len()];
        let touches = is_word(&text) && word.starts_with(|c: char| c.is_ascii_alphanumeric());
        text += if blank.is_empty() && touches { "\t" } else { blank };
        for (j, c) in word.chars().enumerate() {
            let lower = is_keyword(word) && !upper[(i + j) % upper.len()];
            text.push(if lower { c.to_ascii_lowercase() } else { c });
        }
    }
    text
}

#[test]
fn an_update_is_a_transaction_where_its_expression_reads() {
    let routers = Routers::new();
    let strange = STRANGE.iter().map(|row| (*row, ReadModifyWrite));
    for (expression, verdict) in ROWS.into_iter().chain(strange) {
        let update = UpdateItemInput::builder()
            .table_name("texts")
            .set_key(Some(key()))
            .update_expression(expression);
        routers.check(expression, update.build().unwrap(), verdict, &[A]);
    }
}

#[test]
fn calls_nested_as_deep_as_may_be_are_read_without_harm() {
    let deep =
        |inner: &str| format!("SET a = {}{inner}{}", "f(".repeat(50_000), ")".repeat(50_000));
    assert!(is_blind(&deep(":v")));
    assert!(!is_blind(&deep("a")));
}

proptest! {
    #[test]
    fn blanks_and_the_case_of_keywords_change_no_verdict(
        row in prop::sample::select(ROWS.as_slice()),
        blanks in prop::collection::vec("[ \t\r\n]{0,3}", 1..9),
        upper in prop::collection::vec(any::<bool>(), 1..9),
    ) {
        let (expression, verdict) = row;
        let text = rewritten(expression, &blanks, &upper);
        prop_assert_eq!(is_blind(&text), verdict == Write, "{}", text);
    }

    #[test]
    fn any_text_is_either_blind_or_not(text in any::<String>()) {
        is_blind(&text);
    }

    #[test]
    fn any_sequence_of_tokens_is_either_blind_or_not(
        words in prop::collection::vec(
            prop::sample::select(vec!["SET ", "REMOVE ", "a", "#a", ":v", "=", ",", "(", ")", "+", ".", "[0]", "#", ":", "é"]),
            0..20,
        ),
    ) {
        is_blind(&words.concat());
    }
}
