//! The headers that the SDK sends and Alternator has no use for, and which of them are kept all the
//! same.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::dynamodb::headers::{INVOCATION_ID, REQUEST};
use crate::error::ConfigError;

const X_AMZ_USER_AGENT: HeaderName = HeaderName::from_static("x-amz-user-agent");

/// Which of those headers the user wants to keep.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) content_type: bool,
    pub(crate) user_agent: bool,
    pub(crate) x_amz_user_agent: bool,
    pub(crate) request: bool,
    pub(crate) invocation_id: bool,
}

impl Kept {
    pub(crate) fn parse(names: &[String]) -> Result<Self, ConfigError> {
        let mut kept = Self::default();
        for name in names {
            let lower = name.to_ascii_lowercase();
            let all = [
                (header::CONTENT_TYPE, &mut kept.content_type),
                (header::USER_AGENT, &mut kept.user_agent),
                (X_AMZ_USER_AGENT, &mut kept.x_amz_user_agent),
                (REQUEST, &mut kept.request),
                (INVOCATION_ID, &mut kept.invocation_id),
            ];
            let Some((_, keep)) = all.into_iter().find(|(known, _)| *known == *lower) else {
                return Err(ConfigError::KeptHeader { name: name.clone() });
            };
            *keep = true;
        }
        Ok(kept)
    }

    /// Takes out of a request what is neither read by the server nor signed.
    pub(crate) fn strip(&self, headers: &mut HeaderMap) {
        let authorization = headers.get(header::AUTHORIZATION).cloned();
        let signed = authorization.as_ref().map_or("", signed_headers);
        for (name, kept) in [
            (header::USER_AGENT, self.user_agent),
            (REQUEST, self.request),
            (INVOCATION_ID, self.invocation_id),
        ] {
            let is_signed = |signed: &str| signed.eq_ignore_ascii_case(name.as_str());
            if !kept && !signed.split(';').any(is_signed) {
                headers.remove(name);
            }
        }
    }
}

/// The list of the headers that a signature covers.
fn signed_headers(authorization: &HeaderValue) -> &str {
    let list = std::str::from_utf8(authorization.as_bytes())
        .unwrap_or_default()
        .split_once("SignedHeaders=")
        .map(|(_, list)| list);
    list.and_then(|list| list.split([',', ' ']).next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(signed: &str) -> HeaderMap {
        let authorization = format!("AWS4-HMAC-SHA256 Credential=a/b, {signed}, Signature=00");
        [
            (header::AUTHORIZATION, authorization.as_str()),
            (header::USER_AGENT, "sdk"),
            (X_AMZ_USER_AGENT, "sdk"),
            (REQUEST, "attempt=1; max=3"),
            (INVOCATION_ID, "id"),
            (header::CONTENT_TYPE, "application/x-amz-json-1.0"),
        ]
        .into_iter()
        .map(|(name, value)| (name, value.parse().unwrap()))
        .collect()
    }

    fn left(kept: &[&str], signed: &str) -> Vec<String> {
        let kept: Vec<_> = kept.iter().map(|name| (*name).to_owned()).collect();
        let mut headers = request(signed);
        Kept::parse(&kept).unwrap().strip(&mut headers);
        let mut names: Vec<_> = headers.keys().map(|name| name.to_string()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn what_is_neither_read_nor_signed_is_taken_out() {
        let signed = "SignedHeaders=content-type;host;x-amz-user-agent";
        let rest = ["authorization", "content-type", "x-amz-user-agent"];
        assert_eq!(left(&[], signed), rest);
        let mut unsigned = request(signed);
        unsigned.remove(header::AUTHORIZATION);
        Kept::default().strip(&mut unsigned);
        assert_eq!(unsigned.len(), 2);
    }

    #[test]
    fn what_is_signed_stays() {
        let names = left(&[], "SignedHeaders=amz-sdk-request;host;User-Agent");
        assert!(names.contains(&"amz-sdk-request".to_owned()));
        assert!(names.contains(&"user-agent".to_owned()));
        assert!(!names.contains(&"amz-sdk-invocation-id".to_owned()));
    }

    #[test]
    fn what_is_to_be_kept_stays() {
        let names = left(&["User-Agent", "amz-sdk-invocation-id"], "SignedHeaders=host");
        assert!(names.contains(&"user-agent".to_owned()));
        assert!(names.contains(&"amz-sdk-invocation-id".to_owned()));
        assert!(!names.contains(&"amz-sdk-request".to_owned()));
    }

    #[test]
    fn a_header_that_is_sent_anyway_cannot_be_kept() {
        let error = Kept::parse(&["x-amz-target".to_owned()]).unwrap_err();
        assert!(matches!(error, ConfigError::KeptHeader { name } if name == "x-amz-target"));
    }
}
