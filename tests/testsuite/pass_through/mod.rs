//! What is not DynamoDB's goes untouched to where it was addressed, and nothing of it reaches a
//! node; what is DynamoDB's never goes anywhere else.

mod addressed;
mod credentials;
mod dynamodb;
mod program;
