//! The words and signs of an expression, as the server's lexer tells them apart.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An attribute, a function or a keyword.
    Name(&'a str),
    /// What stands for the name of an attribute, with its `#`.
    Alias(&'a str),
    /// What stands for a value, with its `:`.
    Value(&'a str),
    /// Everything else, one character at a time.
    Sign(char),
}

#[derive(Clone, Debug)]
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(expression: &'a str) -> Self {
        Self { rest: expression }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let text = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let first = text.chars().next()?;
        let after = text[first.len_utf8()..]
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .map_or(text.len(), |length| first.len_utf8() + length);
        let word = &text[..after];
        let token = match first {
            'a'..='z' | 'A'..='Z' => Token::Name(word),
            '#' if word.len() > 1 => Token::Alias(word),
            ':' if word.len() > 1 => Token::Value(word),
            sign => {
                self.rest = &text[sign.len_utf8()..];
                return Some(Token::Sign(sign));
            }
        };
        self.rest = &text[after..];
        Some(token)
    }
}
