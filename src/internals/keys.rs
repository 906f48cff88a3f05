//! The numbers made of a key, and the first node drawn by such a number.

use crate::keys::key::{Key, Token};
use crate::keys::order::{Draw, Generator};

/// Returns the token of a key of type `S`.
pub fn token_of_string(text: &str) -> Option<i64> {
    token(Key::String(text))
}

/// Returns the token of a key of type `N`.
pub fn token_of_number(text: &str) -> Option<i64> {
    token(Key::Number(text))
}

/// Returns the token of a key of type `B`.
pub fn token_of_binary(bytes: &[u8]) -> Option<i64> {
    token(Key::Binary(bytes))
}

fn token(key: Key<'_>) -> Option<i64> {
    key.token().map(|Token(token)| token)
}

/// Returns the hash of a key of type `S`, by which other clients choose a node.
pub fn hash_of_string(text: &str) -> i64 {
    Key::String(text).hash()
}

/// Returns the hash of a key of type `N`.
pub fn hash_of_number(text: &str) -> i64 {
    Key::Number(text).hash()
}

/// Returns the hash of a key of type `B`.
pub fn hash_of_binary(bytes: &[u8]) -> i64 {
    Key::Binary(bytes).hash()
}

/// Returns the first of `nodes` that the Go client tries.
pub fn first_of_go(hash: i64, nodes: usize) -> Option<usize> {
    Draw::new(Generator::Go, hash, nodes).next()
}

/// Returns the first of `nodes` that the Rust client tries.
pub fn first_of_rust(hash: i64, nodes: usize) -> Option<usize> {
    Draw::new(Generator::XorShift, hash, nodes).next()
}
