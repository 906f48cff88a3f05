//! Private parts as plain functions, for benchmarks and fuzz targets. Not part of the API: it may
//! change or go in any release.

pub mod bookkeeping;
pub mod keys;
pub mod parsers;
pub mod replica_map;
