//! What the clients made with `dynamodb_config` share.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::config::clients::ClientOptions;
use crate::tables::Tables;

#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) tables: Arc<Tables>,
    /// Lookups and probes, which end with the connector.
    tasks: Mutex<JoinSet<()>>,
}

impl Clients {
    pub(crate) fn new(options: &ClientOptions) -> Self {
        Self { tables: Arc::new(Tables::new(&options.tables)), tasks: Mutex::default() }
    }

    /// Runs the task in the background.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Ok(runtime) = Handle::try_current() {
            let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            while tasks.try_join_next().is_some() {}
            tasks.spawn_on(task, &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::task::yield_now;

    use super::*;
    use crate::connector::AlternatorConnector;

    #[tokio::test]
    async fn what_is_asked_in_the_background_is_let_go_when_done_and_ends_with_the_connector() {
        let connector = AlternatorConnector::new(["http://127.0.0.1:1"]);
        let inner = Arc::clone(connector.inner().unwrap());
        for _ in 0..100 {
            inner.clients.spawn(ready(()));
            yield_now().await;
        }
        assert_eq!(inner.clients.tasks.lock().unwrap().len(), 1);
        let token = Arc::new(());
        let held = Arc::clone(&token);
        inner.clients.spawn(async move {
            pending::<()>().await;
            drop(held);
        });
        yield_now().await;
        assert_eq!(Arc::strong_count(&token), 2);
        drop((connector, inner));
        yield_now().await;
        assert_eq!(Arc::strong_count(&token), 1);
    }
}
