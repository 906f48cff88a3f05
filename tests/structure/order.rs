//! What is wrong about the directions in which modules use one another.

use std::collections::BTreeSet;

use super::modules::{Arrow, Module};

/// Returns the arrows between rooms that do not lead to a lower row. A room is a module at the root,
/// with all that is below it; the root itself is `lib`.
pub(crate) fn not_down(rows: &[&[&str]], arrows: &BTreeSet<Arrow>) -> Vec<String> {
    let row = |room: &str| {
        let row = rows.iter().position(|row| row.contains(&room));
        row.unwrap_or_else(|| panic!("{room} has no row"))
    };
    let up = |(from, to): &&Arrow| {
        let (from, to) = (room(from), room(to));
        from != to && row(from) >= row(to)
    };
    arrows.iter().filter(up).map(shown).collect()
}

/// Returns the arrows on a circle of siblings, where whatever is below a module counts as the
/// module. A module and those below it may use one another.
pub(crate) fn circular(arrows: &BTreeSet<Arrow>) -> Vec<String> {
    let mut left: BTreeSet<Arrow> = arrows.iter().filter_map(between_siblings).collect();
    let mut before = usize::MAX;
    // Takes away what begins or ends every way, until only circles are left and ways from one to
    // another.
    while left.len() < before {
        before = left.len();
        let (users, used): (BTreeSet<_>, BTreeSet<_>) = left.iter().cloned().unzip();
        left.retain(|(from, to)| used.contains(from) && users.contains(to));
    }
    let is_left = |arrow: &&Arrow| between_siblings(arrow).is_some_and(|a| left.contains(&a));
    arrows.iter().filter(is_left).map(shown).collect()
}

pub(crate) fn room(module: &Module) -> &str {
    module.first().map_or("lib", String::as_str)
}

/// Returns the siblings that two modules are or are below of, unless one is below the other.
fn between_siblings((from, to): &Arrow) -> Option<Arrow> {
    let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    let sibling = |module: &Module| module.get(..=common).map(<[_]>::to_vec);
    sibling(from).zip(sibling(to))
}

fn shown((from, to): &Arrow) -> String {
    format!("{} uses {}", from.join("::"), to.join("::"))
}

/// What is written as `from uses to`.
fn made_up(arrows: &[&str]) -> BTreeSet<Arrow> {
    let module = |path: &str| path.split("::").map(str::to_owned).collect();
    let arrow = |text: &str| text.split_once(" uses ").map(|(a, b)| (module(a), module(b)));
    arrows.iter().filter_map(|text| arrow(text)).collect()
}

#[test]
fn an_arrow_up_or_to_the_same_row_is_found() {
    let rows: [&[&str]; 3] = [&["a"], &["b", "c"], &["d"]];
    let down = made_up(&["a uses d", "a::x uses b::y::z", "b uses b::y", "b::y uses b::x"]);
    assert_eq!(not_down(&rows, &down), [""; 0]);
    for wrong in ["d uses a::x", "b::x uses c", "c uses a"] {
        assert_eq!(not_down(&rows, &made_up(&["a uses b", wrong])), [wrong]);
    }
}

#[test]
fn a_circle_is_found_however_deep_its_ends_are_and_what_leads_to_it_is_not_part_of_it() {
    let circle = ["a::x uses b::y::z", "b uses c", "c uses a"];
    let ways = ["c uses d", "e uses a::x", "a uses a::x"];
    assert_eq!(circular(&made_up(&[circle, ways].concat())), circle);
    assert_eq!(circular(&made_up(&["a::x::i uses a::y", "a::y::j uses a::x"])).len(), 2);
}

#[test]
fn a_module_and_those_below_it_are_no_circle() {
    let arrows = ["a uses a::x", "a::x uses a", "a::x uses a::y", "a::y::z uses a"];
    assert_eq!(circular(&made_up(&arrows)), [""; 0]);
}
