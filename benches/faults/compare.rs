//! Which measurements make a row.
//!
//! Machines change from minute to minute. The client that is judged is compared with what it did right before and right after,
//! with all nodes but the faulty one. The others are for comparison with it: both are measured at once, and each is compared
//! with what it did in the beginning.

use std::time::Duration;

use crate::NODES;
use crate::calls::{Load, Mode};
use crate::clients::Client;
use crate::figures::Healthy;
use crate::measure::{Seen, Setting, Trouble, measure};
use crate::row::Row;
use crate::scenarios::{Held, Scenario};

/// For how long at most the others are watched: nothing depends on a few hundredths of what they do.
const LONG_ENOUGH: Duration = Duration::from_secs(6);

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
        Self {
            mode,
            measured,
            latest: None,
            others: Vec::new(),
        }
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
        for &client in clients {
            if !self.others.iter().any(|known| known.client == client) {
                let known = self.healthy(client, load, self.measured);
                self.others.push(known);
            }
        }
        let length = self.length(scenario).min(LONG_ENOUGH);
        let this = &*self;
        let seen = std::thread::scope(|scope| {
            let measure = |&client| scope.spawn(move || this.faulty(scenario, client, length));
            let measured: Vec<_> = clients.iter().map(measure).collect();
            let each = measured.into_iter().map(|seen| seen.join().unwrap());
            each.collect::<Vec<_>>()
        });
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
        Known {
            client,
            load,
            length,
            seen,
        }
    }
}
