//! Reads and writes that leave a trace, and what their client was told about them.

use alternator_connector::Error;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use super::{TABLE, s};

/// The header by which the requests of a read or write are known. That of a write has its key as
/// the value.
pub const TRACE: &str = "x-trace";

/// What the client was told about a request.
#[derive(Debug)]
pub enum Ending {
    Done,
    /// Failed, and nothing was sent.
    Unsent(String),
    /// A node has refused it.
    Refused(String),
    /// Failed, and may have been executed.
    Unclear(String),
}

/// A write that shows how often it was executed: even ones count, odd ones fail the second time.
pub async fn write(client: &Client, key: &str, at: usize, filler: &str) -> Ending {
    let one = AttributeValue::N("1".into());
    let traced = traced(key);
    if at.is_multiple_of(2) {
        let update = client
            .update_item()
            .table_name(TABLE)
            .key("pk", s(key))
            .update_expression("SET filler = :filler ADD n :one")
            .expression_attribute_values(":filler", s(filler))
            .expression_attribute_values(":one", one);
        ending(update.customize().mutate_request(traced).send().await)
    } else {
        let put = client
            .put_item()
            .table_name(TABLE)
            .item("pk", s(key))
            .item("n", one)
            .item("filler", s(filler))
            .condition_expression("attribute_not_exists(pk)");
        ending(put.customize().mutate_request(traced).send().await)
    }
}

/// The value that a write has left behind, if it has.
pub async fn read(client: &Client, key: &str, trace: &str) -> Result<Option<String>, Ending> {
    let get =
        client.get_item().table_name(TABLE).key("pk", s(key)).consistent_read(true).customize();
    match get.mutate_request(traced(trace)).send().await {
        Ok(got) => Ok(got.item.map(|item| {
            assert_eq!(item["pk"], s(key), "the answer to another read");
            item["filler"].as_s().unwrap().clone()
        })),
        Err(error) => Err(failure(&error)),
    }
}

fn traced(trace: &str) -> impl Fn(&mut HttpRequest) + Send + Sync + 'static {
    let trace = trace.to_owned();
    move |request| {
        request.headers_mut().insert(TRACE, trace.clone());
    }
}

fn ending<O, E>(result: Result<O, SdkError<E>>) -> Ending
where
    E: std::error::Error + 'static,
{
    match result {
        Ok(_) => Ending::Done,
        Err(error) => failure(&error),
    }
}

/// What an error says about the last attempt of a request.
fn failure<E>(error: &SdkError<E>) -> Ending
where
    E: std::error::Error + 'static,
{
    let text = Error::explain(error);
    if let Some(cause) = Error::find(error) {
        return match cause {
            Error::Unreachable { .. } | Error::NoNodes { .. } => {
                assert!(!cause.may_have_been_executed(), "{text}");
                Ending::Unsent(text)
            }
            Error::Unanswered { .. } | Error::ReadTimeout { .. } => {
                assert!(cause.may_have_been_executed(), "{text}");
                Ending::Unclear(text)
            }
            _ => panic!("{text}"),
        };
    }
    match error {
        SdkError::ServiceError(_) => Ending::Refused(text),
        // The head of the answer came, and its body did not.
        SdkError::ResponseError(_) => Ending::Unclear(text),
        _ => panic!("{text}"),
    }
}
