//! One row of the table: what is measured, of every client, and the bound that it keeps.

use alternator_benches::arguments::name;

use crate::clients::Client;

/// What ours is to reach.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtMost(f64),
    /// At least so many times as much as the SDK by itself.
    TimesStock(f64),
}

pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    /// In the order of [`Client::ALL`].
    pub(crate) values: [f64; Client::ALL.len()],
    pub(crate) bound: Bound,
}

/// What is above the rows.
pub(crate) fn titles() {
    print!("{:<36}", "");
    for client in Client::ALL {
        print!("{:>10}", name(client));
    }
    println!("  bound");
}

impl Figure {
    pub(crate) fn print(&self) {
        print!("{:<36}", format!("{}, {}", self.name, self.unit));
        for value in self.values {
            print!("{value:>10.0}");
        }
        let bound = match self.bound {
            Bound::AtMost(most) => format!("{most} at most"),
            Bound::TimesStock(times) => {
                let reached = self.of(Client::Ours) / self.of(Client::Stock);
                format!("{times} times stock at least, it is {reached:.2} times")
            }
        };
        let verdict = if self.holds() { "" } else { ": DOES NOT HOLD" };
        println!("  {bound}{verdict}");
    }

    pub(crate) fn summarize(&self) {
        let [ours, stock, peer] =
            [Client::Ours, Client::Stock, Client::Peer].map(|client| self.of(client));
        println!("summary {} ours={ours:.0} stock={stock:.0} peer={peer:.0}", self.name);
    }

    pub(crate) fn holds(&self) -> bool {
        let ours = self.of(Client::Ours);
        match self.bound {
            Bound::AtMost(most) => ours <= most,
            Bound::TimesStock(times) => ours >= times * self.of(Client::Stock),
        }
    }

    fn of(&self, client: Client) -> f64 {
        Client::ALL
            .iter()
            .zip(self.values)
            .find(|(other, _)| **other == client)
            .expect("every client has a value")
            .1
    }
}
