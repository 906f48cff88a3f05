//! The way of one DynamoDB request: choosing a node, connecting, sending, recording the result.

pub(crate) mod attempts;
pub(crate) mod balancer;
pub(crate) mod choice;
pub(crate) mod clients;
pub(crate) mod context;
pub(crate) mod hedged;
pub(crate) mod in_flight;
pub(crate) mod plan;
pub(crate) mod race;
pub(crate) mod response;
pub(crate) mod route;
