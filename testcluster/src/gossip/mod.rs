//! What the nodes believe of one another, and what `/localnodes` lists accordingly.

pub(crate) mod localnodes;
pub(crate) mod members;
