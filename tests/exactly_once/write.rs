//! One write, and what its client was told about it.

use std::error::Error as _;

use alternator_connector::Error;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::support::*;

/// What the client was told about a write.
#[derive(Debug)]
pub(crate) enum Ending {
    Done,
    /// Failed, and nothing was sent.
    Unsent(#[expect(dead_code, reason = "shown by Debug")] String),
    /// Failed, and may have been executed.
    Unclear(#[expect(dead_code, reason = "shown by Debug")] String),
}

/// A write that shows how often it was executed: even ones count, odd ones fail the second time.
pub(crate) async fn write(client: &Client, at: usize, pad: usize) -> (String, Ending) {
    let key = format!("write-{at}");
    let pad = s("x".repeat(pad));
    let one = AttributeValue::N("1".into());
    let ending = if at.is_multiple_of(2) {
        let update = client
            .update_item()
            .table_name(TABLE)
            .key("pk", s(&key))
            .update_expression("SET filler = :filler ADD n :one")
            .expression_attribute_values(":filler", pad)
            .expression_attribute_values(":one", one);
        ending(update.send().await)
    } else {
        let put = client
            .put_item()
            .table_name(TABLE)
            .item("pk", s(&key))
            .item("n", one)
            .item("filler", pad)
            .condition_expression("attribute_not_exists(pk)");
        ending(put.send().await)
    };
    (key, ending)
}

fn ending<O, E>(result: Result<O, SdkError<E>>) -> Ending
where
    E: std::error::Error + 'static,
{
    let Err(error) = result else {
        return Ending::Done;
    };
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        match error.downcast_ref::<Error>() {
            Some(Error::Unreachable { .. } | Error::NoNodes(_)) => return Ending::Unsent(text),
            Some(Error::Unanswered { .. } | Error::ReadTimeout { .. }) => {
                return Ending::Unclear(text);
            }
            Some(error) => panic!("{error}"),
            None => cause = error.source(),
        }
    }
    // The head of the answer came, and its body did not.
    assert!(matches!(error, SdkError::ResponseError(_)), "{text}");
    Ending::Unclear(text)
}
