//! Who is in the cluster: asked of its nodes, again and again.

mod ask;
mod contacts;
mod localnodes;
mod names;
mod refresh;
mod refresher;
mod survey;

pub(crate) use ask::ask;
pub(crate) use contacts::Contacts;
pub(crate) use refresh::seed_nodes;
pub(crate) use refresher::Refresher;
