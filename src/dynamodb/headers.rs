//! Names of the headers in which the SDK describes an attempt.

use http::HeaderName;

/// The same in all attempts of one call of the SDK.
pub(crate) const INVOCATION_ID: HeaderName = HeaderName::from_static("amz-sdk-invocation-id");

/// The number of the attempt, and how many there may be.
pub(crate) const REQUEST: HeaderName = HeaderName::from_static("amz-sdk-request");
