//! Every request is executed exactly once if it succeeded and at most once if it failed, whatever
//! goes wrong with a node and whenever.

mod closing;
mod retries;
mod sent;
mod told;
mod trial;
mod under_way;
mod unsent;
