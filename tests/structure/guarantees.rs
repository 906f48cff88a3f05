//! Every promise and every claim of the pages names tests. `.ci/named-tests` checks that these
//! tests exist.

use std::fs;

use crate::root;

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// Returns whether something in backticks has a path's colons.
fn names_a_test(text: &str) -> bool {
    text.split('`').skip(1).step_by(2).any(|quoted| quoted.contains("::"))
}

#[test]
fn every_promise_names_tests() {
    let page = page("guarantees.md");
    let promised = page.split("\n## What is not promised").next().unwrap();
    let sections = promised.split("\n## ").skip(1);
    let promises: Vec<_> = sections.flat_map(|section| section.split("\n- ").skip(1)).collect();
    assert!(promises.len() >= 100, "{} promises", promises.len());
    for promise in promises {
        assert!(names_a_test(promise), "nothing shows: {promise}");
    }
}

#[test]
fn every_claim_of_the_comparison_names_tests() {
    let page = page("comparison.md");
    let is_claim = |line: &&str| {
        line.starts_with("| ") && !line.starts_with("| **") && !line.starts_with("| ---")
    };
    let claims: Vec<_> = page.lines().filter(is_claim).skip(1).collect();
    assert!(claims.len() >= 15, "{} claims", claims.len());
    for claim in claims {
        assert!(names_a_test(claim), "nothing shows: {claim}");
    }
}
