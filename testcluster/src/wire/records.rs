//! Records of the bytes that clients sent, kept only where the cluster records.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use crate::sync::lock;

/// The most that one node keeps; what comes later is counted only.
const KEPT: usize = 64 << 20;

/// The bytes that clients sent, after TLS: the stream of every connection, and every head by
/// itself.
#[derive(Debug, Default)]
pub(crate) struct Records {
    heads: Mutex<Vec<Vec<u8>>>,
    streams: Mutex<Vec<Stream>>,
    kept: AtomicU64,
}

/// What one connection sent.
type Stream = Arc<Mutex<Vec<u8>>>;

/// Records one connection.
pub(crate) struct Tape {
    records: Arc<Records>,
    stream: Stream,
}

impl Tape {
    pub(crate) fn keep(&self, bytes: &[u8]) {
        if self.records.has_room_for(bytes.len()) {
            lock(&self.stream).extend_from_slice(bytes);
        }
    }

    pub(crate) fn keep_head(&self, head: &[u8]) {
        if self.records.has_room_for(head.len()) {
            lock(&self.records.heads).push(head.to_vec());
        }
    }
}

impl Records {
    pub(crate) fn new_stream(self: &Arc<Self>) -> Tape {
        let stream = Stream::default();
        lock(&self.streams).push(Arc::clone(&stream));
        Tape { records: Arc::clone(self), stream }
    }

    fn has_room_for(&self, bytes: usize) -> bool {
        self.kept.fetch_add(bytes as u64, Relaxed) as usize + bytes <= KEPT
    }

    pub(crate) fn heads(&self) -> Vec<Vec<u8>> {
        lock(&self.heads).clone()
    }

    pub(crate) fn contain(&self, bytes: &[u8]) -> bool {
        let found = |stream: &Stream| {
            bytes.is_empty() || lock(stream).windows(bytes.len()).any(|window| window == bytes)
        };
        lock(&self.streams).iter().any(found)
    }
}
