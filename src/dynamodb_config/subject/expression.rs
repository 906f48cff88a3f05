//! The lexemes of an expression, split as the server's lexer does.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lexeme<'a> {
    /// An attribute, a function or a keyword.
    Name(&'a str),
    /// The placeholder of an attribute's name, with its `#`.
    Alias(&'a str),
    /// The placeholder of a value, with its `:`.
    Value(&'a str),
    /// Any other character.
    Sign(char),
}

#[derive(Clone, Debug)]
pub(super) struct Lexemes<'a> {
    rest: &'a str,
}

impl<'a> Lexemes<'a> {
    pub(super) fn of(expression: &'a str) -> Self {
        Self { rest: expression }
    }
}

impl<'a> Iterator for Lexemes<'a> {
    type Item = Lexeme<'a>;

    fn next(&mut self) -> Option<Lexeme<'a>> {
        let text = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let first = text.chars().next()?;
        let length = match first {
            'a'..='z' | 'A'..='Z' | '#' | ':' => {
                let belongs = |c: &u8| c.is_ascii_alphanumeric() || *c == b'_';
                1 + text[1..].bytes().take_while(belongs).count()
            }
            other => other.len_utf8(),
        };
        let (word, rest) = text.split_at(length);
        self.rest = rest;
        Some(match first {
            'a'..='z' | 'A'..='Z' => Lexeme::Name(word),
            '#' if length > 1 => Lexeme::Alias(word),
            ':' if length > 1 => Lexeme::Value(word),
            sign => Lexeme::Sign(sign),
        })
    }
}
