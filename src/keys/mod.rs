//! Where a key lives: its token, its replicas, and the orders in which coordinators are chosen.
//! Pure functions over plain data.

pub(crate) mod key;
pub(crate) mod order;
pub(crate) mod partition_key;
pub(crate) mod replicas;
