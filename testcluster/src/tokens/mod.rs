//! Which node owns which tokens of which table: what the cluster decides when tables are created
//! and nodes come and go, and what tests ask it and do to it.

mod access;
mod catalog;
mod decimal;
mod host;
mod isolation;
mod key;
mod map;
mod moves;
mod murmur;
mod ring;
mod state;
mod table;
mod tablets;
mod topology;
mod writes;

pub(crate) use access::{Access, concerns};
pub(crate) use catalog::changes;
pub(crate) use host::Host;
pub(crate) use isolation::WriteIsolation;
pub(crate) use key::token;
pub(crate) use map::{Range, Replica};
pub(crate) use moves::Step;
pub(crate) use murmur::token as token_of_bytes;
pub(crate) use state::{Defaults, State, Tokens};
pub(crate) use table::{Spread, Table};
