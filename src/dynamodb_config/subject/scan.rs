//! Where on the ring a page of a scan begins.

use aws_sdk_dynamodb::operation::scan::ScanInput;

use super::reader::{Spot, key_of_item};
use crate::keys::key::Token;
use crate::keys::partition_key::PartitionKey;

/// Where the page begins. One that begins with the table goes anywhere, as do all its like.
pub(super) fn spot<'a>(scan: &'a ScanInput, key: &PartitionKey) -> Spot<'a> {
    let start = scan.exclusive_start_key.as_ref();
    if let Some(key) = start.and_then(|start| key_of_item(start, key)) {
        return Spot::Key(key);
    }
    let segment = scan.segment.zip(scan.total_segments);
    match segment.and_then(|(segment, total)| start_of(segment, total)) {
        Some(token) => Spot::Token(token),
        None => Spot::Anywhere,
    }
}

/// A token by which a segment has begun; `None` where the segment is the whole table, or none that
/// the server takes.
///
/// The server makes segments of `floor((2^64 - 1) / total)` tokens, which puts the start of each up
/// to `total` tokens before the boundary that is meant, and so at the end of another tablet than
/// the one that most of it is read from.
pub(super) fn start_of(segment: i32, total: i32) -> Option<Token> {
    if total < 2 || !(0..total).contains(&segment) {
        return None;
    }
    let (segment, total) = (u64::try_from(segment).ok()?, u64::try_from(total).ok()?);
    let start = u64::MAX / total * segment;
    Some(Token(i64::MIN.wrapping_add_unsigned(start + total)))
}
