//! The rest of the datacenter around a rack: asked about after the rack itself and by the same rules, and only where someone
//! wants to know.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use super::Refresh;
use crate::cluster::Cluster;
use crate::discovery::survey::Finding;
use crate::node::Node;
use crate::scope::Scope;

impl Refresh {
    /// Publishes the nodes of a scope at once. The rest of the datacenter is taken over until it was asked about.
    pub(super) fn publish_within(
        &mut self,
        cluster: &Cluster,
        scope: &Scope,
        nodes: &[SocketAddr],
    ) {
        let others = match datacenter(cluster, scope) {
            Some(_) => addrs(&cluster.all_nodes()),
            None => Vec::new(),
        };
        self.publish(cluster, nodes, &others);
    }

    /// Learns of the rest of the datacenter. Where nothing useful is heard, it stays as it is. Adds to `everyone` whom anyone
    /// lists.
    pub(super) async fn look_around(
        &mut self,
        cluster: &Cluster,
        scope: &Scope,
        everyone: &mut BTreeSet<SocketAddr>,
    ) {
        let Some(datacenter) = datacenter(cluster, scope) else {
            return;
        };
        let all = cluster.all_nodes();
        let survey = self.survey(&datacenter, true, &all, &all).await;
        everyone.append(&mut survey.listed());
        let finding = survey.finding(self.memory().misses_around.as_mut());
        if let Finding::Nodes(all) = finding {
            self.memory().misses_around.get_or_insert_default();
            self.publish(cluster, &addrs(&cluster.nodes()), &all);
        }
    }
}

/// The datacenter around the scope, if it is a rack and anyone wants to know the rest.
fn datacenter(cluster: &Cluster, scope: &Scope) -> Option<Scope> {
    scope.around().filter(|_| cluster.wants_datacenter())
}

fn addrs(nodes: &[Arc<Node>]) -> Vec<SocketAddr> {
    nodes.iter().map(|n| n.addr()).collect()
}
