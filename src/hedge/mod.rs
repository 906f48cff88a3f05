//! When a read that waits for its answer is sent to a second node as well.

mod hedging;

pub use hedging::Hedging;
pub(crate) use hedging::When;
