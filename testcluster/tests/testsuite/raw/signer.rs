//! Signature Version 4 by the book, written apart from the server's verification.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

#[derive(Clone)]
pub struct Signer {
    pub user: String,
    pub secret: String,
    pub region: String,
    pub service: String,
    pub date: String,
}

impl Signer {
    pub fn new(user: &str, secret: &str) -> Self {
        Self {
            user: user.to_owned(),
            secret: secret.to_owned(),
            region: "us-east-1".to_owned(),
            service: "dynamodb".to_owned(),
            date: String::new(),
        }
        .off_by(Duration::ZERO)
    }

    /// As if the client's clock were that far ahead.
    #[must_use]
    pub fn off_by(mut self, ahead: Duration) -> Self {
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        self.date = (OffsetDateTime::now_utc() + ahead).format(format).unwrap();
        self
    }

    pub fn authorization(&self, headers: &[(String, String)], body: &[u8]) -> String {
        let mut canonical: Vec<(String, String)> = headers
            .iter()
            .map(|(name, value)| {
                (name.to_lowercase(), value.split_whitespace().collect::<Vec<_>>().join(" "))
            })
            .collect();
        canonical.sort();
        let names = canonical.iter().map(|(name, _)| &**name).collect::<Vec<_>>().join(";");
        let lines: String =
            canonical.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let request = format!("POST\n/\n\n{lines}\n{names}\n{}", hash(body));
        let scope = format!("{}/{}/{}/aws4_request", &self.date[..8], self.region, self.service);
        let to_sign =
            format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", self.date, hash(request.as_bytes()));
        let day = hmac(format!("AWS4{}", self.secret).as_bytes(), &self.date[..8]);
        let region = hmac(&day, &self.region);
        let service = hmac(&region, &self.service);
        let signature = hex(&hmac(&hmac(&service, "aws4_request"), &to_sign));
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.user
        )
    }
}

fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    sign(&Key::new(HMAC_SHA256, key), message.as_bytes()).as_ref().to_vec()
}

fn hash(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
