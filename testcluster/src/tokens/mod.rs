//! The owners of every table's tokens: how they change when tables are created, nodes come and go,
//! and tests move tablets, and which keys a request touches.

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
