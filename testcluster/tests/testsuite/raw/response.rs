//! Responses as they came, read by framing alone.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::Connection;

#[derive(Debug)]
pub struct Response {
    /// Everything up to and including the empty line, with the value of Date replaced by `<date>`
    /// once it was seen to be one.
    pub head: String,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// The body as it was framed.
    pub framed: Vec<u8>,
}

impl Response {
    pub(super) fn read(connection: &mut Connection) -> Self {
        let head = connection.read_through(b"\r\n\r\n");
        let head = mask_date(&String::from_utf8(head).unwrap());
        let mut response = Self { head, body: Vec::new(), framed: Vec::new() };
        if response.header("Transfer-Encoding") == Some("chunked") {
            response.read_chunks(connection);
        } else if let Some(length) = response.header("Content-Length") {
            response.body = connection.read_exactly(length.parse().unwrap());
            response.framed.clone_from(&response.body);
        }
        response
    }

    fn read_chunks(&mut self, connection: &mut Connection) {
        loop {
            let size = connection.read_through(b"\r\n");
            self.framed.extend_from_slice(&size);
            let size = std::str::from_utf8(&size).unwrap().trim_end();
            let size = usize::from_str_radix(size, 16).unwrap();
            let chunk = connection.read_exactly(size);
            let end = connection.read_exactly(2);
            assert_eq!(end, b"\r\n", "a chunk ends with its line");
            self.framed.extend_from_slice(&chunk);
            self.framed.extend_from_slice(&end);
            self.body.extend_from_slice(&chunk);
            if size == 0 {
                return;
            }
        }
    }

    pub fn status(&self) -> u16 {
        self.head[9..12].parse().unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value)
    }

    /// The status line and every header, byte by byte, besides the standard ones.
    #[track_caller]
    pub fn assert_head(&self, status_line: &str, headers: &[&str]) {
        let standard = ["Server: Seastar httpd", "Date: <date>"];
        self.assert_whole_head(status_line, &[headers, &standard].concat());
    }

    /// In any order, because the server keeps headers in a hash map.
    #[track_caller]
    pub fn assert_whole_head(&self, status_line: &str, headers: &[&str]) {
        let mut lines: Vec<&str> =
            self.head.strip_suffix("\r\n\r\n").unwrap().split("\r\n").collect();
        assert_eq!(lines.remove(0), status_line);
        lines.sort_unstable();
        let mut headers = headers.to_vec();
        headers.sort_unstable();
        assert_eq!(lines, headers);
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The message of an API error, which has this status and type.
    #[track_caller]
    pub fn error(&self, status: u16, kind: &str) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(body["__type"], format!("com.amazonaws.dynamodb.v20120810#{kind}"));
        assert_eq!(self.status(), status);
        body["message"].as_str().unwrap().to_owned()
    }
}

/// `Date: Fri, 21 Aug 2026 10:00:00 GMT`, whatever the moment.
fn mask_date(head: &str) -> String {
    let Some((before, rest)) = head.split_once("\r\nDate: ") else {
        return head.to_owned();
    };
    let (date, after) = rest.split_once("\r\n").unwrap();
    assert!(OffsetDateTime::parse(date, &Rfc2822).is_ok(), "{date}");
    assert!(date.len() == 29 && date.ends_with(" GMT"), "{date}");
    format!("{before}\r\nDate: <date>\r\n{after}")
}
