//! MurmurHash3 x64_128 with seed 0, of which only the first half is used, by ScyllaDB's tokens and
//! by the clients' affinity.

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;
const BLOCK: usize = 16;

/// What the bytes after the last whole block are taken for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tail {
    /// Signed numbers, as Cassandra's partitioner has it.
    Signed,
    /// Unsigned numbers, as in the algorithm as published.
    Unsigned,
}

/// The first half of the hash of `prefix` and `bytes`, one after the other.
pub(super) fn first_half(tail: Tail, prefix: Option<u8>, bytes: &[u8]) -> i64 {
    let mut state = State::default();
    let Some(prefix) = prefix else {
        return state.finish(tail, bytes, bytes.len());
    };
    let len = 1 + bytes.len();
    let mut first = [0; BLOCK];
    first[0] = prefix;
    match bytes.split_first_chunk::<{ BLOCK - 1 }>() {
        Some((head, rest)) => {
            first[1..].copy_from_slice(head);
            state.mix(&first);
            state.finish(tail, rest, len)
        }
        None => {
            first[1..len].copy_from_slice(bytes);
            state.finish(tail, &first[..len], len)
        }
    }
}

#[derive(Default)]
struct State {
    h1: u64,
    h2: u64,
}

impl State {
    fn mix(&mut self, block: &[u8; BLOCK]) {
        let [k1, k2] = halves(block);
        self.h1 = (self.h1 ^ scrambled_1(k1))
            .rotate_left(27)
            .wrapping_add(self.h2)
            .wrapping_mul(5)
            .wrapping_add(0x52dc_e729);
        self.h2 = (self.h2 ^ scrambled_2(k2))
            .rotate_left(31)
            .wrapping_add(self.h1)
            .wrapping_mul(5)
            .wrapping_add(0x3849_5ab5);
    }

    /// Mixes in the rest of an input that is `len` bytes in all.
    fn finish(mut self, tail: Tail, rest: &[u8], len: usize) -> i64 {
        let (blocks, last) = rest.as_chunks();
        for block in blocks {
            self.mix(block);
        }
        let mut k = [0; 2];
        for (i, byte) in last.iter().enumerate() {
            let byte = match tail {
                Tail::Signed => i64::from(byte.cast_signed()).cast_unsigned(),
                Tail::Unsigned => u64::from(*byte),
            };
            k[i / 8] ^= byte << (i % 8 * 8);
        }
        let h1 = self.h1 ^ scrambled_1(k[0]) ^ len as u64;
        let h2 = self.h2 ^ scrambled_2(k[1]) ^ len as u64;
        let h1 = h1.wrapping_add(h2);
        let h2 = h2.wrapping_add(h1);
        avalanche(h1).wrapping_add(avalanche(h2)).cast_signed()
    }
}

fn halves(block: &[u8; BLOCK]) -> [u64; 2] {
    let both = u128::from_le_bytes(*block);
    [both as u64, (both >> 64) as u64]
}

fn scrambled_1(k: u64) -> u64 {
    k.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

fn scrambled_2(k: u64) -> u64 {
    k.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

fn avalanche(h: u64) -> u64 {
    let h = (h ^ h >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let h = (h ^ h >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ h >> 33
}
