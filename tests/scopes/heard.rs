//! What the connector says aloud, for tests that care.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Metadata, Subscriber, span};

/// The events of this thread from a level on, as text, while it lives.
pub(crate) struct Heard {
    events: Arc<Mutex<Vec<(Level, String)>>>,
    _guard: DefaultGuard,
}

impl Heard {
    pub(crate) fn listen() -> Self {
        let events = Arc::default();
        let ear = Ear(Arc::clone(&events));
        Self {
            events,
            _guard: tracing::subscriber::set_default(ear),
        }
    }

    /// How often something that contains the text was said at the level.
    pub(crate) fn count(&self, level: Level, text: &str) -> usize {
        let events = self.events.lock().unwrap();
        let said = events
            .iter()
            .filter(|(l, t)| *l == level && t.contains(text));
        said.count()
    }
}

struct Ear(Arc<Mutex<Vec<(Level, String)>>>);

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("alternator_connector") && *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let level = *event.metadata().level();
        self.0.lock().unwrap().push((level, text.0));
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
