//! What the emulator must do for the SDK, and how its errors are reworded.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn store_with_table() -> Store {
    let store = Store::new().unwrap();
    run(
        &store,
        "CreateTable",
        json!({
            "TableName": "tab",
            "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        }),
    )
    .unwrap();
    store
}

fn run(store: &Store, operation: &str, request: Value) -> Result<Value, ApiError> {
    let reply = store.execute(operation, request.to_string().as_bytes(), Some("db.test:8000"))?;
    Ok(serde_json::from_slice(&reply.body).unwrap())
}

#[test]
fn a_new_table_is_active_at_once() {
    let store = Store::new().unwrap();
    let created = run(
        &store,
        "CreateTable",
        json!({
            "TableName": "tab",
            "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
            "AttributeDefinitions": [
                {"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "g", "AttributeType": "S"}],
            "GlobalSecondaryIndexes": [{
                "IndexName": "idx",
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }],
            "BillingMode": "PAY_PER_REQUEST",
        }),
    )
    .unwrap();
    assert_eq!(created["TableDescription"]["TableStatus"], "ACTIVE");
    assert_eq!(created["TableDescription"]["GlobalSecondaryIndexes"][0]["IndexStatus"], "ACTIVE");
    let described = run(&store, "DescribeTable", json!({"TableName": "tab"})).unwrap();
    assert_eq!(described["Table"]["TableStatus"], "ACTIVE");
    assert_eq!(described["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"], "ACTIVE");
}

#[test]
fn what_was_put_is_got() {
    let store = store_with_table();
    let item =
        json!({"p": {"S": "a"}, "n": {"N": "1.50"}, "l": {"L": [{"BOOL": true}, {"NULL": true}]}});
    assert_eq!(
        run(&store, "PutItem", json!({"TableName": "tab", "Item": item})).unwrap(),
        json!({})
    );
    let got =
        run(&store, "GetItem", json!({"TableName": "tab", "Key": {"p": {"S": "a"}}})).unwrap();
    assert_eq!(got["Item"]["l"], item["l"]);
    let absent =
        run(&store, "GetItem", json!({"TableName": "tab", "Key": {"p": {"S": "b"}}})).unwrap();
    assert_eq!(absent, json!({}));
}

#[test]
fn a_failed_condition_gives_the_item_only_when_asked() {
    let store = store_with_table();
    let mut put = json!({
        "TableName": "tab",
        "Item": {"p": {"S": "a"}},
        "ConditionExpression": "attribute_not_exists(p)",
    });
    run(&store, "PutItem", put.clone()).unwrap();
    let error = run(&store, "PutItem", put.clone()).unwrap_err();
    assert_eq!(
        String::from_utf8(error.body()).unwrap(),
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}"#
    );
    put["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD".into();
    let error = run(&store, "PutItem", put).unwrap_err();
    assert_eq!(error.item, Some(json!({"p": {"S": "a"}})));
}

#[test]
fn a_cancelled_transaction_gives_a_reason_for_each_part() {
    let store = store_with_table();
    run(&store, "PutItem", json!({"TableName": "tab", "Item": {"p": {"S": "a"}}})).unwrap();
    let put = |key: &str| {
        json!({"Put": {
            "TableName": "tab",
            "Item": {"p": {"S": key}},
            "ConditionExpression": "attribute_not_exists(p)",
        }})
    };
    let error = run(&store, "TransactWriteItems", json!({"TransactItems": [put("b"), put("a")]}))
        .unwrap_err();
    let body: Value = serde_json::from_slice(&error.body()).unwrap();
    assert_eq!(body["__type"], "com.amazonaws.dynamodb.v20120810#TransactionCanceledException");
    assert_eq!(body["CancellationReasons"][0]["Code"], "None");
    assert_eq!(body["CancellationReasons"][1]["Code"], "ConditionalCheckFailed");
    let absent =
        run(&store, "GetItem", json!({"TableName": "tab", "Key": {"p": {"S": "b"}}})).unwrap();
    assert_eq!(absent, json!({}));
}

#[test]
fn a_stream_tells_of_a_write() {
    let store = store_with_table();
    run(&store, "PutItem", json!({"TableName": "tab", "Item": {"p": {"S": "a"}}})).unwrap();
    let streams = run(&store, "ListStreams", json!({"TableName": "tab"})).unwrap();
    let arn = &streams["Streams"][0]["StreamArn"];
    let stream = run(&store, "DescribeStream", json!({"StreamArn": arn})).unwrap();
    let shard = &stream["StreamDescription"]["Shards"][0]["ShardId"];
    let iterator = run(
        &store,
        "GetShardIterator",
        json!({"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}),
    )
    .unwrap();
    let records =
        run(&store, "GetRecords", json!({"ShardIterator": iterator["ShardIterator"]})).unwrap();
    assert_eq!(records["Records"][0]["eventName"], "INSERT");
    assert_eq!(records["Records"][0]["dynamodb"]["NewImage"], json!({"p": {"S": "a"}}));
}

#[test]
fn query_and_scan_say_how_many_items_they_hold() {
    let store = store_with_table();
    for n in 0..3 {
        run(&store, "PutItem", json!({"TableName": "tab", "Item": {"p": {"S": n.to_string()}}}))
            .unwrap();
    }
    assert_eq!(store.execute("Scan", br#"{"TableName":"tab"}"#, None).unwrap().items, 3);
    assert_eq!(
        store.execute("Scan", br#"{"TableName":"tab","Select":"COUNT"}"#, None).unwrap().items,
        0
    );
    let query = br#"{"TableName":"tab","KeyConditionExpression":"p = :p","ExpressionAttributeValues":{":p":{"S":"1"}}}"#;
    assert_eq!(store.execute("Query", query, None).unwrap().items, 1);
}

#[test]
fn errors_are_alternators() {
    let store = store_with_table();
    let cases: [(&str, &str, &str, &str); 8] = [
        ("Dance", "{}", "UnknownOperationException", "Unsupported operation Dance"),
        ("", "", "UnknownOperationException", "Unsupported operation "),
        (
            "ExecuteStatement",
            "{}",
            "UnknownOperationException",
            "Unsupported operation ExecuteStatement",
        ),
        ("GetItem", "[]", "ValidationException", "Request content must be an object"),
        ("GetItem", "{", "ValidationException", "Parsing JSON failed: "),
        ("DescribeEndpoints", "nonsense", "ValidationException", "Parsing JSON failed: "),
        (
            "GetItem",
            r#"{"TableName":"absent","Key":{"p":{"S":"a"}}}"#,
            "ResourceNotFoundException",
            "Requested resource not found: Table: absent not found",
        ),
        (
            "DescribeContinuousBackups",
            r#"{"TableName":"absent"}"#,
            "TableNotFoundException",
            "Table absent not found",
        ),
    ];
    for (operation, body, kind, message) in cases {
        let error = store.execute(operation, body.as_bytes(), None).unwrap_err();
        assert_eq!((error.status, &*error.kind), (400, kind), "{operation} {body}");
        assert!(error.message.starts_with(message), "{operation} {body}: {}", error.message);
    }
    for body in [
        r#"{"TableName":1}"#,
        r#"{"TableName":"tab","Key":{"p":{"X":"a"}}}"#,
        r#"{"TableName":"tab"}"#,
        "{}",
    ] {
        let error = store.execute("GetItem", body.as_bytes(), None).unwrap_err();
        assert_eq!((error.status, &*error.kind), (400, "ValidationException"), "{body}");
        assert!(!error.message.contains("VALIDATION"), "{}", error.message);
    }
}

#[test]
fn continuous_backups_are_off() {
    let described =
        run(&store_with_table(), "DescribeContinuousBackups", json!({"TableName": "tab"}));
    assert_eq!(
        described.unwrap()["ContinuousBackupsDescription"],
        json!({
            "ContinuousBackupsStatus": "DISABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
        })
    );
}
