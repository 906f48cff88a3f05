//! The numbers of Go's `math/rand`, which Alternator's Go client draws its order from. No library
//! has them; here any number is computed without the 607 words of state that the generator begins
//! with.
//!
//! Go fills these words from the seed by 1,841 steps of a multiplicative generator, and then makes
//! each number as the sum of the one 273 before it and the one 607 before it; what is before the
//! first number are the words. So the first 273 numbers need two words each, and a word is reached
//! in one step by a power of the multiplier.

use super::cooked::COOKED;

const WORDS: usize = COOKED.len();
const TAP: usize = 273;
/// The multiplicative generator, which has no zero.
const MODULUS: u64 = (1 << 31) - 1;
const MULTIPLIER: u64 = 48_271;
const INSTEAD_OF_ZERO: u64 = 89_482_311;
/// How often the seed is multiplied before the first word begins, which takes three of the
/// products.
const WARM_UP: u32 = 20;

/// What the seed is multiplied by for the first of the three products of each word.
static POWERS: [u64; WORDS] = powers();

const fn powers() -> [u64; WORDS] {
    let mut powers = [0; WORDS];
    let mut power = 1;
    let mut step = 0;
    while step < WARM_UP {
        power = product(power, MULTIPLIER);
        step += 1;
    }
    let mut i = 0;
    while i < WORDS {
        power = product(power, MULTIPLIER);
        powers[i] = power;
        power = product(product(power, MULTIPLIER), MULTIPLIER);
        i += 1;
    }
    powers
}

const fn product(a: u64, b: u64) -> u64 {
    a * b % MODULUS
}

#[derive(Clone, Debug)]
pub(super) struct Source {
    seed: u64,
    drawn: usize,
}

impl Source {
    pub(super) fn new(seed: i64) -> Self {
        let seed = match seed.rem_euclid(MODULUS.cast_signed()) {
            0 => INSTEAD_OF_ZERO,
            seed => seed.cast_unsigned(),
        };
        Self { seed, drawn: 0 }
    }

    /// A number below `len`, which is at least 1 and fits in 31 bits.
    pub(super) fn below(&mut self, len: usize) -> usize {
        const NUMBERS: usize = 1 << 31;
        if len.is_power_of_two() {
            return self.int31() & (len - 1);
        }
        let fair = NUMBERS - NUMBERS % len;
        loop {
            let number = self.int31();
            if number < fair {
                return number % len;
            }
        }
    }

    fn int31(&mut self) -> usize {
        (self.int63() >> 32) as usize
    }

    pub(super) fn int63(&mut self) -> i64 {
        let number = self.number(self.drawn);
        self.drawn += 1;
        (number << 1 >> 1).cast_signed()
    }

    /// The effort doubles with every 420 numbers or so, while the nodes of a cluster that are tried
    /// are a few.
    fn number(&self, index: usize) -> u64 {
        let before = |distance| match index.checked_sub(distance) {
            Some(earlier) => self.number(earlier),
            None => self.word((WORDS - TAP - 1 + distance - index) % WORDS),
        };
        before(TAP).wrapping_add(before(WORDS))
    }

    fn word(&self, i: usize) -> u64 {
        let first = product(self.seed, POWERS[i]);
        let second = product(first, MULTIPLIER);
        let third = product(second, MULTIPLIER);
        first << 40 ^ second << 20 ^ third ^ COOKED[i].cast_unsigned()
    }
}
