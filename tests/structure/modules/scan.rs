//! What one file says of modules: those below it, the names that it imports, the paths that it
//! uses.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A path as it is written, except that `super` in an inline module does not lead out of the file.
pub(super) type Written = Vec<String>;

/// A file without its tests. Inline modules and the bodies of functions count as the file itself.
#[derive(Default)]
pub(super) struct Scan {
    /// The modules below that have a file of their own.
    pub(super) children: Vec<String>,
    /// What the names stand for that `use` brings in.
    pub(super) imports: BTreeMap<String, Written>,
    /// All that `use` and the code name by a path.
    pub(super) paths: Vec<Written>,
}

impl Scan {
    pub(super) fn of(file: TokenStream) -> Self {
        let mut scan = Self::default();
        scan.code(file, 0);
        scan
    }

    /// Scans code that is `depth` inline modules deep.
    fn code(&mut self, code: TokenStream, depth: usize) {
        use TokenTree::{Group, Ident};

        let tokens: Vec<_> = code.into_iter().collect();
        let mut left = &tokens[..];
        while let [first, rest @ ..] = left {
            left = match (first, rest) {
                (hash, [Group(attribute), item @ ..]) if is(hash, '#') && for_tests(attribute) => {
                    after_item(item)
                }
                // Not the `use<'a>` of a return type.
                (Ident(word), [Ident(_), ..]) if word == "use" => {
                    let end = rest.iter().position(|t| is(t, ';')).unwrap_or(rest.len());
                    self.import(Written::new(), &rest[..end], depth);
                    &rest[end..]
                }
                (Ident(word), [Ident(name), end, after @ ..]) if word == "mod" => {
                    match end {
                        Group(inline) => self.code(inline.stream(), depth + 1),
                        _ => self.children.push(name.to_string()),
                    }
                    after
                }
                (Ident(name), _) => {
                    let mut path = vec![name.to_string()];
                    let mut after = rest;
                    while let [one, two, Ident(name), further @ ..] = after
                        && is(one, ':')
                        && is(two, ':')
                    {
                        path.push(name.to_string());
                        after = further;
                    }
                    if path.len() > 1 {
                        self.paths.push(within_file(path, depth));
                    }
                    after
                }
                // What follows a type, or a path of another crate.
                (one, [two, Ident(_), after @ ..]) if is(one, ':') && is(two, ':') => after,
                (Group(group), _) => {
                    self.code(group.stream(), depth);
                    rest
                }
                _ => rest,
            };
        }
    }

    /// Records the branch of a `use` that continues `path`.
    fn import(&mut self, mut path: Written, branch: &[TokenTree], depth: usize) {
        let mut alias = None;
        for (at, token) in branch.iter().enumerate() {
            match token {
                TokenTree::Group(group) => {
                    let branches: Vec<_> = group.stream().into_iter().collect();
                    for branch in branches.split(|t| is(t, ',')).filter(|b| !b.is_empty()) {
                        self.import(path.clone(), branch, depth);
                    }
                    return;
                }
                TokenTree::Ident(word) if word == "as" => {
                    alias = branch.get(at + 1).map(ToString::to_string);
                    break;
                }
                TokenTree::Ident(name) => path.push(name.to_string()),
                star if is(star, '*') => {
                    self.paths.push(within_file(path, depth));
                    return;
                }
                _ => (),
            }
        }
        if path.len() > 1 {
            path.pop_if(|last| last == "self");
        }
        if let Some(name) = alias.or_else(|| path.last().cloned()) {
            let path = within_file(path, depth);
            self.paths.push(path.clone());
            // The names of an inline module are not those of its file.
            if depth == 0 {
                self.imports.insert(name, path);
            }
        }
    }
}

fn is(token: &TokenTree, punct: char) -> bool {
    matches!(token, TokenTree::Punct(p) if p.as_char() == punct)
}

/// Whether an attribute says that its item is compiled for tests only.
fn for_tests(attribute: &Group) -> bool {
    let text: String = attribute.stream().to_string().split_whitespace().collect();
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// Returns what follows an item, which ends with a semicolon or a block.
fn after_item(tokens: &[TokenTree]) -> &[TokenTree] {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        other => is(other, ';'),
    };
    tokens.iter().position(ends).map_or(&[], |end| &tokens[end + 1..])
}

/// Makes a path that is written `depth` inline modules deep one of the file.
fn within_file(mut path: Written, depth: usize) -> Written {
    let up = path.iter().take(depth).take_while(|name| *name == "super").count();
    if up > 0 {
        path.drain(..up);
        if path.first().is_none_or(|name| name != "super") {
            path.insert(0, "self".to_owned());
        }
    }
    path
}
