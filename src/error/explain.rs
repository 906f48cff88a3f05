//! Errors in one line.

use std::fmt;

/// An error and its sources, the outermost first.
pub(crate) fn chain<'e>(
    error: &'e (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

/// Returns an error with its causes, which is where HTTP and TLS libraries say what has really
/// happened.
pub(crate) fn explain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    for cause in chain(error).skip(1) {
        let cause = cause.to_string();
        // Errors of other libraries may repeat their cause.
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Separates what failed by commas.
pub(super) fn listed<T: fmt::Display>(failed: &[T]) -> impl fmt::Display {
    let texts: Vec<_> = failed.iter().map(ToString::to_string).collect();
    texts.join(", ")
}
