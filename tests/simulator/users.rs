//! What users do, and the SDK for them.

use super::calls::{Id, Stage};
use super::events::Event;
use super::report::{Call, End};
use super::setting::{Demand, HEAVY};
use super::world::World;

/// The SDK's: attempts of a call, and the longest sleep before each but the first, in seconds.
const ATTEMPTS: u32 = 3;
const LONGEST_SLEEP: f64 = 1.0;

impl World<'_> {
    pub(crate) fn plan_call(&mut self, client: usize) {
        if let Some(rate) = self.setting.rate() {
            let wait = self.exponential(1.0 / rate);
            self.after(wait, Event::Call { client });
        }
    }

    pub(crate) fn plan_poison(&mut self, client: usize) {
        self.after(1.0 / self.setting.poison, Event::Poison { client });
    }

    pub(crate) fn call(&mut self, client: usize, poison: bool) {
        let heavy = self.setting.heavy > 0.0 && self.random.f64() < self.setting.heavy;
        let weight = if heavy { HEAVY } else { 1.0 };
        let id = self.calls.begin(client, self.now, poison, weight);
        self.attempt(id);
    }

    /// A call has ended for its user.
    pub(crate) fn end(&mut self, id: Id, well: bool) {
        let Some(call) = self.calls.get(id) else {
            return;
        };
        let (client, born, retried) = (call.client, call.born, call.attempts > 1);
        let (poison, heavy) = (call.poison, call.weight > 1.0);
        self.calls.end(id);
        if well {
            self.clients[client].pay_back(retried);
        }
        self.report.calls.push(Call {
            born: self.clock(born),
            took: self.now.since(born).as_secs_f64(),
            end: if well { End::Well } else { End::Failed },
            poison,
            heavy,
        });
        if matches!(self.setting.demand, Demand::Users(_)) && !poison {
            self.call(client, false);
        }
    }

    pub(crate) fn attempt(&mut self, id: Id) {
        let Some(call) = self.calls.get(id) else {
            return;
        };
        call.attempts += 1;
        call.tried.clear();
        call.stage = Stage::Connecting { racing: 0, since: self.now };
        self.next_node(id);
    }

    /// An attempt has failed.
    pub(crate) fn fail(&mut self, id: Id) {
        let id = self.calls.next_attempt(id);
        let Some(call) = self.calls.get(id) else {
            return;
        };
        call.stage = Stage::Sleeping;
        let (client, again) = (call.client, call.attempts < ATTEMPTS);
        let tried = std::mem::take(&mut call.tried);
        call.avoid.extend(tried);
        if again && self.clients[client].pay_for_retry() {
            self.report.retries.push(self.clock(self.now));
            let sleep = self.random.f64() * LONGEST_SLEEP;
            self.after(sleep, Event::Retry { id });
        } else {
            self.end(id, false);
        }
    }
}
