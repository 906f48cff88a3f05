//! The simulation: clients, nodes and the time between them.

use super::calls::Calls;
use super::client::Client;
use super::events::{Event, Events, Next, later};
use super::report::{Call, End, Report};
use super::server::Server;
use super::setting::{Demand, Setting};
use crate::balance::moment::Moment;
use crate::config::Options;

/// The time from a client to a node and back, in seconds.
pub(crate) const ROUND_TRIP: f64 = 0.0002;

/// When it all begins: a process that has run for a while, so that nothing is special about the
/// first moment.
pub(crate) const BEGIN: Moment = Moment::from_nanos(1_000_000_000_000);

pub(crate) struct World<'a> {
    pub(crate) setting: &'a Setting,
    /// The connector's defaults.
    pub(crate) options: Options,
    pub(crate) now: Moment,
    pub(crate) events: Events,
    pub(crate) servers: Vec<Server>,
    pub(crate) clients: Vec<Client>,
    pub(crate) calls: Calls,
    pub(crate) random: fastrand::Rng,
    pub(crate) report: Report,
}

pub(crate) fn run(setting: &Setting) -> Report {
    let mut random = fastrand::Rng::with_seed(setting.seed);
    let client = |_| Client::new(setting.policy, setting.nodes, random.fork());
    let clients = (0..setting.clients).map(client).collect();
    let mut world = World {
        setting,
        options: Options::default(),
        now: BEGIN,
        events: Events::default(),
        servers: (0..setting.nodes).map(|_| Server::new(setting.workers)).collect(),
        clients,
        calls: Calls::default(),
        random,
        report: Report::default(),
    };
    world.run();
    world.report
}

impl World<'_> {
    fn run(&mut self) {
        for (index, change) in self.setting.changes.iter().enumerate() {
            self.events.at(later(BEGIN, change.at), Event::Change { index });
        }
        for client in 0..self.setting.clients {
            match self.setting.demand {
                Demand::Users(users) => (0..users).for_each(|_| self.call(client, false)),
                Demand::Rate(_) | Demand::Utilisation(_) => self.plan_call(client),
            }
            if self.setting.poison > 0.0 {
                self.plan_poison(client);
            }
        }
        let end = later(BEGIN, self.setting.seconds);
        while let Some((now, next)) = self.events.next(end) {
            self.now = now;
            match next {
                Next::Event(event) => self.happen(event),
                Next::Limit(id) => self.give_up(id),
            }
        }
        let open = self.calls.open().map(|(_, call)| Call {
            born: call.born.since(BEGIN).as_secs_f64(),
            took: end.since(call.born).as_secs_f64(),
            end: End::Open,
            poison: call.poison,
            heavy: call.weight > 1.0,
        });
        self.report.calls.extend(open);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Change { index } => self.change(index),
            Event::Call { client } => {
                self.call(client, false);
                self.plan_call(client);
            }
            Event::Poison { client } => {
                self.call(client, true);
                self.plan_poison(client);
            }
            Event::Connected { id, client, node, begun, well } => {
                self.connected(id, client, node, begun, well)
            }
            Event::HeadStart { id } => self.head_start(id),
            Event::Reach { id, node } => self.reach(id, node),
            Event::Done { id, node } => {
                if self.servers[node].done(id) {
                    self.answer(id, true);
                }
                self.work(node);
            }
            Event::Answer { id, well } => self.answered(id, well),
            Event::Break { id } => self.broke(id),
            Event::Retry { id } => self.attempt(id),
            Event::Probe { client, node } => self.probe(client, node),
            Event::Probed { client, node, found } => self.probed(client, node, found),
        }
    }

    pub(crate) fn after(&mut self, seconds: f64, event: Event) {
        self.events.at(later(self.now, seconds), event);
    }

    /// Seconds from the beginning to a time.
    pub(crate) fn clock(&self, time: Moment) -> f64 {
        time.since(BEGIN).as_secs_f64()
    }

    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.random.f64()).ln()
    }
}
