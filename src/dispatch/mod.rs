//! The way of one DynamoDB request: choosing a node, connecting, sending, recording the result.

pub(crate) mod attempts;
pub(crate) mod balancer;
#[cfg(feature = "dynamodb_config")]
pub(crate) mod choice;
#[cfg(feature = "dynamodb_config")]
pub(crate) mod clients;
#[cfg(feature = "dynamodb_config")]
pub(crate) mod context;
pub(crate) mod hedged;
pub(crate) mod in_flight;
pub(crate) mod plan;
pub(crate) mod race;
pub(crate) mod response;
#[cfg(feature = "dynamodb_config")]
pub(crate) mod route;
