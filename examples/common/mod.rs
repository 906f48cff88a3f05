//! What every example needs and none is about: a user, the SDK's configuration, a table, a check.
#![allow(dead_code)] // Each example uses a part of it.

use alternator_connector::AlternatorConnector;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The user that the embedded clusters know. They refuse requests that are not signed with this
/// secret.
pub(crate) const USER: &str = "alternator";
pub(crate) const SECRET: &str = "salted_hash";

pub(crate) fn credentials() -> Credentials {
    Credentials::new(USER, SECRET, None, None, "example")
}

/// The SDK's configuration with this connector as its HTTP client. There is no endpoint in it: the
/// connector knows where to go.
pub(crate) async fn sdk_config(connector: &AlternatorConnector) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(connector.clone())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials())
        .load()
        .await
}

/// A request for a table whose items have these attributes, all strings, for a key.
pub(crate) fn create_table(
    client: &Client,
    name: &str,
    key: &[(&str, KeyType)],
) -> Result<CreateTableFluentBuilder, Failure> {
    let mut request =
        client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for (attribute, kind) in key {
        let definition = AttributeDefinition::builder()
            .attribute_name(*attribute)
            .attribute_type(ScalarAttributeType::S);
        let element = KeySchemaElement::builder().attribute_name(*attribute).key_type(kind.clone());
        request = request.attribute_definitions(definition.build()?).key_schema(element.build()?);
    }
    Ok(request)
}

pub(crate) fn s(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn n(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Says that something holds, or fails the example.
pub(crate) fn check(holds: bool, what: &str) -> Result<(), Failure> {
    if holds {
        println!("  ok: {what}");
        Ok(())
    } else {
        Err(format!("it does not hold that {what}").into())
    }
}
