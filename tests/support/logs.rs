//! What the connector logs, and errors that others log, for tests that care.
//!
//! One subscriber listens for the whole process. Every test has a thread of its own, and hears only
//! that.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

thread_local! {
    static EVENTS: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn capture_logs() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Ear).unwrap());
    // tracing may have cached that an event is disabled, if a thread logged it for the first time
    // while the subscriber was being installed.
    tracing::callsite::rebuild_interest_cache();
}

/// Forgets what was said before, for where a thread runs one test after the other.
pub(crate) fn forget_logs() {
    EVENTS.take();
}

/// How often something that contains the text was said at the level, in this test.
pub(crate) fn logged(level: Level, text: &str) -> usize {
    EVENTS.with_borrow(|events| {
        events.iter().filter(|(l, t)| *l == level && t.contains(text)).count()
    })
}

struct Ear;

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_ours = metadata.target().starts_with("alternator_connector");
        *metadata.level() <= if is_ours { Level::INFO } else { Level::ERROR }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        EVENTS.with_borrow_mut(|events| events.push((*event.metadata().level(), text.0)));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}
