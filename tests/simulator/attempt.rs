//! What the connector does for one attempt of the SDK.

use super::calls::{Id, Stage};
use super::events::{Event, later};
use super::report::Sent;
use super::server::Condition;
use super::world::{ROUND_TRIP, World};
use crate::balance::head_start::head_start;
use crate::balance::moment::Moment;
use crate::balance::policy::Candidate;
use crate::dispatch::race::MAX_PARALLEL;

/// An attempt that was sent, and has ended.
#[derive(Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) client: usize,
    pub(crate) node: usize,
    pub(crate) begun: Moment,
    /// Requests on the node when it began, itself included.
    pub(crate) sharing: usize,
}

impl World<'_> {
    /// Turns to the next node of the plan.
    pub(crate) fn next_node(&mut self, id: Id) {
        let now = self.now;
        let Some(call) = self.calls.get(id) else {
            return;
        };
        let Stage::Connecting { racing, since } = call.stage else {
            return;
        };
        let client = &mut self.clients[call.client];
        let in_time = now < since.after(self.options.connect_budget);
        let next = in_time.then(|| client.choose(&call.tried, &call.avoid, now));
        let Some(node) = next.flatten() else {
            if racing == 0 {
                self.fail(id);
            }
            return;
        };
        call.tried.push(node);
        if client.lease(node, now) {
            return self.send(id, node);
        }
        client.connect(node, now);
        call.stage = Stage::Connecting { racing: racing + 1, since };
        let connect_timeout = self.options.connect_timeout;
        let head_start = head_start(client.connect_time, connect_timeout);
        let client = call.client;
        let (takes, well) = match self.servers[node].condition {
            Condition::Refuses => (ROUND_TRIP, false),
            Condition::Silent => (connect_timeout.as_secs_f64(), false),
            _ => (ROUND_TRIP, true),
        };
        let connected = Event::Connected { id, client, node, begun: now, well };
        self.after(takes, connected);
        self.after(head_start.as_secs_f64(), Event::HeadStart { id });
    }

    pub(crate) fn connected(
        &mut self,
        id: Id,
        client: usize,
        node: usize,
        begun: Moment,
        well: bool,
    ) {
        let now = self.now;
        if well {
            self.clients[client].connected(node, now.since(begun), now);
        } else {
            self.clients[client].release(node, false);
            self.report.wasted.push(self.clock(now));
            let out = self.clients[client].unreachable(node, now);
            self.note_outage(out, client, node);
        }
        let call = self.calls.get(id);
        let racing = call.filter(|c| matches!(c.stage, Stage::Connecting { .. }));
        match (racing, well) {
            (Some(_), true) => self.send(id, node),
            // Another was faster.
            (None, true) => self.clients[client].release(node, true),
            (Some(call), false) => {
                if let Stage::Connecting { racing, .. } = &mut call.stage {
                    *racing -= 1;
                }
                self.next_node(id);
            }
            (None, false) => {}
        }
    }

    pub(crate) fn head_start(&mut self, id: Id) {
        let now = self.now;
        let Some(call) = self.calls.get(id) else {
            return;
        };
        let Stage::Connecting { racing, .. } = call.stage else {
            return;
        };
        let Some(&latest) = call.tried.last() else {
            return;
        };
        if racing >= MAX_PARALLEL {
            return;
        }
        let client = call.client;
        let out = self.clients[client].stalled(latest, now);
        self.note_outage(out, client, latest);
        self.next_node(id);
    }

    pub(crate) fn send(&mut self, id: Id, node: usize) {
        let now = self.now;
        let Some(call) = self.calls.get(id) else {
            return;
        };
        call.stage = Stage::Sent {
            node,
            begun: now,
            sharing: self.clients[call.client].nodes[node].in_flight(),
        };
        self.report.sent.push(Sent { at: self.clock(now), node });
        self.events.limit(later(now, self.setting.patience), id);
        self.after(ROUND_TRIP / 2.0, Event::Reach { id, node });
    }

    /// The attempt has an end, by an answer or not.
    pub(crate) fn conclude(&mut self, id: Id, keep: bool) -> Option<Ended> {
        let call = self.calls.get(id)?;
        let Stage::Sent { node, begun, sharing } = call.stage else {
            return None;
        };
        let client = call.client;
        self.clients[client].release(node, keep);
        Some(Ended { client, node, begun, sharing })
    }

    pub(crate) fn answered(&mut self, id: Id, well: bool) {
        let Some(ended) = self.conclude(id, true) else {
            return;
        };
        let Ended { client, node, .. } = ended;
        if well {
            self.clients[client].answered(ended, self.now);
            return self.end(id, true);
        }
        self.clients[client].nodes[node].load.heard(ended.begun, self.now);
        self.failed(id, ended);
    }

    pub(crate) fn broke(&mut self, id: Id) {
        if let Some(ended) = self.conclude(id, false) {
            self.failed(id, ended);
        }
    }

    fn failed(&mut self, id: Id, ended: Ended) {
        let Ended { client, node, .. } = ended;
        let out = self.clients[client].failed(ended, 1, self.now);
        self.note_outage(out, client, node);
        self.fail(id);
    }

    pub(crate) fn give_up(&mut self, id: Id) {
        if let Some(ended) = self.conclude(id, false) {
            let Ended { client, node, .. } = ended;
            let out = self.clients[client].timed_out(ended, self.now);
            self.note_outage(out, client, node);
            self.fail(id);
        }
    }
}
