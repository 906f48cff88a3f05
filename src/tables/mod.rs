//! What is known of the tables that requests are about, and how it is looked up.

mod denials;
mod info;
pub(crate) mod lookup;
mod pace;
mod registry;
pub(crate) mod routing;
mod table;
mod warnings;

pub(crate) use denials::Role;
pub(crate) use info::TableInfo;
pub(crate) use pace::{Freshness, Timing};
pub(crate) use registry::{LookupPermit, Tables};
pub(crate) use table::{Claim, LOOKUP_TIMEOUT, Table};
pub(crate) use warnings::WarnOnce;
