//! The position at which a page of a scan starts.

use aws_sdk_dynamodb::operation::scan::ScanInput;

use super::reader::{Position, key_of_item};
use crate::keys::key::Token;
use crate::keys::partition_key::PartitionKey;

/// Returns the position at which the page starts. One that starts with the table can go to any
/// node: if all such requests had one position, they would share its replicas.
pub(super) fn start_position<'a>(scan: &'a ScanInput, key: &PartitionKey) -> Position<'a> {
    let start = scan.exclusive_start_key.as_ref();
    if let Some(key) = start.and_then(|start| key_of_item(start, key)) {
        return Position::Key(key);
    }
    let segment = scan.segment.zip(scan.total_segments);
    match segment.and_then(|(segment, total)| start_of(segment, total)) {
        Some(token) => Position::Token(token),
        None => Position::Anywhere,
    }
}

/// Returns a token near the start of a segment; `None` if the segment is the whole table, or
/// invalid.
///
/// The server makes segments of `floor((2^64 - 1) / total)` tokens, so each starts up to
/// `total` tokens before the boundary that is meant, and so at the end of another tablet than the
/// one that most of it is read from. The token is therefore `total` after the start.
pub(super) fn start_of(segment: i32, total: i32) -> Option<Token> {
    if total < 2 || !(0..total).contains(&segment) {
        return None;
    }
    let (segment, total) = (u64::try_from(segment).ok()?, u64::try_from(total).ok()?);
    let start = u64::MAX / total * segment;
    Some(Token(i64::MIN.wrapping_add_unsigned(start + total)))
}
