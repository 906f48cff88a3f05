//! What the client sees, as an interceptor of the SDK: how long each operation and each attempt
//! took, and which node served it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use alternator_connector::Error;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

/// One call of the connector.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// Where it went, unless no node could be reached.
    pub(crate) node: Option<SocketAddr>,
    pub(crate) took: Duration,
    /// Whether there was an answer other than a server's failure.
    pub(crate) ok: bool,
}

/// What was seen in one phase.
#[derive(Debug, Default)]
pub(crate) struct Phase {
    pub(crate) name: &'static str,
    pub(crate) attempts: Vec<Attempt>,
    /// How long each operation took from the application's point of view, retries included.
    pub(crate) operations: Vec<Duration>,
    /// Operations that failed, all retries included.
    pub(crate) failed: u64,
}

/// The phases so far. Nothing is recorded before the first begins and after the last has ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    phases: Vec<Phase>,
    running: bool,
}

impl State {
    fn current(&mut self) -> Option<&mut Phase> {
        self.phases.last_mut().filter(|_| self.running)
    }
}

impl Record {
    pub(crate) fn begin(&self, name: &'static str) {
        let mut state = self.lock();
        state.running = true;
        state.phases.push(Phase { name, ..Phase::default() });
    }

    pub(crate) fn end(&self) -> Vec<Phase> {
        let mut state = self.lock();
        state.running = false;
        std::mem::take(&mut state.phases)
    }

    pub(crate) fn note_failure(&self) {
        if let Some(phase) = self.lock().current() {
            phase.failed += 1;
        }
    }

    /// The current phase, and how many operations were done and failed in all of them.
    pub(crate) fn so_far(&self) -> (&'static str, usize, u64) {
        let state = self.lock();
        (
            state.phases.last().map_or("", |phase| phase.name),
            state.phases.iter().map(|p| p.operations.len()).sum(),
            state.phases.iter().map(|p| p.failed).sum(),
        )
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct OperationBegan(Instant);

#[derive(Debug)]
struct AttemptBegan(Instant);

impl Storable for OperationBegan {
    type Storer = StoreReplace<Self>;
}

impl Storable for AttemptBegan {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Record {
    fn name(&self) -> &'static str {
        "Record"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        bag.interceptor_state().store_put(OperationBegan(Instant::now()));
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        bag.interceptor_state().store_put(AttemptBegan(Instant::now()));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(AttemptBegan(began)) = bag.load::<AttemptBegan>() else {
            return Ok(());
        };
        let attempt = Attempt {
            node: served_by(bag).or_else(|| failed_on(context)),
            took: began.elapsed(),
            ok: context.response().is_some_and(|response| !response.status().is_server_error()),
        };
        if let Some(phase) = self.lock().current() {
            phase.attempts.push(attempt);
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(OperationBegan(began)) = bag.load::<OperationBegan>()
            && let Some(phase) = self.lock().current()
        {
            phase.operations.push(began.elapsed());
        }
        Ok(())
    }
}

/// The node at the other end of the connection that the answer came on.
fn served_by(bag: &ConfigBag) -> Option<SocketAddr> {
    bag.load::<CaptureSmithyConnection>()?.get()?.remote_addr()
}

/// The node that had the request and did not answer it, which the connector's error names.
fn failed_on(context: &FinalizerInterceptorContextRef<'_>) -> Option<SocketAddr> {
    match Error::find(context.output_or_error()?.err()?.as_connector_error()?)? {
        Error::Unanswered { node, .. } | Error::ReadTimeout { node, .. } => Some(*node),
        _ => None,
    }
}
