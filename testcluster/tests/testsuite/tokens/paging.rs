//! Pages of internal tables, and the keys that lead from one to the next.

use serde_json::{Value, json};

use crate::tokens::{answer, create, nine, run, scan, tablets_of, text};

/// As the server takes it back: the number in JSON has to be a string.
fn sent_back(key: &Value) -> Value {
    let mut key = key.clone();
    if let Some(weight) = key.get_mut(":scylla:paging:weight") {
        weight["N"] = weight["N"].to_string().into();
    }
    key
}

#[test]
fn a_limit_ends_a_page_on_a_row() {
    let cluster = nine().tablets(8).start().unwrap();
    let id = create(&cluster, "tab");
    let node = cluster.node(0);
    let (mut ends, mut start) = (Vec::new(), json!({}));
    for page in 0.. {
        let mut more = json!({"Limit": 3});
        if page > 0 {
            more["ExclusiveStartKey"] = start;
        }
        let answer = run(&node, "Query", &tablets_of(&id, more));
        let items = answer["Items"].as_array().unwrap();
        ends.extend(items.iter().map(|row| text(row, "last_token").to_owned()));
        let Some(last) = answer.get("LastEvaluatedKey") else {
            break;
        };
        assert_eq!(
            *last,
            json!({"table_id": {"S": id}, "last_token": {"S": ends.last().unwrap()}})
        );
        start = last.clone();
    }
    assert_eq!(ends.len(), 8);
    let numbers: Vec<i64> = ends.iter().map(|end| end.parse().unwrap()).collect();
    assert!(numbers.is_sorted());
    let whole = run(&node, "Query", &tablets_of(&id, json!({"Limit": 8})));
    assert_eq!(whole.get("LastEvaluatedKey"), None);
}

#[test]
fn a_full_page_ends_between_rows_with_a_number_that_comes_back_as_a_string() {
    let cluster = nine().tablets(64).page_bytes(1000).start().unwrap();
    let id = create(&cluster, "tab");
    let node = cluster.node(0);
    let (mut rows, mut more, mut pages) = (0, json!({}), 0);
    loop {
        let page = run(&node, "Query", &tablets_of(&id, more));
        rows += page["Items"].as_array().unwrap().len();
        pages += 1;
        let Some(last) = page.get("LastEvaluatedKey") else {
            break;
        };
        assert_eq!(last[":scylla:paging:region"], json!({"S": "clustered"}));
        assert_eq!(last[":scylla:paging:weight"], json!({"N": 1}));
        let as_it_came = tablets_of(&id, json!({"ExclusiveStartKey": last}));
        answer(&node, "Query", &as_it_came).error(400, "ValidationException");
        more = json!({"ExclusiveStartKey": sent_back(last)});
    }
    assert_eq!(rows, 64);
    assert!(pages > 4, "{pages}");
}

#[test]
fn a_scan_goes_through_all_partitions_page_by_page() {
    let cluster = nine().start().unwrap();
    for table in ["one", "two", "three"] {
        create(&cluster, table);
    }
    let node = cluster.node(0);
    for table in ["system.tablets", "system.token_ring", "system.peers"] {
        let whole = scan(&node, table);
        let (mut rows, mut start) = (Vec::new(), None);
        loop {
            let mut request =
                json!({"TableName": format!(".scylla.alternator.{table}"), "Limit": 5});
            if let Some(start) = start.take() {
                request["ExclusiveStartKey"] = start;
            }
            let answer = run(&node, "Scan", &request);
            rows.extend(answer["Items"].as_array().unwrap().clone());
            match answer.get("LastEvaluatedKey") {
                Some(last) => start = Some(last.clone()),
                None => break,
            }
        }
        assert_eq!(rows, whole, "{table}");
    }
}

#[test]
fn a_start_that_is_none_is_refused() {
    let cluster = nine().start().unwrap();
    let id = create(&cluster, "tab");
    let node = cluster.node(0);
    for wrong in [
        json!({"ExclusiveStartKey": {}}),
        json!({"ExclusiveStartKey": {"table_id": {"N": "1"}}}),
        json!({"Limit": 0}),
    ] {
        answer(&node, "Query", &tablets_of(&id, wrong)).error(400, "ValidationException");
    }
}
