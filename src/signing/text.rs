//! Text that is put together to be hashed at once, which costs less than hashing it piece by piece.

/// Enough for any request without a session token.
const SHORT: usize = 768;

/// Bytes on the stack while they are few, and on the heap once they are more.
pub(super) struct Text {
    short: [u8; SHORT],
    length: usize,
    long: Vec<u8>,
}

impl Text {
    pub(super) fn new() -> Self {
        Self { short: [0; SHORT], length: 0, long: Vec::new() }
    }

    #[inline]
    pub(super) fn push(&mut self, part: &[u8]) {
        let end = self.length + part.len();
        match self.short.get_mut(self.length..end) {
            Some(room) => room.copy_from_slice(part),
            None => {
                if self.long.is_empty() {
                    self.long.extend_from_slice(&self.short[..self.length]);
                }
                self.long.extend_from_slice(part);
            }
        }
        self.length = end;
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        if self.long.is_empty() { &self.short[..self.length] } else { &self.long }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_parts_however_long_it_is() {
        for length in [0, 1, 10, SHORT - 1, SHORT, SHORT + 1, 5 * SHORT] {
            let whole: Vec<u8> = (0..length).map(|i| i as u8).collect();
            for part in [1, 7, 64, SHORT, 2 * SHORT] {
                let mut text = Text::new();
                whole.chunks(part).for_each(|part| text.push(part));
                text.push(b"");
                assert_eq!(text.as_bytes(), whole, "{length} in parts of {part}");
            }
        }
    }
}
