//! What requests say about who sends them.

use http::HeaderValue;

use crate::error::ConfigError;

/// The `User-Agent` of requests made with
/// [`dynamodb_config`](crate::AlternatorConnector::dynamodb_config), which shows in the server's
/// table `system.clients`. The SDK's own is five times as long as the default.
///
/// ```
/// use alternator_connector::UserAgent;
///
/// let short = UserAgent::default();         // alternator-connector/0.1.0
/// let more = short.and("inventory/2.4");    // alternator-connector/0.1.0 inventory/2.4
/// let other = UserAgent::new("inventory/2.4");
/// let none = UserAgent::omitted();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserAgent(Says);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Says {
    Nothing,
    Exactly(String),
    /// And the application's name, where the SDK's configuration has one.
    AtLeast(String),
}

impl Default for UserAgent {
    /// Name and version of this crate, and `app/NAME` where the SDK's configuration has an
    /// [`AppName`](aws_types::app_name::AppName).
    fn default() -> Self {
        let text = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        Self(Says::AtLeast(text.to_owned()))
    }
}

impl UserAgent {
    /// Exactly this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Says::Exactly(text.into()))
    }

    /// No header at all.
    pub fn omitted() -> Self {
        Self(Says::Nothing)
    }

    /// One more product, comment or name, after a space.
    #[must_use]
    pub fn and(mut self, more: &str) -> Self {
        match &mut self.0 {
            Says::Nothing => return Self::new(more),
            Says::Exactly(text) | Says::AtLeast(text) => {
                text.push(' ');
                text.push_str(more);
            }
        }
        self
    }

    /// With the application's name, unless the text was given exactly.
    pub(crate) fn of_app(self, name: &str) -> Self {
        match self.0 {
            Says::AtLeast(_) => self.and(&format!("app/{name}")),
            _ => self,
        }
    }

    pub(crate) fn header(&self) -> Result<Option<HeaderValue>, ConfigError> {
        let (Says::Exactly(text) | Says::AtLeast(text)) = &self.0 else {
            return Ok(None);
        };
        let is_visible = |b: u8| b.is_ascii_graphic() || b == b' ';
        match HeaderValue::from_str(text) {
            Ok(value) if !text.trim().is_empty() && text.bytes().all(is_visible) => Ok(Some(value)),
            _ => Err(ConfigError::UserAgent { text: text.clone() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(agent: UserAgent) -> Option<String> {
        let value = agent.header().unwrap()?;
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn it_is_replaced_extended_or_left_out() {
        let default = header(UserAgent::default()).unwrap();
        assert!(default.starts_with("alternator-connector/"), "{default}");
        assert_eq!(header(UserAgent::default().and("b/2")), Some(format!("{default} b/2")));
        assert_eq!(header(UserAgent::new("a/1").and("b/2")).unwrap(), "a/1 b/2");
        assert_eq!(header(UserAgent::omitted()), None);
        assert_eq!(header(UserAgent::omitted().and("b/2")).unwrap(), "b/2");
    }

    #[test]
    fn the_application_is_named_unless_the_text_was_given_exactly() {
        let default = header(UserAgent::default()).unwrap();
        assert_eq!(
            header(UserAgent::default().of_app("shop")),
            Some(format!("{default} app/shop"))
        );
        assert_eq!(header(UserAgent::new("a/1").of_app("shop")).unwrap(), "a/1");
        assert_eq!(header(UserAgent::omitted().of_app("shop")), None);
    }

    #[test]
    fn what_cannot_be_a_header_is_an_error() {
        for bad in ["", "  ", "a\nb", "a\tb", "\u{e9}"] {
            let error = UserAgent::new(bad).header().unwrap_err();
            assert!(matches!(error, ConfigError::UserAgent { text } if text == bad));
        }
    }
}
