//! Whether an update expression writes without reading, as the server decides: an attribute as a
//! whole is set to what the request says, or removed. All else depends on what is there, and so may
//! whatever is not understood.

use std::iter::Peekable;

use super::expression::{Lexeme, Lexemes};

/// Whether an update by this expression needs nothing of the item that is there.
pub(super) fn is_blind(expression: &str) -> bool {
    Parser(Lexemes::of(expression).peekable()).clauses().is_some()
}

/// Its methods give `None` at the first token that does not belong to a blind update.
struct Parser<'a>(Peekable<Lexemes<'a>>);

impl Parser<'_> {
    fn clauses(&mut self) -> Option<()> {
        while let Some(token) = self.0.next() {
            let action = match token {
                Lexeme::Name(word) if word.eq_ignore_ascii_case("SET") => Self::assignment,
                Lexeme::Name(word) if word.eq_ignore_ascii_case("REMOVE") => Self::attribute,
                // `ADD` and `DELETE` change what is there.
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

    /// A nested path is followed by a sign that nobody expects.
    fn attribute(&mut self) -> Option<()> {
        match self.0.next()? {
            Lexeme::Name(_) | Lexeme::Alias(_) => Some(()),
            Lexeme::Value(_) | Lexeme::Sign(_) => None,
        }
    }

    /// A value, or a function of such operands.
    fn operand(&mut self) -> Option<()> {
        // Calls may be nested as deep as a text is long, and the stack is not.
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
