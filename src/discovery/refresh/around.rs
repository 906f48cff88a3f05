//! The rest of the datacenter around a rack: surveyed after the rack itself and by the same rules,
//! and only if it is wanted.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use super::Refresh;
use crate::cluster::Cluster;
use crate::cluster::node::Node;
use crate::discovery::survey::Finding;
use crate::scope::Scope;

impl Refresh {
    /// Publishes the nodes of a scope at once. The rest of the datacenter stays as it was until it
    /// is surveyed.
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

    /// Surveys the rest of the datacenter, which stays as it is if there is no useful response.
    /// Adds every listed node to `listed_nodes`.
    pub(super) async fn survey_datacenter(
        &mut self,
        cluster: &Cluster,
        scope: &Scope,
        listed_nodes: &mut BTreeSet<SocketAddr>,
    ) {
        let Some(datacenter) = datacenter(cluster, scope) else {
            return;
        };
        let all = cluster.all_nodes();
        let survey = self.survey(&datacenter, true, &all, &all).await;
        listed_nodes.append(&mut survey.listed());
        let finding = survey.finding(self.memory().misses_around.as_mut());
        if let Finding::Nodes(all) = finding {
            self.memory().misses_around.get_or_insert_default();
            self.publish(cluster, &addrs(&cluster.nodes()), &all);
        }
    }
}

/// Returns the datacenter around the scope, if that is a rack and the rest is wanted.
fn datacenter(cluster: &Cluster, scope: &Scope) -> Option<Scope> {
    scope.around().filter(|_| cluster.wants_datacenter())
}

fn addrs(nodes: &[Arc<Node>]) -> Vec<SocketAddr> {
    nodes.iter().map(|n| n.addr()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use alternator_testcluster::{Cluster as Servers, Fault, Node as Server, Scope as Requests};

    use super::*;
    use crate::config::{Config, Options};
    use crate::discovery::refresh::Memory;

    /// The addresses of the nodes that may serve, and of all.
    type Nodes = (Vec<SocketAddr>, Vec<SocketAddr>);

    /// Two racks of one datacenter with two nodes each, and a node elsewhere.
    struct Stage {
        servers: Servers,
        cluster: Cluster,
        refresh: Refresh,
    }

    impl Stage {
        async fn new(scopes: &[Scope]) -> Self {
            let mut stage = Self::unheard(5, scopes);
            stage.refresh().await;
            stage
        }

        /// Before the first survey, with the first `seeds` nodes as seeds.
        fn unheard(seeds: usize, scopes: &[Scope]) -> Self {
            let servers = Servers::builder()
                .rack("dc1", "r1", 2)
                .rack("dc1", "r2", 2)
                .rack("dc2", "r1", 1)
                .start()
                .unwrap();
            let options = Options {
                seeds: servers.urls().into_iter().take(seeds).map(Into::into).collect(),
                scopes: scopes.to_vec(),
                discovery_timeout: Duration::from_millis(500),
                ..Options::default()
            };
            let config = Arc::new(Config::parse(&options).unwrap());
            let memory = Arc::new(Mutex::new(Memory::new(&config)));
            let cluster = Cluster::new(None);
            cluster.want_datacenter();
            Self { servers, cluster, refresh: Refresh::new(config, memory) }
        }

        fn servers(&self) -> Vec<Server> {
            self.servers.nodes()
        }

        async fn refresh(&mut self) {
            let _ = self.refresh.run(&self.cluster).await;
        }

        /// Refreshes until `condition` holds, more often than any change takes.
        async fn refresh_until(&mut self, condition: impl Fn(&Nodes) -> bool) {
            for _ in 0..10 {
                self.refresh().await;
                if condition(&self.known()) {
                    return;
                }
            }
            panic!("{:?}", self.known());
        }

        fn node(&self, at: usize) -> Arc<Node> {
            let ip = self.servers.node(at).addr().ip();
            let snapshot = self.cluster.snapshot();
            Arc::clone(snapshot.as_ref().unwrap().at(ip).unwrap())
        }

        fn known(&self) -> Nodes {
            (addrs(&self.cluster.nodes()), addrs(&self.cluster.all_nodes()))
        }
    }

    fn at(servers: &[Server]) -> Vec<SocketAddr> {
        let mut addrs: Vec<_> = servers.iter().map(Server::addr).collect();
        addrs.sort();
        addrs
    }

    fn rack() -> Scope {
        Scope::rack("dc1", "r1")
    }

    #[tokio::test]
    async fn the_rest_of_the_datacenter_is_known_and_serves_nothing_by_itself() {
        let stage = Stage::new(&[rack()]).await;
        let servers = stage.servers();
        assert_eq!(stage.known(), (at(&servers[..2]), at(&servers[..4])));
    }

    #[tokio::test]
    async fn nodes_of_other_racks_join_at_once_and_leave_after_three_misses() {
        let mut stage = Stage::new(&[rack()]).await;
        let new = stage.servers.add_node("dc1", "r3").unwrap();
        stage.refresh().await;
        let (rack, all) = (at(&stage.servers()[..2]), stage.known().1);
        assert!(all.contains(&new.addr()) && all.len() == 5);
        stage.servers.remove_node(&new);
        for left in [5, 5, 4] {
            stage.refresh().await;
            let known = stage.known();
            assert_eq!((known.0, known.1.len()), (rack.clone(), left));
        }
    }

    #[tokio::test]
    async fn a_node_of_another_rack_that_is_listed_joins_only_once_it_has_answered() {
        let mut stage = Stage::new(&[rack()]).await;
        let new = stage.servers.add_node("dc1", "r3").unwrap();
        new.inject(Fault::Hang(Requests::LocalNodes));
        stage.refresh().await;
        assert_eq!(stage.known().1.len(), 4);
        new.heal();
        stage.refresh().await;
        assert_eq!(stage.known().1.len(), 5);
    }

    #[tokio::test]
    async fn whatever_goes_wrong_around_it_the_rack_is_followed() {
        let mut stage = Stage::new(&[rack()]).await;
        let servers = stage.servers();
        for server in &servers[2..4] {
            server.inject(Fault::Hang(Requests::LocalNodes));
        }
        let new = stage.servers.add_node("dc1", "r1").unwrap();
        let near = [servers[0].clone(), servers[1].clone(), new];
        for _ in 0..4 {
            stage.refresh().await;
            assert_eq!(stage.known().0, at(&near));
            assert_eq!(stage.known().1.len(), 5);
        }
    }

    #[tokio::test]
    async fn first_requests_do_not_wait_for_the_rest_of_the_datacenter() {
        let mut stage = Stage::unheard(2, &[rack()]);
        let servers = stage.servers();
        for server in &servers[2..4] {
            server.inject(Fault::Hang(Requests::LocalNodes));
        }
        tokio::select! {
            biased;
            known = stage.cluster.known() => known.unwrap(),
            _ = stage.refresh.run(&stage.cluster) => panic!("nobody has answered"),
        }
        assert_eq!(stage.known(), (at(&servers[..2]), at(&servers[..2])));
    }

    #[tokio::test]
    async fn while_the_rack_is_dead_the_rest_of_the_datacenter_is_followed() {
        // No node responds about the rack if its nodes were the only seeds.
        for seeds in [2, 5] {
            let mut stage = Stage::unheard(seeds, &[rack()]);
            stage.refresh().await;
            let servers = stage.servers();
            let near = at(&servers[..2]);
            servers[..2].iter().for_each(Server::stop);
            for _ in 0..2 {
                let new = stage.servers.add_node("dc1", "r3").unwrap();
                stage.refresh_until(|(_, all)| all.contains(&new.addr())).await;
                stage.servers.remove_node(&new);
                stage.refresh_until(|(_, all)| !all.contains(&new.addr())).await;
                assert_eq!(stage.known(), (near.clone(), at(&servers[..4])));
            }
        }
    }

    #[tokio::test]
    async fn the_rest_of_the_datacenter_is_followed_before_a_dead_rack_is_left() {
        let mut stage = Stage::new(&[rack(), Scope::Cluster]).await;
        let servers = stage.servers();
        servers[..2].iter().for_each(Server::stop);
        let new = stage.servers.add_node("dc1", "r3").unwrap();
        stage.refresh().await;
        let (near, all) = stage.known();
        assert_eq!(near, at(&servers[..2]));
        assert!(all.contains(&new.addr()) && all.len() == 5);
    }

    #[tokio::test]
    async fn a_node_that_comes_near_and_goes_again_stays_the_same_and_connected() {
        let scopes = [rack(), Scope::datacenter("dc1"), Scope::Cluster];
        let mut stage = Stage::new(&scopes).await;
        let servers = stage.servers();
        let node = stage.node(2);
        node.pool.lease(Duration::from_secs(60)).await.ok().unwrap().finish();
        let connections = (node.pool.idle(), node.pool.opened());
        for _ in 0..2 {
            servers[..2].iter().for_each(Server::stop);
            stage.refresh_until(|known| known.0 == at(&servers[2..4])).await;
            assert_eq!(stage.known().1, at(&servers[2..4]));
            assert!(Arc::ptr_eq(&node, &stage.node(2)));
            for server in &servers[..2] {
                server.start().unwrap();
            }
            stage.refresh_until(|known| *known == (at(&servers[..2]), at(&servers[..4]))).await;
            assert!(Arc::ptr_eq(&node, &stage.node(2)));
        }
        assert_eq!((node.pool.idle(), node.pool.opened()), connections);
    }

    #[tokio::test]
    async fn without_a_rack_there_is_nobody_else() {
        let mut stage = Stage::new(&[rack(), Scope::Cluster]).await;
        let servers = stage.servers();
        servers[..2].iter().for_each(Server::stop);
        stage.refresh_until(|known| known.0 == at(&servers[2..])).await;
        assert_eq!(stage.known().1, at(&servers[2..]));
        // Back in the rack, those of other datacenters are gone at once.
        for server in &servers[..2] {
            server.start().unwrap();
        }
        stage.refresh_until(|known| known.0 == at(&servers[..2])).await;
        assert_eq!(stage.known().1, at(&servers[..4]));
    }
}
