//! What holds once all is well again.

use std::time::Duration;

use alternator_connector::AlternatorConnector;

use crate::holdings::Holdings;
use crate::stage::Stage;
use crate::support::{TABLE, client_without_retries, s, until};

/// How long a connector may leave a node alone that has failed again and again, or was as slow.
const LIMIT: Duration = Duration::from_secs(90);

/// The one that refreshes the node list.
const TASKS_OF_A_CONNECTOR: usize = 1;

/// Connector and cluster agree that there is nothing but idle connections.
pub(crate) async fn nothing_is_under_way(
    connector: &AlternatorConnector,
    stage: &Stage,
    before: &Holdings,
) {
    until(LIMIT, async || {
        // Finds out which idle connections the nodes have closed.
        connector.refresh().await.map_err(|e| e.to_string())?;
        let mut seen = connector.stats().nodes;
        let mut nodes = stage.nodes();
        seen.sort_by_key(|node| node.address);
        nodes.sort_by_key(|node| node.addr());
        let open: Vec<_> = nodes.iter().map(|n| (n.addr(), n.stats().open)).collect();
        let idle = seen.iter().map(|n| (n.address, n.connections_idle as u64));
        let agree = idle.eq(open.iter().copied());
        let quiet = seen.iter().all(|n| n.in_flight == 0);
        let made = seen.iter().all(|n| n.connections_idle as u64 <= n.connections_opened);
        let gone = stage.open_connections() == open.iter().map(|(_, open)| open).sum::<u64>();
        let now = Holdings::now();
        let idle_tasks = now.tasks <= before.tasks + TASKS_OF_A_CONNECTOR;
        if agree && quiet && made && gone && idle_tasks {
            return Ok(());
        }
        Err(format!("something is under way: {seen:#?} of {open:?}, {now:?} after {before:?}"))
    })
    .await;
}

/// Every node gets requests again, and none of them fails.
pub(crate) async fn every_node_serves(connector: &AlternatorConnector, stage: &Stage) {
    let client = client_without_retries(connector).await;
    let served = || stage.nodes().into_iter().map(|n| n.stats().requests_of("GetItem"));
    let before: Vec<_> = served().collect();
    until(LIMIT, async || {
        client
            .get_item()
            .table_name(TABLE)
            .key("pk", s("x"))
            .send()
            .await
            .expect("nothing fails while all is well");
        let all = served().zip(&before).all(|(now, before)| now > *before);
        all.then_some(()).ok_or("not every node serves")
    })
    .await;
}

/// The connector is gone, and everything with it.
pub(crate) async fn nothing_is_left(stage: &Stage, before: &Holdings) {
    until(LIMIT, async || {
        let (open, now) = (stage.open_connections(), Holdings::now());
        let left = open > 0 || now.descriptors > before.descriptors || now.tasks > before.tasks;
        if left {
            return Err(format!("left: {open} connections, {now:?} after {before:?}"));
        }
        Ok(())
    })
    .await;
}
