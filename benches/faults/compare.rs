//! Which measurements make a row.
//!
//! Machines change from minute to minute. The client that is judged is compared with what it did
//! right before and right after, with all nodes but the faulty one. The others are for comparison
//! with it: both are measured at once, and each is compared with what it did in the beginning.

use std::time::Duration;

use crate::NODES;
use crate::calls::{Load, Mode};
use crate::clients::Client;
use crate::figures::Healthy;
use crate::measure::{Seen, Setting, Trouble, measure};
use crate::row::Row;
use crate::scenarios::{Held, Scenario};

pub(crate) struct Comparison {
    mode: Mode,
    measured: Duration,
    /// The latest healthy measurement of the client that is judged.
    latest: Option<Known>,
    /// Those of the others.
    others: Vec<Known>,
}

struct Known {
    client: Client,
    load: Load,
    length: Duration,
    seen: Seen,
}

impl Comparison {
    pub(crate) fn new(mode: Mode, measured: Duration) -> Self {
        Self { mode, measured, latest: None, others: Vec::new() }
    }

    pub(crate) fn judged(&mut self, scenario: &Scenario) -> Row {
        let client = scenario.clients[0];
        let load = match (self.mode.load, scenario.bounds.held) {
            // Workers whose calls the node takes with it are not there to call again.
            (Load::Closed(workers), Held::Stuck) => Load::Closed(workers - workers.div_ceil(NODES)),
            (load, _) => load,
        };
        let length = self.length(scenario);
        let healthy = match scenario.bounds.percentile {
            ..0.99 | 0.99 => self.measured / 2,
            // As much in both together as of the fault.
            _ => length / 2,
        };
        let of = |known: &Known| (known.client, known.load, known.length);
        let before = self
            .latest
            .take()
            .filter(|known| of(known) == (client, load, healthy))
            .unwrap_or_else(|| self.healthy(client, load, healthy));
        let seen = self.faulty(scenario, client, length);
        let after = self.healthy(client, load, healthy);
        let both = Healthy(&[&before.seen, &after.seen]);
        let row = Row::new(scenario, client, self.mode, seen, both, load);
        self.latest = Some(after);
        row
    }

    pub(crate) fn others(&mut self, scenario: &Scenario) -> Vec<Row> {
        let clients = &scenario.clients[1..];
        let load = self.mode.load;
        let unknown: Vec<_> = clients
            .iter()
            .filter(|client| !self.others.iter().any(|known| known.client == **client))
            .copied()
            .collect();
        let healthy = at_once(&unknown, |client| self.healthy(client, load, self.measured));
        self.others.extend(healthy);
        let length = match scenario.trouble {
            // A few hundredths more or less make no difference here.
            Trouble::Stays(_) => self.measured,
            Trouble::Moves(_) => self.length(scenario),
        };
        let seen = at_once(clients, |client| self.faulty(scenario, client, length));
        let rows = clients.iter().zip(seen).map(|(&client, seen)| {
            let known = self.others.iter().find(|known| known.client == client);
            let healthy = [&known.unwrap().seen];
            Row::new(scenario, client, self.mode, seen, Healthy(&healthy), load)
        });
        rows.collect()
    }

    fn length(&self, scenario: &Scenario) -> Duration {
        self.measured.max((scenario.at_least)(self.mode.pace))
    }

    fn faulty(&self, scenario: &Scenario, client: Client, length: Duration) -> Seen {
        measure(&Setting {
            client,
            load: self.mode.load,
            pace: self.mode.pace,
            nodes: NODES,
            measured: length,
            read_timeout: scenario.read_timeout,
            trouble: scenario.trouble,
        })
    }

    fn healthy(&self, client: Client, load: Load, length: Duration) -> Known {
        let seen = measure(&Setting {
            client,
            load,
            pace: self.mode.pace,
            nodes: client.healthy_nodes(),
            measured: length,
            read_timeout: None,
            trouble: Trouble::Moves(|_, _| {}),
        });
        Known { client, load, length, seen }
    }
}

/// Of each client.
fn at_once<T: Send>(clients: &[Client], measure: impl Fn(Client) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let one = |&client| {
            let measure = &measure;
            scope.spawn(move || measure(client))
        };
        let running: Vec<_> = clients.iter().map(one).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    })
}
