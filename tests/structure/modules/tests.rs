//! Made-up crates, and what is seen of them.

use std::collections::BTreeSet;

use super::Tree;

/// What the modules with these names and texts use of one another.
fn arrows(modules: &[(&str, &str)]) -> BTreeSet<String> {
    let text = |module: &[String]| {
        let name = module.join("::");
        modules.iter().find(|(m, _)| *m == name).map(|(_, text)| (*text).to_owned())
    };
    let arrows = Tree::of(text).arrows();
    arrows.iter().map(|(a, b)| format!("{} > {}", a.join("::"), b.join("::"))).collect()
}

fn set<const N: usize>(arrows: [&str; N]) -> BTreeSet<String> {
    arrows.map(str::to_owned).into()
}

/// What the file of module `a` with this text uses, beside `b`, which has `c` below it.
fn uses(text: &str) -> BTreeSet<String> {
    let root = "mod a; mod b;";
    let all = arrows(&[("", root), ("a", text), ("b", "mod c;"), ("b::c", "")]);
    all.iter().map(|arrow| arrow.strip_prefix("a > ").unwrap().to_owned()).collect()
}

#[test]
fn a_path_is_seen_wherever_it_begins() {
    for text in [
        "use crate::b::c::Name;",
        "use super::b::c::Name;",
        "pub(crate) use crate::b::c::{self, Name as Other};",
        "use crate::{b::{c::{Name, other}}};",
        "use crate::b::c::*;",
        "fn f() -> u8 { crate::b::c::f() }",
        "fn f() { g(super::b::c::Name { x: 1 }) }",
        "fn f<T: super::b::c::Trait>() where T: Iterator {}",
        "fn f() { println!(\"{}\", crate::b::c::NUMBER); }",
        "impl<T> From<T> for super::b::c::Name<T> {}",
        "mod inline { use super::super::b::c::Name; }",
        "fn f() { use crate::b::c; c::f::<u8>() }",
    ] {
        assert_eq!(uses(text), set(["b::c"]), "{text}");
    }
}

#[test]
fn a_path_that_begins_with_an_imported_module_is_followed() {
    assert_eq!(uses("use crate::b; fn f() -> b::c::Name { todo!() }"), set(["b", "b::c"]));
    assert_eq!(uses("use super::b as other; use other::c::Name;"), set(["b", "b::c"]));
}

#[test]
fn whatever_names_no_module_of_the_crate_is_no_use() {
    for text in [
        "// use crate::b;\n/* crate::b::c */ const X: &str = \"crate::b\";",
        "/// See [`crate::b::c`].\nfn f() {}",
        "const X: &str = r#\"use crate::b;\"#;",
        "use ::b::c; use std::b::Name; use tokio::tokio;",
        "fn f() { <u8 as Into<u16>>::b::c(); Vec::<u8>::b(); x.b::<u8>() }",
        "pub(crate) struct S; mod inline { use super::S; fn f() -> super::S { super::S } }",
        "fn f(b: u8) -> impl Sized + use<> { b }",
    ] {
        assert_eq!(uses(text), set([]), "{text}");
    }
}

#[test]
fn tests_do_not_count() {
    for text in [
        "#[cfg(test)] mod tests { use crate::b::Name; }",
        "#[cfg(test)]\n#[path = \"elsewhere.rs\"]\nmod tests;",
        "#[cfg(all(test, unix))] use crate::b::{c, Name};",
        "#[cfg(test)] impl crate::b::Trait for u8 { fn f() { super::b::f() } }",
        "#[cfg(test)] pub(crate) const X: [u8; 1] = crate::b::X;",
    ] {
        assert_eq!(uses(text), set([]), "{text}");
    }
    let after = "#[cfg(test)] mod tests {} #[cfg(test)] use std::fmt; use crate::b::c;";
    assert_eq!(uses(after), set(["b::c"]));
    assert_eq!(uses("#[cfg(not(test))] use crate::b;"), set(["b"]));
}

#[test]
fn a_use_through_a_re_export_is_one_of_the_file_that_defines_it() {
    let reader = ("a", "use crate::b::{Here, There, Elsewhere}; use super::Root;");
    let files = [
        ("", "mod a; mod b; pub use b::There as Root;"),
        reader,
        ("b", "mod c; mod d; pub(crate) use c::There; use std::Elsewhere; struct Here;"),
        ("b::c", "pub(crate) use super::d::There;"),
        ("b::d", "pub(crate) struct There;"),
    ];
    let expected = ["a > b", "a > b::d", "b > b::d", "b::c > b::d", " > b::d"];
    assert_eq!(arrows(&files), set(expected));
}
