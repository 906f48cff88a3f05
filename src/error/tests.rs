use std::io;

use aws_sdk_dynamodb::error::{ConnectorError, DisplayErrorContext, SdkError};

use super::*;

/// What every cause says here.
const CAUSE: &str = "the reason for it all";

fn cause() -> BoxError {
    CAUSE.into()
}

fn node() -> SocketAddr {
    ([10, 0, 0, 1], 8000).into()
}

fn config() -> Error {
    let tls = ConfigError::Tls { what: "the key".to_owned(), source: Some(cause()) };
    Error::Config { source: Arc::new(tls) }
}

fn no_nodes(error: RefreshError) -> Error {
    Error::NoNodes { source: Arc::new(error) }
}

fn silent() -> RefreshError {
    let contact = FailedContact { contact: node().to_string(), reason: CAUSE.to_owned() };
    RefreshError::Unanswered { contacts: vec![contact] }
}

fn unreachable(errors: impl IntoIterator<Item = ConnectError>) -> Error {
    let failed = |error| FailedNode { address: node(), error };
    Error::Unreachable { tried: errors.into_iter().map(failed).collect() }
}

fn with_a_cause() -> [ConnectError; 4] {
    [
        ConnectError::Io { source: io::Error::other(CAUSE) },
        ConnectError::Tls { source: io::Error::other(CAUSE) },
        ConnectError::Proxy { source: cause() },
        ConnectError::Closed { source: cause() },
    ]
}

fn busy() -> ConnectError {
    ConnectError::Busy { limit: 1 }
}

/// One error of each variant, and whether its request may have been executed.
fn errors() -> [(Error, bool); 9] {
    let after = Duration::from_secs(5);
    [
        (config(), false),
        (no_nodes(silent()), false),
        (unreachable(with_a_cause()), false),
        (Error::Unanswered { node: node(), source: cause() }, true),
        (Error::ReadTimeout { node: node(), after }, true),
        (Error::Stalled { node: node(), after }, true),
        (Error::Request { source: cause() }, false),
        (Error::NoRuntime, false),
        (Error::PassThrough { source: cause() }, true),
    ]
}

#[test]
fn what_was_written_to_a_node_may_have_been_executed_and_nothing_else() {
    for (error, expected) in errors() {
        assert_eq!(error.may_have_been_executed(), expected, "{error}");
    }
}

#[test]
fn every_text_ends_with_what_to_check() {
    for (error, _) in errors() {
        let check = format!("; check {}", error.what_to_check());
        assert!(error.to_string().ends_with(&check), "{error}");
    }
}

#[test]
fn what_to_check_depends_on_why_the_nodes_failed() {
    let tls = || ConnectError::Tls { source: io::Error::other(CAUSE) };
    let empty = || RefreshError::EmptyScope { scopes: "rack r7".to_owned() };
    for (error, word) in [
        (unreachable([tls(), tls()]), "certificates"),
        (unreachable([busy(), ConnectError::QueueFull { limit: 1 }]), "at once"),
        (unreachable([tls(), busy()]), "reachable"),
        (unreachable([]), "reachable"),
        (no_nodes(RefreshError::Pending), "reachable"),
        (no_nodes(silent()), "reachable"),
        (no_nodes(empty()), "rack"),
    ] {
        assert!(error.what_to_check().contains(word), "{error}");
    }
}

/// Every variant with a source, and those whose text lists several causes.
#[test]
fn the_cause_is_told_once() {
    let all = errors().map(|(error, _)| error).into_iter();
    let caused = all.filter(|error| std::error::Error::source(error).is_some());
    let nodes = with_a_cause().map(|error| unreachable([error]));
    let connects = with_a_cause().map(BoxError::from);
    let all: Vec<_> = caused.chain(nodes).map(BoxError::from).chain(connects).collect();
    assert_eq!(all.len(), 5 + 4 + 4);
    for error in &all {
        let walked: String = chain(&**error).map(ToString::to_string).collect();
        let debug = format!(" ({error:?})");
        let of_the_sdk = DisplayErrorContext(&**error).to_string();
        let of_the_sdk = of_the_sdk.strip_suffix(&debug).unwrap().to_owned();
        for text in [walked, of_the_sdk, explain(&**error)] {
            assert_eq!(text.matches(CAUSE).count(), 1, "{text}");
        }
    }
}

#[test]
fn a_cause_that_another_library_repeats_is_told_once_too() {
    #[derive(Debug, thiserror::Error)]
    #[error("connection error")]
    struct Mute(#[source] io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("connection error: {0}")]
    struct Talkative(#[source] io::Error);

    let source = || io::Error::other("certificate required");
    for source in [BoxError::from(Mute(source())), Talkative(source()).into()] {
        assert_eq!(
            Error::explain(&ConnectError::Closed { source }),
            "closed before the request was written: connection error: certificate required"
        );
    }
    assert_eq!(
        explain(&ConnectError::Tls { source: source() }),
        "TLS handshake failed: certificate required"
    );
}

#[test]
fn the_connectors_error_is_found_in_whatever_holds_it() {
    let is_found = |error: &(dyn std::error::Error + 'static)| {
        matches!(Error::find(error), Some(Error::NoRuntime))
    };
    assert!(is_found(&Error::NoRuntime));
    assert!(is_found(&io::Error::other(ConnectorError::user(Error::NoRuntime.into()))));
    let failure = ConnectorError::user(Error::NoRuntime.into());
    assert!(is_found(&SdkError::<io::Error>::dispatch_failure(failure)));
    assert!(!is_found(&io::Error::other(CAUSE)));
    assert!(!is_found(&SdkError::<io::Error>::timeout_error(cause())));
}
