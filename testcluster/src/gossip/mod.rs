//! The members of the cluster in gossip, and what `/localnodes` lists accordingly.

pub(crate) mod localnodes;
pub(crate) mod members;
