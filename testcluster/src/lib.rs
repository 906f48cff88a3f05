//! An embedded multi-node ScyllaDB Alternator.
