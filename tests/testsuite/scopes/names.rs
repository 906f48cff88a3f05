//! Names of datacenters and racks may be anything.

use alternator_connector::Scope;
use alternator_testcluster::Cluster;

use crate::scopes::refreshing_on_demand_from;
use crate::support::{USER, addrs, routes};

#[tokio::test]
async fn odd_names_arrive_as_they_are() {
    let odd = ["us east&1", "a+b%20/ü", "dc=1&rack=r", "a#b?c", "\"quoted\"", "%", "日本", "a;b,c"];
    for (datacenter, rack) in odd.iter().zip(odd.iter().rev()) {
        let cluster = Cluster::builder()
            .rack(datacenter, rack, 2)
            .rack(datacenter, "other", 1)
            .rack("other", rack, 1)
            .auth(USER.0, USER.1)
            .start()
            .unwrap();
        let nodes = cluster.nodes();
        for (scope, size) in
            [(Scope::rack(*datacenter, *rack), 2), (Scope::datacenter(*datacenter), 3)]
        {
            let connector =
                refreshing_on_demand_from(&nodes[3..]).scope(scope.clone()).build().unwrap();
            connector.refresh().await.unwrap();
            assert_eq!(routes(&connector), addrs(&nodes[..size]), "{scope}");
            connector.check_scope().await.unwrap();
        }
    }
}

#[tokio::test]
async fn names_are_compared_with_case() {
    let cluster = Cluster::builder().rack("dc1", "r1", 1).start().unwrap();
    for scope in [Scope::datacenter("DC1"), Scope::rack("dc1", "R1")] {
        let connector = refreshing_on_demand_from(&cluster.nodes()).scope(scope).build().unwrap();
        assert!(connector.refresh().await.is_err());
        assert_eq!(routes(&connector), []);
    }
}
