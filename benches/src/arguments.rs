//! The arguments of a benchmark, and of the further processes that it starts of itself.

use clap::{Parser, ValueEnum};

/// Parses the arguments of this program.
pub fn parse<A: Parser>() -> A {
    // Cargo gives this to every benchmark.
    A::parse_from(std::env::args().filter(|argument| argument != "--bench"))
}

/// Returns the argument that stands for a value.
pub fn name(value: impl ValueEnum) -> String {
    value.to_possible_value().expect("no value is hidden").get_name().to_owned()
}
