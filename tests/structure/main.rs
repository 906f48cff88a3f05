//! The modules depend on one another in one direction only, the pages about them are true, and the
//! public API shows types of few other crates.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

mod auto_traits;
mod external_types;
mod guarantees;
mod modules;
mod order;
mod page;

use modules::{Arrow, Tree};

/// The rooms of `src/`: each uses only rooms of lower rows.
const LIBRARY: [&[&str]; 11] = [
    &["lib"],
    &["builder", "dynamodb_config", "internals", "sdk", "service"],
    &["connector"],
    &["stats"],
    &["dispatch", "pass_through"],
    &["discovery", "tables"],
    &["cluster", "config"],
    &["balance"],
    &["compression", "dynamodb", "keys", "transport"],
    &["body", "scope"],
    &["address", "error", "rejection", "signing"],
];

/// The rooms of `testcluster/src/`, likewise.
const TEST_CLUSTER: [&[&str]; 7] = [
    &["lib"],
    &["cluster"],
    &["server"],
    &["system"],
    &["tokens", "wire"],
    &["expression", "fault", "gossip", "stats", "store"],
    &["error", "sync", "version"],
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn library() -> Tree {
    Tree::read(&root().join("src/lib.rs"))
}

fn test_cluster() -> Tree {
    Tree::read(&root().join("testcluster/src/lib.rs"))
}

#[test]
fn modules_depend_in_one_direction() {
    assert_eq!(order::not_down(&LIBRARY, &library().arrows()), [""; 0]);
}

#[test]
fn files_depend_in_one_direction() {
    assert_eq!(order::circular(&library().arrows()), [""; 0]);
}

#[test]
fn modules_of_the_test_cluster_depend_in_one_direction() {
    assert_eq!(order::not_down(&TEST_CLUSTER, &test_cluster().arrows()), [""; 0]);
}

#[test]
fn files_of_the_test_cluster_depend_in_one_direction() {
    assert_eq!(order::circular(&test_cluster().arrows()), [""; 0]);
}

#[test]
fn the_scan_sees_the_dependencies_that_are_there() {
    let arrows = library().arrows();
    let uses = |from: &str, to: &str| {
        let module = |path: &str| path.split("::").map(str::to_owned).collect();
        arrows.contains(&(module(from), module(to)))
    };
    assert!(uses("sdk", "connector") && uses("dispatch::race", "dispatch::plan"));
    // By `super::`, and through re-exports of `transport` and of its `pool`.
    assert!(uses("discovery::refresh", "discovery::contacts"));
    assert!(uses("cluster::node", "transport::pool"));
    assert!(uses("dispatch::race", "transport::pool::lease"));
    let leaves = |(from, to): &Arrow| order::room(from) == "error" && order::room(to) != "error";
    assert!(!arrows.iter().any(leaves));
    assert!(!uses("transport", "cluster"));
}

/// The files of Rust in a directory and those below it.
fn sources(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let (dirs, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let here = files.into_iter().filter(|file| file.extension().is_some_and(|e| e == "rs"));
    here.chain(dirs.iter().flat_map(|dir| sources(dir))).collect()
}

#[test]
fn a_module_with_others_below_it_is_a_folder_with_mod_rs() {
    let sources: Vec<_> = ["src", "tests", "benches", "testcluster"]
        .iter()
        .flat_map(|dir| sources(&root().join(dir)))
        .collect();
    assert!(sources.len() > 300, "{} files", sources.len());
    let beside: Vec<_> = sources.iter().filter(|file| file.with_extension("").is_dir()).collect();
    assert!(beside.is_empty(), "{beside:?}");
}
