//! Requests as the SDK made them.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

/// The header lines of the latest request that the SDK handed to its HTTP client. Clones share
/// them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made(Arc<Mutex<Vec<String>>>);

impl Intercept for Made {
    fn name(&self) -> &'static str {
        "Made"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request().headers().iter();
        *self.0.lock().unwrap() = headers.map(|(name, value)| format!("{name}: {value}")).collect();
        Ok(())
    }
}

impl Made {
    /// In alphabetical order, but for the headers of these names.
    pub(crate) fn without(&self, names: &[&str]) -> Vec<String> {
        let mut lines = self.0.lock().unwrap().clone();
        lines.retain(|line| !names.contains(&line.split(": ").next().unwrap()));
        lines.sort();
        lines
    }
}

/// The header lines of a head in alphabetical order, but for the host, which the SDK leaves to its
/// HTTP client.
pub(crate) fn lines(head: &str) -> Vec<String> {
    let mut lines: Vec<_> = head.trim_end().split("\r\n").skip(1).map(str::to_owned).collect();
    lines.retain(|line| !line.starts_with("host: "));
    lines.sort();
    lines
}
