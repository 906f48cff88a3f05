//! Go's generator with all of its state, step by step as Go makes it.

const TABLE: &str = include_str!("../../../../tests/data/vectors/go-rand-seed-table.txt");

pub(super) struct Generator {
    words: Vec<i64>,
    tap: usize,
    feed: usize,
}

impl Generator {
    pub(super) fn new(seed: i64) -> Self {
        let mut x = (seed % i64::from(i32::MAX)) as i32;
        if x < 0 {
            x += i32::MAX;
        }
        if x == 0 {
            x = 89_482_311;
        }
        for _ in 0..20 {
            x = seed_step(x);
        }
        let mut part = |shift: u32| {
            x = seed_step(x);
            i64::from(x) << shift
        };
        let word = |line: &str| part(40) ^ part(20) ^ part(0) ^ line.parse::<i64>().unwrap();
        let words: Vec<i64> = TABLE.lines().map(word).collect();
        assert_eq!(words.len(), 607);
        let (tap, feed) = (0, 607 - 273);
        Self { words, tap, feed }
    }

    pub(super) fn int63(&mut self) -> i64 {
        self.tap = (self.tap + 606) % 607;
        self.feed = (self.feed + 606) % 607;
        let sum = self.words[self.feed].wrapping_add(self.words[self.tap]);
        self.words[self.feed] = sum;
        sum & i64::MAX
    }

    /// For bounds of up to 31 bits.
    pub(super) fn intn(&mut self, n: i64) -> i64 {
        if n & (n - 1) == 0 {
            return (self.int63() >> 32) & (n - 1);
        }
        let max = i64::from(i32::MAX) - (1 << 31) % n;
        let mut v = self.int63() >> 32;
        while v > max {
            v = self.int63() >> 32;
        }
        v % n
    }
}

/// By Schrage's method, which stays within 32 bits.
fn seed_step(x: i32) -> i32 {
    let (high, low) = (x / 44_488, x % 44_488);
    let x = 48_271 * low - 3_399 * high;
    if x < 0 { x + i32::MAX } else { x }
}
