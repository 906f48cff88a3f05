//! Requests as bytes, with every header under the test's control.

use super::Signer;

#[derive(Clone)]
pub struct Request {
    start: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// `GET` of a target, with nothing but a Host header.
pub fn get(target: &str) -> Request {
    Request { start: format!("GET {target} HTTP/1.1"), headers: Vec::new(), body: Vec::new() }
        .header("Host", "db.test:8000")
}

/// A DynamoDB request with the headers that it cannot do without; Content-Length follows the body.
pub fn operation(name: &str, body: impl AsRef<[u8]>) -> Request {
    let target = format!("DynamoDB_20120810.{name}");
    get("/").start("POST / HTTP/1.1").header("X-Amz-Target", &target).body(body)
}

impl Request {
    #[must_use]
    pub fn start(mut self, line: &str) -> Self {
        line.clone_into(&mut self.start);
        self
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    #[must_use]
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    pub fn value(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    }

    /// Signs every header that is there by now, and the date.
    #[must_use]
    pub fn signed(self, signer: &Signer) -> Self {
        let request = self.header("X-Amz-Date", &signer.date);
        let authorization = signer.authorization(&request.headers, &request.body);
        request.header("Authorization", &authorization)
    }

    pub fn head(&self) -> Vec<u8> {
        let mut head = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let framed = self.headers.iter().any(|(name, _)| {
            name.eq_ignore_ascii_case("content-length")
                || name.eq_ignore_ascii_case("transfer-encoding")
        });
        if !framed && self.start.starts_with("POST") {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    pub fn bytes(&self) -> Vec<u8> {
        [self.head(), self.body.clone()].concat()
    }
}

impl From<Request> for Vec<u8> {
    fn from(request: Request) -> Self {
        request.bytes()
    }
}

impl From<&Request> for Vec<u8> {
    fn from(request: &Request) -> Self {
        request.bytes()
    }
}
