use super::scanner::Scanner;
use super::*;

pub(crate) fn parse(text: &[u8]) -> Result<Option<Head>, Malformed> {
    let mut scanner = Scanner::default();
    // Byte by byte is the hardest way to arrive.
    for end in 1..=text.len() {
        if let Some(length) = scanner.scan(&text[..end])? {
            return Ok(Some(scanner.finish(Bytes::copy_from_slice(&text[..length]))));
        }
    }
    Ok(None)
}

#[test]
fn fields_are_found_joined_trimmed_and_unfolded() {
    let head =
        parse(b"POST /a/?b=c HTTP/1.1\r\nA:  1 \t\r\na: 2\r\nEmpty:\r\nB: x\r\n  y\r\n\r\nrest")
            .unwrap()
            .unwrap();
    assert_eq!(head.method(), "POST");
    assert_eq!(head.path(), "/a");
    assert_eq!(head.query(), "b=c");
    assert_eq!(head.version(), "1.1");
    assert_eq!(head.get_text("a"), "1,2");
    assert_eq!(head.get_text("empty"), "");
    assert!(head.get("empty").is_some() && head.get("none").is_none());
    assert_eq!(head.get_text("b"), "x y");
    assert!(head.bytes().ends_with(b"\r\n\r\n"));
}

#[test]
fn what_seastar_refuses_is_refused_at_the_first_wrong_byte() {
    for text in [
        &b"g"[..],
        b" ",
        b"GET  ",
        b"GET /\r\n",
        b"GET / HTTX",
        b"GET / HTTP/1.1\n",
        b"GET / HTTP/1.1\r\n ",
        b"GET / HTTP/1.1\r\nA ",
        b"GET / HTTP/1.1\r\nA: \x01",
        b"GET / HTTP/1.1\r\n:",
        b"GET / HTTP/1.1\r\nA: b\n",
        b"GET / HTTP/11",
    ] {
        assert!(parse(text).is_err(), "{:?} was taken", text.escape_ascii().to_string());
        assert!(
            parse(&text[..text.len() - 1]).is_ok_and(|head| head.is_none()),
            "{text:?} was refused too early"
        );
    }
    assert_eq!(parse(b"GET / HTTP/1.0\r\n:").unwrap_err(), Malformed(Some("1.0".into())));
}

#[test]
fn any_version_digits_are_taken() {
    assert_eq!(parse(b"PRI * HTTP/2.0\r\n\r\n").unwrap().unwrap().version(), "2.0");
}
