//! The modules of a crate and what each uses, read from the files.
//!
//! A search for `crate::` misses `super::`, paths that begin with an imported name, and re-exports.
//! Tests do not count: they may use whatever they test with.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

mod scan;
mod tests;

use scan::{Scan, Written};

/// The path of a module that has a file of its own, from the root of the crate, which is empty.
pub(crate) type Module = Vec<String>;

/// The first uses the second.
pub(crate) type Arrow = (Module, Module);

/// A crate without its tests.
pub(crate) struct Tree {
    files: BTreeMap<Module, Scan>,
}

impl Tree {
    /// Reads the crate with this file as its root.
    pub(crate) fn read(root: &Path) -> Self {
        Self::of(|module| {
            let place = root.parent().unwrap().join(module.join("/"));
            let mut files = match module {
                [] => vec![root.to_owned()],
                _ => vec![place.with_extension("rs"), place.join("mod.rs")],
            };
            files.retain(|file| file.exists());
            fs::read_to_string(files.first()?).ok()
        })
    }

    /// Reads the crate whose modules have the texts that `text` returns.
    fn of(text: impl Fn(&[String]) -> Option<String>) -> Self {
        let mut files = BTreeMap::new();
        let mut left = vec![Module::new()];
        while let Some(module) = left.pop() {
            let text = text(&module).unwrap_or_else(|| panic!("{module:?} has no file"));
            let scan = Scan::of(text.parse().unwrap_or_else(|e| panic!("{module:?}: {e}")));
            left.extend(scan.children.iter().map(|name| child(&module, name)));
            files.insert(module, scan);
        }
        Self { files }
    }

    pub(crate) fn modules(&self) -> impl Iterator<Item = &Module> {
        self.files.keys()
    }

    /// Returns which files use which others.
    pub(crate) fn arrows(&self) -> BTreeSet<Arrow> {
        let mut arrows = BTreeSet::new();
        for (from, scan) in &self.files {
            let used = scan.paths.iter().filter_map(|path| self.file_of(from, path));
            arrows.extend(used.filter(|to| to != from).map(|to| (from.clone(), to)));
        }
        arrows
    }

    /// Returns the file that defines what a path in the file `from` names, or else the last module
    /// of the path that is known to name it. Another crate has none.
    fn file_of(&self, from: &Module, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.descend(Module::new(), rest),
            "self" => self.descend(from.clone(), rest),
            "super" => self.descend(from.clone(), path),
            name if self.files.contains_key(&child(from, name)) => self.descend(from.clone(), path),
            name => {
                let import = self.files[from].imports.get(name)?;
                // An import of another crate's item by a name like the crate's.
                let own = import.first() != Some(first);
                own.then(|| self.file_of(from, &joined(import, rest))).flatten()
            }
        }
    }

    fn descend(&self, mut module: Module, mut path: &[String]) -> Option<Module> {
        while let [name, rest @ ..] = path {
            let below = child(&module, name);
            if name == "super" {
                module.pop();
            } else if self.files.contains_key(&below) {
                module = below;
            } else {
                let import = self.files[&module].imports.get(name);
                let behind = import.and_then(|import| self.file_of(&module, &joined(import, rest)));
                return behind.or(Some(module));
            }
            path = rest;
        }
        Some(module)
    }
}

fn child(module: &[String], name: &str) -> Module {
    let mut path = module.to_owned();
    path.push(name.to_owned());
    path
}

fn joined(import: &[String], rest: &[String]) -> Written {
    [import, rest].concat()
}
