//! The rules by which a node is chosen and taken out, without I/O: time and randomness are
//! arguments.

pub(crate) mod head_start;
pub(crate) mod health;
pub(crate) mod hedge;
pub(crate) mod load;
pub(crate) mod moment;
pub(crate) mod policy;
pub(crate) mod sync;
