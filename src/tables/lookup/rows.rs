//! The rows of the cluster's own tables, parsed leniently: what cannot be read is left out. A node
//! does not write them as DynamoDB would: booleans are strings, and a number in the last evaluated
//! key is rejected when it is sent back.

use std::net::IpAddr;

use serde_json::{Map, Value};

use crate::address;
use crate::keys::replicas::{Host, HostId, RingRange, Tablet};

/// One page of a response to Query or Scan.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Page {
    items: Vec<Value>,
    /// The `ExclusiveStartKey` of the request for the next page.
    pub(crate) next: Option<Value>,
}

/// A row, as cells by column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a>(&'a Map<String, Value>);

impl Page {
    /// Returns `None` if the body is no such response.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let mut response: Value = serde_json::from_slice(body).ok()?;
        let response = response.as_object_mut()?;
        let Value::Array(items) = response.remove("Items")? else {
            return None;
        };
        let next = response
            .remove("LastEvaluatedKey")
            .map(with_strings)
            .filter(|key| key.as_object().is_some_and(|key| !key.is_empty()));
        Some(Self { items, next })
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.items.iter().filter_map(Value::as_object).map(Row)
    }
}

/// Returns the last evaluated key with its numbers as strings: servers write
/// `":scylla:paging:weight": {"N": 1}` and read `{"N": "1"}`.
fn with_strings(mut key: Value) -> Value {
    let cells = key.as_object_mut().into_iter().flat_map(Map::values_mut);
    for value in cells.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        if value.is_number() {
            *value = Value::String(value.to_string());
        }
    }
    key
}

impl<'a> Row<'a> {
    /// Returns the text of a cell, whatever its type; `None` if it is missing or null.
    pub(crate) fn text(self, column: &str) -> Option<&'a str> {
        let cell = self.0.get(column)?.as_object()?;
        cell.values().next()?.as_str()
    }

    fn token(self, column: &str) -> Option<i64> {
        self.text(column)?.parse().ok()
    }

    fn address(self, column: &str) -> Option<IpAddr> {
        address::host(self.text(column)?.parse().ok()?)
    }

    /// Parses a row of `system.local` or `system.peers`: a host, and the address by which the other
    /// hosts know it.
    pub(crate) fn host(self) -> Option<(Host, IpAddr)> {
        let address = self.address("rpc_address")?;
        let text = |column| self.text(column).unwrap_or_default();
        let host = Host {
            address,
            id: text("host_id").to_ascii_lowercase().into(),
            datacenter: text("data_center").into(),
            rack: text("rack").into(),
        };
        let internal = self.address("peer").or_else(|| self.address("broadcast_address"));
        Some((host, internal.unwrap_or(address)))
    }

    /// Parses a row of `system.token_ring`.
    pub(crate) fn ring_range(self) -> Option<RingRange> {
        Some(RingRange {
            start: self.token("start_token")?,
            end: self.token("end_token")?,
            endpoint: self.address("endpoint")?,
        })
    }

    /// Parses a row of `system.tablets`.
    pub(crate) fn tablet(self) -> Option<Tablet> {
        Some(Tablet {
            last_token: self.token("last_token")?,
            replicas: replicas(self.text("replicas")?),
        })
    }

    /// Returns whether a tablet is moving to other hosts or shards.
    pub(crate) fn is_moving(self) -> bool {
        ["stage", "transition"].iter().any(|column| self.text(column).is_some())
    }
}

/// Parses `<host>:<shard>, <host>:<shard>`.
fn replicas(text: &str) -> Vec<(HostId, u16)> {
    let replica = |text: &str| {
        let (id, shard) = text.trim().rsplit_once(':')?;
        Some((HostId::parse(id)?, shard.parse().ok()?))
    };
    text.split(',').filter_map(replica).collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn page(answer: &Value) -> Page {
        Page::parse(answer.to_string().as_bytes()).unwrap()
    }

    const A: &str = "9e6b3b5c-0b9e-4c0c-9f0e-7f1f6d9f1b2a";
    const B: &str = "00000000-0000-0000-0000-00000000000b";

    fn id(text: &str) -> HostId {
        HostId::parse(text).unwrap()
    }

    #[test]
    fn tablets_are_read_with_their_replicas_in_order() {
        let page = page(&json!({"Count": 4, "Items": [
            {"last_token": {"S": "-1"}, "replicas": {"S": format!("{B}:3, {A}:0")}, "base_table": {"S": A},
             "tablet_balancing_enabled": {"BOOL": "true"}},
            {"last_token": {"S": "9223372036854775807"}, "replicas": {"S": format!("{A}:11")}, "stage": {"S": "streaming"}},
            {"last_token": {"S": "x"}, "replicas": {"S": ""}},
            {"base_table": {"S": A}},
        ]}));
        let tablets: Vec<_> = page.rows().filter_map(Row::tablet).collect();
        let tablet = |last_token, replicas| Tablet { last_token, replicas };
        assert_eq!(
            tablets,
            [tablet(-1, vec![(id(B), 3), (id(A), 0)]), tablet(i64::MAX, vec![(id(A), 11)])]
        );
        let moving: Vec<_> = page.rows().map(Row::is_moving).collect();
        assert_eq!(moving, [false, true, false, false]);
        assert_eq!(page.rows().next().unwrap().text("base_table"), Some(A));
    }

    #[test]
    fn replicas_that_are_odd_are_left_out() {
        let found = replicas(&format!("{A}:1,{B}:65536, {B}:-1, {B}, :1, x:1, {B}:2 , "));
        assert_eq!(found, [(id(A), 1), (id(B), 2)]);
        assert_eq!(replicas(""), []);
    }

    #[test]
    fn ranges_of_the_ring_are_read() {
        let page = page(&json!({"Items": [
            {"keyspace_name": {"S": "alternator_t"}, "start_token": {"S": "5"}, "end_token": {"S": "-7"}, "endpoint": {"S": "10.0.0.1"}},
            {"start_token": {"S": "5"}, "end_token": {"S": "7"}, "endpoint": {"S": "2001:db8::1"}},
            {"start_token": {"S": "5"}, "endpoint": {"S": "10.0.0.1"}},
            {"start_token": {"S": "5"}, "end_token": {"S": "7"}, "endpoint": {"S": "node"}},
        ]}));
        let ranges: Vec<_> = page.rows().filter_map(Row::ring_range).collect();
        let range = |start, end, endpoint: &str| RingRange {
            start,
            end,
            endpoint: endpoint.parse().unwrap(),
        };
        assert_eq!(ranges, [range(5, -7, "10.0.0.1"), range(5, 7, "2001:db8::1")]);
    }

    #[test]
    fn hosts_are_read_with_the_address_that_others_know() {
        let page = page(&json!({"Items": [
            {"peer": {"S": "192.168.0.1"}, "rpc_address": {"S": "10.0.0.1"}, "host_id": {"S": A.to_uppercase()},
             "data_center": {"S": "dc1"}, "rack": {"S": "r1"}},
            {"broadcast_address": {"S": "192.168.0.2"}, "rpc_address": {"S": "10.0.0.2"}},
            {"rpc_address": {"S": "::ffff:10.0.0.3"}},
            {"peer": {"S": "192.168.0.4"}, "host_id": {"S": A}},
            {"peer": {"S": "192.168.0.5"}, "rpc_address": {"S": "0.0.0.0"}},
        ]}));
        let hosts: Vec<_> = page.rows().filter_map(Row::host).collect();
        let host = |address: &str, id: &str, datacenter: &str, rack: &str, internal: &str| {
            let host = Host {
                address: address.parse().unwrap(),
                id: id.into(),
                datacenter: datacenter.into(),
                rack: rack.into(),
            };
            (host, internal.parse().unwrap())
        };
        assert_eq!(
            hosts,
            [
                host("10.0.0.1", A, "dc1", "r1", "192.168.0.1"),
                host("10.0.0.2", "", "", "", "192.168.0.2"),
                host("10.0.0.3", "", "", "", "10.0.0.3"),
            ]
        );
    }

    #[test]
    fn a_key_to_continue_from_is_sent_back_with_its_numbers_as_strings() {
        let key = json!({"table_id": {"S": A}, ":scylla:paging:region": {"S": "before"}, ":scylla:paging:weight": {"N": -1}});
        let sent = json!({"table_id": {"S": A}, ":scylla:paging:region": {"S": "before"}, ":scylla:paging:weight": {"N": "-1"}});
        assert_eq!(page(&json!({"Items": [], "LastEvaluatedKey": key})).next, Some(sent));
        for none in [json!({}), json!(null), json!("x")] {
            assert_eq!(page(&json!({"Items": [], "LastEvaluatedKey": none})).next, None);
        }
    }

    #[test]
    fn what_has_no_items_is_no_page() {
        for body in ["", "[]", "{}", r#"{"Items":{}}"#, "null", r#"{"Items":[]"#] {
            assert_eq!(Page::parse(body.as_bytes()), None, "{body}");
        }
        assert_eq!(Page::parse(br#"{"Items":[1,null,"x"]}"#).unwrap().rows().count(), 0);
    }

    /// Any JSON value, with names that the parsers look for.
    fn json() -> impl Strategy<Value = Value> {
        let name = "Items|LastEvaluatedKey|S|N|BOOL|last_token|replicas|stage|rpc_address|peer|endpoint|end_token";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[-0-9a-f:., ]{0,40}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 6, move |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Value::from),
                vec((name, inner), 0..4)
                    .prop_map(|cells| Value::Object(cells.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_parsers_panic(items in vec(json(), 0..4), next in json(), cut in 0..200_usize) {
            let mut text = json!({"Items": items, "LastEvaluatedKey": next}).to_string().into_bytes();
            if let Some(page) = Page::parse(&text) {
                for row in page.rows() {
                    let _ = (row.host(), row.ring_range(), row.tablet(), row.is_moving());
                }
            }
            text.truncate(cut);
            let _ = Page::parse(&text);
        }
    }
}
