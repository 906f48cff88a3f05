//! The numbers of `alternator-client` 1.0.1: those of the generator xorshift64*.

/// In place of zero, which the generator never leaves.
const INSTEAD_OF_ZERO: u64 = 0x9e37_79b9_7f4a_7c15;

#[derive(Clone, Debug)]
pub(super) struct Source(u64);

impl Source {
    pub(super) fn new(seed: i64) -> Self {
        Self(match seed.cast_unsigned() {
            0 => INSTEAD_OF_ZERO,
            seed => seed,
        })
    }

    pub(super) fn below(&mut self, len: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d);
        ((u128::from(number) * len as u128) >> 64) as usize
    }
}
