//! What it costs to tell from a key where it belongs, without finding the nodes that are there.

use std::hint::black_box;
use std::time::Instant;

use alternator_benches::figures::median;
use alternator_connector::internals::keys;

const ROUNDS: usize = 21;
const CALLS: u32 = 100_000;
const NODES: usize = 9;
const SEED: i64 = 42;

/// Whether nothing allocated.
pub(crate) fn print() -> bool {
    let text = "k".repeat(100);
    let bytes = text.as_bytes();
    // As long as DynamoDB's numbers may be.
    let number = "-1.2345678901234567890123456789012345678e-100";
    let free = [
        measured("token_string_100", || keys::token_of_string(black_box(&text))),
        measured("token_binary_100", || keys::token_of_binary(black_box(bytes))),
        measured("token_number_38", || keys::token_of_number(black_box(number))),
        measured("hash_string_100", || keys::hash_of_string(black_box(&text))),
        measured("first_draw_go", || keys::first_of_go(black_box(SEED), black_box(NODES))),
        measured("first_draw_xorshift", || keys::first_of_rust(black_box(SEED), black_box(NODES))),
    ];
    !free.contains(&false)
}

/// Prints the median over the rounds, and is true where no call allocated.
fn measured<T>(what: &str, call: impl Fn() -> T) -> bool {
    let nanoseconds = [(); ROUNDS].map(|()| {
        let begun = Instant::now();
        for _ in 0..CALLS {
            black_box(call());
        }
        begun.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
    });
    let allocations = allocation_counter::measure(|| drop(black_box(call()))).count_total;
    let ns = median(nanoseconds);
    println!("summary key_cost of={what} ns={ns:.1} allocations={allocations}");
    allocations == 0
}
