//! `docs/design.md` shows the rooms as they are: the picture of their order, and the modules of each
//! in the table. Both are made here; only the words of the table are written by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::{env, fs};

use super::modules::{Module, Tree};
use super::{LIBRARY, library, order, root};

const COMMAND: &str = "DRAW=1 cargo test --test structure page";
const TABLE: &str = "| room | what it is | modules |\n| --- | --- | --- |\n";

/// What each room uses.
struct Uses(BTreeMap<String, BTreeSet<String>>);

impl Uses {
    fn of(tree: &Tree) -> Self {
        let mut uses = BTreeMap::<_, BTreeSet<_>>::new();
        // The root names all rooms, as it declares them.
        let root = tree.modules().map(|module| (Module::new(), module.clone()));
        for (from, to) in tree.arrows().into_iter().chain(root) {
            uses.entry(order::room(&from).to_owned())
                .or_default()
                .insert(order::room(&to).to_owned());
        }
        Self(uses)
    }

    fn by(&self, room: &str) -> impl Iterator<Item = &str> {
        self.0.get(room).into_iter().flatten().map(String::as_str).filter(move |used| *used != room)
    }

    fn reaches(&self, from: &str, to: &str) -> bool {
        self.by(from).any(|next| next == to || self.reaches(next, to))
    }

    /// Returns the rooms that `room` uses, without those that one of these uses.
    fn next(&self, room: &str) -> Vec<&str> {
        let behind = |used: &&str| self.by(room).any(|other| self.reaches(other, used));
        self.by(room).filter(|used| !behind(used)).collect()
    }
}

/// Returns a line for each room, with a gap between rows.
fn picture(rows: &[&[&str]], uses: &Uses) -> String {
    let line = |room: &&str| match uses.next(room).join(", ") {
        next if next.is_empty() => format!("{room}\n"),
        next => format!("{room:<16} → {next}\n"),
    };
    let rows: Vec<String> = rows.iter().map(|row| row.iter().map(line).collect()).collect();
    rows.join("\n")
}

/// Returns the modules below `module`, with those below each of them in brackets.
fn below(tree: &Tree, module: &Module) -> String {
    let children =
        tree.modules().filter(|m| m.split_last().is_some_and(|(_, above)| above == module));
    let named: Vec<_> = children
        .map(|child| match (child.last().unwrap(), below(tree, child)) {
            (name, further) if further.is_empty() => format!("`{name}`"),
            (name, further) => format!("`{name}` ({further})"),
        })
        .collect();
    named.join(", ")
}

/// Returns the page with its picture and its table as they should be.
fn drawn(page: &str) -> String {
    let tree = library();
    let rooms: BTreeSet<_> = tree.modules().map(order::room).collect();
    assert_eq!(rooms, LIBRARY.iter().copied().flatten().copied().collect(), "rooms in the order");
    assert_eq!(order::not_down(&LIBRARY, &tree.arrows()), [""; 0]);

    let (begin, end) = (format!("<!-- made by `{COMMAND}` -->\n"), "<!-- end -->\n");
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, rest) = rest.split_once(end).unwrap();
    let (between, rest) = rest.split_once(TABLE).unwrap();
    let (rows, after) = rest.split_once("\n\n").unwrap();

    let written: BTreeMap<_, _> = rows.lines().filter_map(|row| row.split_once(" | ")).collect();
    let row = |room: &&str| {
        let name = format!("| `{room}`");
        let words = written.get(&*name).and_then(|row| row.split(" | ").next()).unwrap_or("?");
        let modules = below(&tree, &vec![(*room).to_owned()]);
        format!("{name} | {words} | {modules} |\n")
    };
    let table: String = LIBRARY.iter().copied().flatten().map(row).collect();
    let picture = picture(&LIBRARY, &Uses::of(&tree));
    format!("{before}{begin}```text\n{picture}```\n{end}{between}{TABLE}{table}\n{after}")
}

#[test]
fn the_page_of_the_design_shows_the_rooms_as_they_are() {
    let file = root().join("docs/design.md");
    let page = fs::read_to_string(&file).unwrap();
    let drawn = drawn(&page);
    if env::var_os("DRAW").is_some() {
        return fs::write(file, drawn).unwrap();
    }
    assert!(page == drawn, "not up to date: {COMMAND}");
    assert!(!page.contains(" | ? | "), "a room without a word about it");
}

#[test]
fn the_picture_leaves_out_what_follows_from_the_rest() {
    let uses = |room: &str, used: &[&str]| {
        (room.to_owned(), used.iter().map(|used| (*used).to_owned()).collect())
    };
    let uses =
        Uses([uses("a", &["b", "c", "d"]), uses("b", &["c", "b"]), uses("c", &["e"])].into());
    let picture = picture(&[&["a"], &["b", "d"], &["c"], &["e"]], &uses);
    let lines = ["a → b, d", "", "b → c", "d", "", "c → e", "", "e"];
    let squeezed = picture.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "));
    assert_eq!(squeezed.collect::<Vec<_>>(), lines);
}
