//! Every promise of `docs/guarantees.md` names tests, and every test that it names is there.

use std::fs;
use std::path::{Path, PathBuf};

/// Fewer promises mean that they are not found, not that they were withdrawn.
const AT_LEAST: usize = 100;

/// A sentence, and the names of the tests beside it.
struct Promise {
    sentence: String,
    tests: Vec<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A promise begins with a dash; what is in backticks and has a path's colons is the name of a
/// test.
fn promises(page: &str) -> Vec<Promise> {
    let promised = page.split("\n## What is not promised").next().unwrap();
    let items = promised.split("\n## ").skip(1).flat_map(|section| section.split("\n- ").skip(1));
    items
        .map(|item| {
            let quoted = item.split('`').skip(1).step_by(2);
            Promise {
                sentence: item.lines().next().unwrap().to_owned(),
                tests: quoted.filter(|q| q.contains("::")).map(str::to_owned).collect(),
            }
        })
        .collect()
}

/// The file that a test named `binary::module::test` is in, without its ending.
fn place(binary: &str, modules: &[&str]) -> PathBuf {
    let mut place = match binary {
        "unit" if modules.first() == Some(&"simulator") => root().join("tests"),
        "unit" => root().join("src"),
        _ => root().join("tests").join(binary),
    };
    let modules = modules.strip_suffix(&["tests"]).unwrap_or(modules);
    place.extend(if modules.is_empty() { &["main"] } else { modules });
    place
}

/// Whether a function of this name has an attribute that makes it a test, or a macro makes tests of
/// names like it.
fn has_test(text: &str, name: &str) -> bool {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let is_test = |at: usize| {
        lines[..at]
            .iter()
            .rev()
            .take_while(|l| l.starts_with("#["))
            .any(|l| l.starts_with("#[test]") || l.starts_with("#[tokio::test"))
    };
    let function = format!("fn {name}(");
    let written =
        lines.iter().enumerate().any(|(at, line)| line.contains(&function) && is_test(at));
    // `name: …` or `name / over_tls: …`, in the call of a macro.
    let made = text.contains("macro_rules!")
        && lines.iter().any(|line| {
            let names = line.split(": ").next().unwrap().trim_end_matches(':');
            line.contains(':') && names.split(" / ").any(|n| n == name)
        });
    written || made
}

fn exists(test: &str) -> bool {
    let parts: Vec<_> = test.split("::").collect();
    let [binary, modules @ .., name] = &parts[..] else {
        return false;
    };
    let place = place(binary, modules);
    let within = ["mod.rs", "tests.rs", "tests/mod.rs"].map(|file| place.join(file));
    [place.with_extension("rs")]
        .iter()
        .chain(&within)
        .filter_map(|file| fs::read_to_string(file).ok())
        .any(|text| has_test(&text, name))
}

#[test]
fn every_promise_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("docs/guarantees.md")).unwrap();
    let promises = promises(&page);
    assert!(promises.len() >= AT_LEAST, "{} promises", promises.len());
    for Promise { sentence, tests } in promises {
        assert!(!tests.is_empty(), "nothing shows: {sentence}");
        for test in tests {
            assert!(exists(&test), "{test} does not exist, beside: {sentence}");
        }
    }
}

#[test]
fn every_test_that_the_comparison_names_exists() {
    let page = fs::read_to_string(root().join("docs/comparison.md")).unwrap();
    let lines = page.lines().filter(|line| line.starts_with("| "));
    let is_claim = |line: &&str| !line.starts_with("| **") && !line.starts_with("| ---");
    let claims = lines.skip(1).filter(is_claim);
    let mut seen = 0;
    for claim in claims {
        let tests: Vec<_> = claim.split('`').filter(|q| q.contains("::")).collect();
        assert!(!tests.is_empty(), "nothing shows: {claim}");
        for test in tests {
            assert!(exists(test), "{test} does not exist, beside: {claim}");
        }
        seen += 1;
    }
    assert!(seen >= 15, "{seen} claims");
}

#[test]
fn a_test_that_is_not_there_is_not_found() {
    for there in [
        "structure::modules_depend_in_one_direction",
        "structure::guarantees::a_test_that_is_not_there_is_not_found",
        "exactly_once::unsent::a_node_that_refuses_costs_nothing_over_tls",
        "exactly_once::sent::a_reset_after_the_head_over_tls",
        "unit::dynamodb::target::tests::only_the_two_dynamodb_services_are_ours",
    ] {
        assert!(exists(there), "{there}");
    }
    for not_there in [
        "structure::files",
        "structure::guarantees::exists",
        "structure::guarantees::modules_depend_in_one_direction",
        "exactly_once::unsent::a_node_that_refuses",
        "nothing::modules_depend_in_one_direction",
        "modules_depend_in_one_direction",
    ] {
        assert!(!exists(not_there), "{not_there}");
    }
}
