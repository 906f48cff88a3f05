use super::*;

#[test]
fn topologies_are_read_with_and_without_racks() {
    let rack = |datacenter: &str, name: &str, nodes| Rack {
        datacenter: datacenter.into(),
        name: name.into(),
        nodes,
    };
    let parse = |text| parse_topology(text).map(|topology| topology.0);
    assert_eq!(
        parse("dc1:rack1=2,rack2=1;dc2=3"),
        Ok(vec![rack("dc1", "rack1", 2), rack("dc1", "rack2", 1), rack("dc2", "rack1", 3)])
    );
    for wrong in ["", "dc1", "dc1=x", "dc1:rack1", "dc1:rack1=", "dc1=1;"] {
        assert!(parse(wrong).is_err(), "{wrong:?} was taken");
    }
}
