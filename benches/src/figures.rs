//! What many measurements of the same thing come to.

/// Returns the smallest of the values that is at least as large as a `share` of them.
pub fn percentile<T: PartialOrd>(share: f64, values: impl IntoIterator<Item = T>) -> Option<T> {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_unstable_by(|a, b| a.partial_cmp(b).expect("measurements are numbers"));
    let rank = (values.len() as f64 * share).ceil() as usize;
    values.into_iter().nth(rank.saturating_sub(1))
}

/// Returns the value in the middle.
pub fn median<T: PartialOrd>(values: impl IntoIterator<Item = T>) -> T {
    percentile(0.5, values).expect("something was measured")
}
