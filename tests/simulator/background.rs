//! What the connector does in the background: it takes nodes out, and probes them.

use super::events::{Event, Found};
use super::server::Condition;
use super::world::{ROUND_TRIP, World};
use crate::balance::health::Down;

impl World<'_> {
    pub(crate) fn note_outage(&mut self, out: bool, client: usize, node: usize) {
        if !out {
            return;
        }
        if self.clients[client].nodes[node].health.out() == Some(Down::Ejected) {
            let out = self.clients[client].out();
            self.report.most_out = self.report.most_out.max(out);
        }
        self.plan_probe(client, node);
    }

    pub(crate) fn plan_probe(&mut self, client: usize, node: usize) {
        if let Some(due) = self.clients[client].nodes[node].health.probe_due() {
            self.events.at(due, Event::Probe { client, node });
        }
    }

    pub(crate) fn probe(&mut self, client: usize, node: usize) {
        let due = self.clients[client].nodes[node].health.probe_due();
        // It was brought back meanwhile, by a connect that was under way.
        if due.is_none_or(|due| due > self.now) {
            return;
        }
        // A connect and a question that costs the node nothing.
        let timeout = self.options.discovery_timeout.as_secs_f64();
        let (takes, found) = match self.servers[node].condition {
            Condition::Refuses => (ROUND_TRIP, Found::NotConnected),
            Condition::Silent => (timeout, Found::NotConnected),
            Condition::Hangs => (timeout, Found::NotAnswering),
            Condition::Errors { spared: false } => (2.0 * ROUND_TRIP, Found::NotAnswering),
            Condition::Healthy
            | Condition::Slow(_)
            | Condition::Faulty(_)
            | Condition::Errors { spared: true } => (2.0 * ROUND_TRIP, Found::Well),
        };
        self.after(takes, Event::Probed { client, node, found });
    }

    pub(crate) fn probed(&mut self, client: usize, node: usize, found: Found) {
        let now = self.now;
        let why = match found {
            Found::Well => return self.clients[client].probed(node, now),
            Found::NotConnected => Down::Unreachable,
            Found::NotAnswering => Down::Ejected,
        };
        self.clients[client].probe_failed(node, why, now);
        self.plan_probe(client, node);
    }
}
