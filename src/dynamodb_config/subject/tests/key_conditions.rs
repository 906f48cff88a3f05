//! The value of a query's partition key.

use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ComparisonOperator, Condition};
use proptest::prelude::*;

use super::Verdict::{Nowhere, Read};
use super::{A, Routers, item, number, text};
use crate::dynamodb_config::subject::key_condition::value;
use crate::keys::key::Key;

/// Returns a query with names and values for any of these conditions.
fn query() -> QueryInputBuilder {
    QueryInput::builder()
        .table_name("texts")
        .expression_attribute_names("#pk", "pk")
        .expression_attribute_names("#sk", "sk")
        .expression_attribute_values(":a", text("a"))
        .expression_attribute_values(":b", text("b"))
        .expression_attribute_values(":c", text("c"))
        .expression_attribute_values(":n", number("7"))
}

/// The value that the partition key must equal, where it is `a` or nothing.
const ROWS: [(&str, bool); 50] = [
    ("pk = :a", true),
    ("#pk = :a", true),
    (":a = pk", true),
    (":a = #pk", true),
    ("pk=:a", true),
    (":a=#pk", true),
    ("(pk = :a)", true),
    ("((#pk = :a))", true),
    ("(:a = pk)", true),
    ("pk = :a AND sk = :b", true),
    ("sk = :b AND pk = :a", true),
    (":b = sk AND :a = pk", true),
    (":a = pk AND :b = sk", true),
    ("#sk = :b AND #pk = :a", true),
    ("(pk = :a) AND (sk = :b)", true),
    ("((sk = :b) AND (:a = #pk))", true),
    ("(sk=:b)AND(pk=:a)", true),
    ("pk = :a and sk = :b", true),
    ("pk = :a aNd sk < :b", true),
    ("pk = :a AND sk < :b", true),
    ("pk = :a AND sk <= :b", true),
    ("sk <= :b AND pk = :a", true),
    ("pk = :a AND sk < = :b", true),
    ("pk = :a AND sk > :b", true),
    ("sk >= :b AND pk = :a", true),
    (":b >= sk AND pk = :a", true),
    ("pk = :a AND sk BETWEEN :b AND :c", true),
    ("sk BETWEEN :b AND :c AND pk = :a", true),
    ("sk between :b and :c and :a = pk", true),
    ("pk = :a AND begins_with(sk, :b)", true),
    ("begins_with(sk, :b) AND pk = :a", true),
    ("begins_with ( #sk , :b ) AND ( #pk = :a )", true),
    // Conditions that give the partition key no value, or several.
    ("sk = :a", false),
    ("#sk = :a", false),
    ("pk > :a", false),
    ("pk >= :a", false),
    ("pk < :a", false),
    ("pk <= :a", false),
    ("pk <> :a", false),
    ("pk BETWEEN :a AND :b", false),
    ("begins_with(pk, :a)", false),
    ("pk IN (:a)", false),
    ("pk = sk", false),
    ("pk.x = :a", false),
    ("x.pk = :a", false),
    ("pk[0] = :a", false),
    (":a = pk.x", false),
    (":a = pk (:b)", false),
    ("pk = :unknown", false),
    ("", false),
];

#[test]
fn a_query_belongs_to_the_key_that_its_expression_demands() {
    let routers = Routers::new();
    for (expression, found) in ROWS {
        let input = query().key_condition_expression(expression).build().unwrap();
        let (verdict, keys) = if found { (Read, &[A][..]) } else { (Nowhere, &[][..]) };
        let expected = found.then(|| text("a"));
        assert_eq!(value(&input, "pk"), expected.as_ref(), "{expression}");
        routers.check(expression, input, verdict, keys);
    }
}

#[test]
fn a_name_is_looked_up_by_its_alias_only() {
    let input = query()
        .key_condition_expression("#pk = :a AND pk = :b AND #unknown = :c")
        .expression_attribute_names("#pk", "id")
        .build()
        .unwrap();
    assert_eq!(value(&input, "id"), Some(&text("a")));
    assert_eq!(value(&input, "pk"), Some(&text("b")));
    assert_eq!(value(&input, "#pk"), None);
    assert_eq!(value(&input, "unknown"), None);
    assert_eq!(value(&input, "ID"), None);
}

#[test]
fn an_expression_without_names_or_values_demands_none() {
    let nothing = QueryInput::builder().key_condition_expression("pk = :a AND #pk = :b");
    assert_eq!(value(&nothing.build().unwrap(), "pk"), None);
}

#[test]
fn a_query_of_an_index_belongs_nowhere() {
    let query = QueryInput::builder()
        .table_name("texts")
        .key_condition_expression("pk = :a")
        .expression_attribute_values(":a", text("a"));
    let routers = Routers::new();
    routers.check("table", query.clone().build().unwrap(), Read, &[A]);
    let later = query.clone().set_exclusive_start_key(Some(item([("pk", text("b"))])));
    routers.check("later page", later.build().unwrap(), Read, &[A]);
    let index = query.index_name("by_time");
    routers.check("index", index.build().unwrap(), Nowhere, &[]);
    let nothing = QueryInput::builder().table_name("texts");
    routers.check("no condition", nothing.build().unwrap(), Nowhere, &[]);
}

fn condition(operator: ComparisonOperator, values: &[&str]) -> Condition {
    Condition::builder()
        .comparison_operator(operator)
        .set_attribute_value_list(Some(values.iter().map(|v| text(v)).collect()))
        .build()
        .unwrap()
}

#[test]
fn a_query_belongs_to_the_key_that_its_legacy_conditions_demand() {
    use ComparisonOperator::{BeginsWith, Between, Eq, Ge, In, Ne};
    type Row<'a> = (&'a [(&'a str, Condition)], Option<&'a str>);
    let rows: [Row<'_>; 9] = [
        (&[("pk", condition(Eq, &["a"]))], Some("a")),
        (&[("sk", condition(Eq, &["b"])), ("pk", condition(Eq, &["a"]))], Some("a")),
        (&[("pk", condition(Eq, &["a"])), ("sk", condition(Between, &["b", "c"]))], Some("a")),
        (&[("sk", condition(BeginsWith, &["b"])), ("pk", condition(Eq, &["a"]))], Some("a")),
        (&[("sk", condition(Eq, &["a"]))], None),
        (&[("pk", condition(Ge, &["a"]))], None),
        (&[("pk", condition(In, &["a"]))], None),
        (&[("pk", condition(Ne, &["a"]))], None),
        (&[("pk", condition(Eq, &["a", "b"]))], None),
    ];
    let routers = Routers::new();
    for (conditions, expected) in rows {
        let mut query = QueryInput::builder().table_name("texts");
        for (name, condition) in conditions {
            query = query.key_conditions(*name, condition.clone());
        }
        let input = query.build().unwrap();
        assert_eq!(value(&input, "pk"), expected.map(text).as_ref(), "{conditions:?}");
        let (verdict, key) = match expected {
            Some(value) => (Read, vec![("texts", Key::String(value))]),
            None => (Nowhere, Vec::new()),
        };
        routers.check("conditions", input, verdict, &key);
    }
}

/// A condition on the sort key, or none.
fn sort_key() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop::sample::select(vec![
        "sk = :b",
        ":b = sk",
        "#sk < :b",
        ":b >= #sk",
        "sk <= :b",
        "sk BETWEEN :b AND :c",
        "begins_with(#sk, :b)",
    ]))
    .prop_map(|condition| condition.map(str::to_owned))
}

fn wrapped(condition: &str, parentheses: usize) -> String {
    format!("{}{condition}{}", "(".repeat(parentheses), ")".repeat(parentheses))
}

proptest! {
    #[test]
    fn the_way_that_a_condition_is_written_changes_nothing(
        partition_key in prop::sample::select(vec!["pk = :a", "#pk = :a", ":a = pk", ":a = #pk"]),
        sort_key in sort_key(),
        sort_key_first in any::<bool>(),
        parentheses in prop::array::uniform3(0_usize..3),
        and in prop::sample::select(vec![" AND ", " and ", " And\n", "\taND  "]),
        blank in "[ \t\r\n]{1,3}",
        tight in any::<bool>(),
    ) {
        let mut conditions = vec![wrapped(partition_key, parentheses[0])];
        conditions.extend(sort_key.map(|c| wrapped(&c, parentheses[1])));
        if sort_key_first {
            conditions.reverse();
        }
        let mut expression = wrapped(&conditions.join(and), parentheses[2]).replace(' ', &blank);
        if tight {
            expression = expression.replace(&format!("{blank}={blank}"), "=");
        }
        let input = query().key_condition_expression(&expression).build().unwrap();
        prop_assert_eq!(value(&input, "pk"), Some(&text("a")), "{}", expression);
    }

    #[test]
    fn any_text_has_a_value_or_none(text in any::<String>()) {
        let input = query().key_condition_expression(text).build().unwrap();
        value(&input, "pk");
    }

    #[test]
    fn any_sequence_of_tokens_has_a_value_or_none(
        words in prop::collection::vec(
            prop::sample::select(vec!["pk", "#pk", ":a", "=", "<", "(", ")", " AND ", ".", "[0]", "#", ":", "é"]),
            0..20,
        ),
    ) {
        let input = query().key_condition_expression(words.concat()).build().unwrap();
        let found: Option<&AttributeValue> = value(&input, "pk");
        prop_assert!(found.is_none_or(|found| *found == text("a")));
    }
}
