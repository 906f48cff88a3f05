//! What a node does with the bytes of HTTP, as Seastar does it.

mod compression;
mod connections;
mod framing;
mod limits;
mod localnodes;
mod requests;
mod shutdown;
mod signatures;
