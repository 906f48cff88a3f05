//! What is known of the tables that requests are about.

mod info;
pub(crate) mod lookup;
mod pace;
mod refusals;
mod registry;
pub(crate) mod routing;
mod table;
mod warnings;

pub(crate) use info::TableInfo;
pub(crate) use pace::{Freshness, Timing};
pub(crate) use refusals::Role;
pub(crate) use registry::{Tables, Turn};
pub(crate) use table::{Claim, LOOKUP, Table};
pub(crate) use warnings::WarnOnce;
