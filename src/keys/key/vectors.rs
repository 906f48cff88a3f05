//! How the files in `tests/data/vectors` are read.

use super::Key;

/// The rows below the line that names the columns.
pub(crate) fn rows(file: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    file.lines().skip(1).map(|line| line.split('\t').collect())
}

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else {
        panic!("half a byte in {hex}");
    };
    let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.iter().map(|pair| byte(pair)).collect()
}

/// Calls `with` with a key as a file has it: binary values are in hexadecimal digits.
pub(crate) fn with_key<T>(key_type: &str, value: &str, with: impl FnOnce(Key<'_>) -> T) -> T {
    match key_type {
        "S" => with(Key::String(value)),
        "N" => with(Key::Number(value)),
        "B" => with(Key::Binary(&bytes(value))),
        other => panic!("{other} is no type of keys"),
    }
}
