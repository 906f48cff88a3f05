//! An HTTP client for the AWS SDK for Rust that spreads DynamoDB requests over every node of a ScyllaDB Alternator cluster.
