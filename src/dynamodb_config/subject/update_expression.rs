//! Whether an update expression writes without reading, by the server's rules: it only sets whole
//! attributes to values of the request, or removes them. Everything else reads the item, and what
//! cannot be parsed is assumed to.

use std::iter::Peekable;

use super::expression::{Lexeme, Lexemes};

/// Returns whether an update by this expression does not read the item.
pub(super) fn is_blind(expression: &str) -> bool {
    Parser(Lexemes::of(expression).peekable()).clauses().is_some()
}

/// A parser of blind updates. Its methods return `None` at the first lexeme that is not part of
/// one.
struct Parser<'a>(Peekable<Lexemes<'a>>);

impl Parser<'_> {
    fn clauses(&mut self) -> Option<()> {
        while let Some(token) = self.0.next() {
            let action = match token {
                Lexeme::Name(word) if word.eq_ignore_ascii_case("SET") => Self::assignment,
                Lexeme::Name(word) if word.eq_ignore_ascii_case("REMOVE") => Self::attribute,
                // `ADD` and `DELETE` change the item's own values.
                _ => return None,
            };
            action(self)?;
            while self.skip(',') {
                action(self)?;
            }
        }
        Some(())
    }

    fn assignment(&mut self) -> Option<()> {
        self.attribute()?;
        self.expect('=')?;
        self.operand()?;
        if self.skip('+') || self.skip('-') {
            self.operand()?;
        }
        Some(())
    }

    /// A nested path fails at the sign after its first name, which is not expected here.
    fn attribute(&mut self) -> Option<()> {
        match self.0.next()? {
            Lexeme::Name(_) | Lexeme::Alias(_) => Some(()),
            Lexeme::Value(_) | Lexeme::Sign(_) => None,
        }
    }

    /// A value, or a function of operands.
    fn operand(&mut self) -> Option<()> {
        // A loop, as calls may be nested deeper than the stack allows.
        let mut open = 0;
        loop {
            match self.0.next()? {
                Lexeme::Value(_) => {}
                Lexeme::Name(_) => {
                    self.expect('(')?;
                    open += 1;
                    continue;
                }
                Lexeme::Alias(_) | Lexeme::Sign(_) => return None,
            }
            while open > 0 && self.skip(')') {
                open -= 1;
            }
            if open == 0 {
                return Some(());
            }
            self.expect(',')?;
        }
    }

    fn skip(&mut self, sign: char) -> bool {
        self.0.next_if_eq(&Lexeme::Sign(sign)).is_some()
    }

    fn expect(&mut self, sign: char) -> Option<()> {
        self.skip(sign).then_some(())
    }
}
