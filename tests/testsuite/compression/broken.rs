//! Answers that are broken, too large or not what was asked for are errors that say so, and leave
//! the connections sound.

use alternator_connector::{AlternatorConnector, DecompressionError, ResponseCompression};
use alternator_testcluster::{Cluster, Fault};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use bytes::Bytes;

use crate::compression::{decode_error, deflate, get, gzip, put, text, with_compression};
use crate::support::{
    TABLE, alternator_client, alternator_client_with_table, connector, eventually, node_stats, s,
};

const LIMIT: usize = 1 << 20;

const ANSWER: &str = r#"{"Item":{"pk":{"S":"key"}}}"#;

struct Stage {
    cluster: Cluster,
    connector: AlternatorConnector,
    client: Client,
}

impl Stage {
    async fn set(answers: ResponseCompression) -> Self {
        let cluster = Cluster::builder().nodes(1).canned("GetItem", ANSWER).start().unwrap();
        let connector =
            connector(&cluster).response_compression(answers.max_size(LIMIT)).build().unwrap();
        let client = alternator_client(&connector).await;
        Self { cluster, connector, client }
    }

    async fn get(&self) -> Result<(), SdkError<GetItemError>> {
        let got = self.client.get_item().table_name(TABLE).key("pk", s("key")).send().await?;
        assert_eq!(got.item.unwrap()["pk"], s("key"));
        Ok(())
    }

    /// What comes of an answer with this encoding and body.
    async fn answered(
        &self,
        encoding: &str,
        body: impl Into<Bytes>,
    ) -> Result<(), SdkError<GetItemError>> {
        let (encoding, body) = (encoding.to_owned(), body.into());
        let node = self.cluster.node(0);
        node.inject(Fault::AnswerEncoded { encoding, body });
        let answered = self.get().await;
        node.heal();
        answered
    }

    /// Whether nothing is left of what failed.
    async fn is_sound(&self) {
        for _ in 0..3 {
            self.get().await.expect("the next requests work");
        }
        let node = self.cluster.node(0);
        eventually("nothing is left of what failed", async || {
            let seen = node_stats(&self.connector, &node);
            seen.in_flight == 0 && seen.connections_idle as u64 == node.stats().open
        })
        .await;
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_an_answer_is_told_and_the_next_requests_work() {
    let stage = Stage::set(ResponseCompression::on()).await;
    type Check = fn(&DecompressionError) -> bool;
    let truncated: Check = |e| matches!(e, DecompressionError::Truncated { .. });
    let damaged: Check = |e| matches!(e, DecompressionError::Damaged { .. });
    let trailing: Check = |e| matches!(e, DecompressionError::Trailing { .. });
    let too_large: Check = |e| matches!(e, DecompressionError::TooLarge { max_size: LIMIT, .. });
    let unasked: Check = |e| matches!(e, DecompressionError::Unasked { .. });
    let bomb = vec![b' '; 100 * LIMIT];
    let mut checksum = gzip(ANSWER);
    let at = checksum.len() - 8;
    checksum[at] ^= 1;
    let followed = |body: Vec<u8>| [&*body, b"more"].concat();
    let half = |body: Vec<u8>| body[..body.len() / 2].to_vec();
    let cases = [
        ("gzip", Vec::new(), truncated),
        ("gzip", half(gzip(ANSWER)), truncated),
        ("deflate", half(deflate(ANSWER)), truncated),
        ("gzip", ANSWER.into(), damaged),
        ("gzip", deflate(ANSWER), damaged),
        ("deflate", gzip(ANSWER), damaged),
        ("gzip", checksum, damaged),
        ("gzip", followed(gzip(ANSWER)), trailing),
        ("deflate", followed(deflate(ANSWER)), trailing),
        ("gzip", gzip(&bomb), too_large),
        ("deflate", deflate(&bomb), too_large),
        ("br", ANSWER.into(), unasked),
        ("gzip, gzip", gzip(gzip(ANSWER)), unasked),
    ];
    for (encoding, body, check) in cases {
        let error = stage.answered(encoding, body).await.unwrap_err();
        assert!(matches!(error, SdkError::ResponseError(_)), "{error:?}");
        let told = decode_error(&error).unwrap_or_else(|| panic!("{error:?}"));
        assert!(check(told), "{encoding}: {told:?}");
        stage.is_sound().await;
    }
}

#[tokio::test]
async fn what_is_whole_is_read_whatever_its_members() {
    let stage = Stage::set(ResponseCompression::on()).await;
    let (one, two) = ANSWER.split_at(10);
    let members = [gzip(one), gzip(""), gzip(two)].concat();
    for (encoding, body) in [
        ("gzip", gzip(ANSWER)),
        ("GZIP", gzip(ANSWER)),
        ("gzip", members),
        ("deflate", deflate(ANSWER)),
        ("identity", ANSWER.into()),
    ] {
        stage.answered(encoding, body).await.expect("it is whole");
    }
    stage.is_sound().await;
}

#[tokio::test]
async fn an_encoding_that_was_not_chosen_is_refused() {
    let stage = Stage::set(ResponseCompression::gzip()).await;
    let error = stage.answered("deflate", deflate(ANSWER)).await.unwrap_err();
    let told = decode_error(&error);
    assert!(
        matches!(told, Some(DecompressionError::Unasked { encoding, .. }) if encoding == "deflate")
    );
    stage.is_sound().await;
}

#[tokio::test]
async fn answers_are_left_alone_where_compression_is_off() {
    let stage = Stage::set(ResponseCompression::off()).await;
    // A node that encodes unasked, which none does: the user's own code may know what to make of
    // it.
    let error = stage.answered("gzip", gzip(ANSWER)).await.unwrap_err();
    assert!(decode_error(&error).is_none(), "{error:?}");
    stage.answered("br", ANSWER).await.expect("it is JSON");
    stage.is_sound().await;
}

#[tokio::test]
async fn a_connection_that_breaks_off_within_a_compressed_answer_is_an_error() {
    let cluster = Cluster::builder().nodes(1).start().unwrap();
    let (connector, client) = alternator_client_with_table(with_compression(&cluster)).await;
    // With a length, and in chunks.
    for length in [20_000, 300_000] {
        put(&client, "key", &text(length)).await;
        let node = cluster.node(0);
        node.inject(Fault::Truncate);
        let error =
            client.get_item().table_name(TABLE).key("pk", s("key")).send().await.unwrap_err();
        assert!(matches!(error, SdkError::ResponseError(_)), "{error:?}");
        node.heal();
        assert_eq!(get(&client, "key").await, text(length));
        assert_eq!(node_stats(&connector, &node).in_flight, 0);
    }
}
