//! The modules depend on one another in one direction only, and the page of promises names tests
//! that exist.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

mod guarantees;

/// From the leaves up: a module uses only those above it in this list.
const ORDER: [&str; 23] = [
    "address",
    "error",
    "scope",
    "body",
    "signing",
    "compression",
    "keys",
    "dynamodb",
    "transport",
    "balance",
    "config",
    "cluster",
    "tables",
    "discovery",
    "dispatch",
    "pass_through",
    "stats",
    "connector",
    "builder",
    "sdk",
    "service",
    "dynamodb_config",
    "lib",
];

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The top-level module of each file, and the modules that it names by `crate::`.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&src, &mut all);
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in all {
        let within = file.strip_prefix(&src).unwrap();
        let module =
            within.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&file).unwrap();
        // What tests use does not bind the code.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let named = code.split("crate::").skip(1).map(|rest| {
            rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>()
        });
        uses.entry(module.clone())
            .or_default()
            .extend(named.filter(|m| !m.is_empty() && *m != module));
    }
    uses
}

#[test]
fn modules_depend_in_one_direction() {
    let place = |module: &str| ORDER.iter().position(|m| *m == module);
    for (module, used) in uses() {
        let here = place(&module).unwrap_or_else(|| panic!("{module} has no place in the order"));
        for other in used {
            assert!(place(&other).is_some_and(|there| there < here), "{module} uses {other}");
        }
    }
}

#[test]
fn the_scan_sees_the_dependencies_that_are_there() {
    let uses = uses();
    assert!(uses["dispatch"].contains("cluster") && uses["sdk"].contains("connector"));
    assert!(uses["error"].is_empty() && !uses["transport"].contains("cluster"));
}
