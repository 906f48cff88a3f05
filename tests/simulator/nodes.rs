//! What nodes do.

use super::calls::Id;
use super::events::Event;
use super::server::{Condition, Job};
use super::world::{ROUND_TRIP, World};

impl World<'_> {
    pub(crate) fn change(&mut self, index: usize) {
        let change = self.setting.changes[index].clone();
        for node in change.nodes {
            self.servers[node].condition = change.condition;
            if matches!(change.condition, Condition::Refuses | Condition::Silent) {
                self.servers[node].restart();
                for client in &mut self.clients {
                    client.lose_idle(node);
                }
                for id in self.calls.waiting_for(node) {
                    self.after(ROUND_TRIP / 2.0, Event::Break { id });
                }
            }
            self.work(node);
        }
    }

    pub(crate) fn reach(&mut self, id: Id, node: usize) {
        let service = self.exponential(self.setting.service);
        let Some(call) = self.calls.get(id) else {
            return;
        };
        let job = Job { id, service: service * call.weight };
        match self.servers[node].condition {
            Condition::Refuses | Condition::Silent => {
                self.after(ROUND_TRIP / 2.0, Event::Break { id })
            }
            Condition::Errors { .. } => self.answer(id, false),
            Condition::Faulty(part) if self.random.f64() < part => self.answer(id, false),
            _ if call.poison => self.answer(id, false),
            _ => {
                self.servers[node].push(job);
                self.work(node);
            }
        }
    }

    pub(crate) fn work(&mut self, node: usize) {
        while let Some(job) = self.servers[node].begin() {
            let factor = match self.servers[node].condition {
                Condition::Slow(factor) => factor,
                _ => 1.0,
            };
            self.after(job.service * factor, Event::Done { id: job.id, node });
        }
    }

    pub(crate) fn answer(&mut self, id: Id, well: bool) {
        self.after(ROUND_TRIP / 2.0, Event::Answer { id, well });
    }
}
