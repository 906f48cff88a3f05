//! The types of other crates that the public API shows are of the crates that `Cargo.toml` lists,
//! as a new major version of one of them is one of ours.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Its version says less than its age: `Service` is as it was in 2019, and all of `tower` has it.
const STABLE: &str = "tower_service";

/// What `cargo metadata` says of this package.
fn package() -> Value {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&cargo.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().find(|p| p["name"] == env!("CARGO_PKG_NAME")).unwrap().clone()
}

/// The crates that are listed, each as `name::*`.
fn listed(package: &Value) -> BTreeSet<String> {
    let list = &package["metadata"]["cargo_check_external_types"]["allowed_external_types"];
    let name = |entry: &Value| entry.as_str().unwrap().strip_suffix("::*").unwrap().to_owned();
    list.as_array().unwrap().iter().map(name).collect()
}

/// The crates of the types and traits that are named in `value`, a part of rustdoc's `docs`.
fn crates(docs: &Value, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            // A type or trait has a path, and a re-export a source.
            let is_named = fields.contains_key("path") || fields.contains_key("source");
            let id = fields.get("id").filter(|_| is_named);
            let path = id.and_then(|id| docs["paths"].get(id.to_string()));
            if let Some(path) = path {
                found.insert(path["path"][0].as_str().unwrap().to_owned());
            }
            fields.values().for_each(|value| crates(docs, value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| crates(docs, value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}

#[test]
fn the_crates_whose_types_are_public_have_had_their_first_release() {
    let package = package();
    let dependencies = package["dependencies"].as_array().unwrap();
    for name in listed(&package) {
        let is_it = |d: &&Value| d["kind"].is_null() && d["name"] == name.replace('_', "-");
        let dependency = dependencies.iter().find(is_it);
        let dependency = dependency.unwrap_or_else(|| panic!("{name} is no dependency"));
        let is_released = !dependency["req"].as_str().unwrap().starts_with("^0");
        assert!(is_released || name == STABLE, "{name} is {}", dependency["req"]);
    }
}

#[test]
#[ignore = "reads what rustdoc has written, see .ci/run"]
fn the_public_api_shows_types_of_the_listed_crates_only() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let docs = fs::read(target.join("doc/alternator_connector.json")).unwrap();
    let docs: Value = serde_json::from_slice(&docs).unwrap();
    let mut found = BTreeSet::new();
    for item in docs["index"].as_object().unwrap().values() {
        let inner = &item["inner"];
        let implementation = &inner["impl"];
        let is_written =
            implementation["is_synthetic"] != true && implementation["blanket_impl"].is_null();
        if item["crate_id"] == 0 && is_written {
            crates(&docs, inner, &mut found);
        }
    }
    for own in ["alternator_connector", "alloc", "core", "std"] {
        assert!(found.remove(own), "no type of {own}: is this the public API?");
    }
    assert_eq!(found, listed(&package()));
}
