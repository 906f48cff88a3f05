//! One line of a table: what a setting came to.

use super::report::{Report, Window};
use super::setting::Setting;
use super::world;

/// What was simulated, of which the first `bad` nodes are bad from the second `since` on.
pub(crate) struct Row<'a> {
    setting: &'a Setting,
    name: String,
    bad: usize,
    since: f64,
    pub(crate) report: Report,
}

impl<'a> Row<'a> {
    /// Simulates the setting, and prints what it came to.
    pub(crate) fn of(
        name: impl Into<String>,
        setting: &'a Setting,
        bad: usize,
        since: f64,
    ) -> Self {
        let row = Self { setting, name: name.into(), bad, since, report: world::run(setting) };
        println!("{}", row.text());
        row
    }

    /// All that began with the fault or later.
    pub(crate) fn faulty(&self) -> Window<'_> {
        self.report.between(self.since, self.setting.seconds)
    }

    /// What began when the fault was a second old, or later.
    pub(crate) fn later(&self) -> Window<'_> {
        self.report.between(self.since + 1.0, self.setting.seconds)
    }

    /// The part of the requests that went to bad nodes.
    pub(crate) fn share_of_bad(&self) -> f64 {
        self.faulty().share(self.setting.nodes, self.bad)
    }

    /// How many times its fair share the busiest of the good nodes got.
    pub(crate) fn unevenness(&self) -> f64 {
        self.faulty().unevenness(self.setting.nodes, self.bad)
    }

    pub(crate) fn text(&self) -> String {
        let Setting { nodes, clients, .. } = *self.setting;
        let (faulty, later) = (self.faulty(), self.later());
        format!(
            "{:32} {:10} {:>3} nodes {clients:>3} clients {:>6} calls {:>4} errors {:>5} retries, \
             wasted {:.5} bad {:.5} uneven {:.2}, p50 {:.2} p99 {:.2} p99.9 {:.2} ms, {} out",
            self.name,
            format!("{:?}", self.setting.policy),
            nodes,
            faulty.count(),
            faulty.errors(),
            faulty.retries(),
            faulty.wasted(),
            self.share_of_bad(),
            self.unevenness(),
            later.percentile(0.5),
            later.percentile(0.99),
            later.percentile(0.999),
            self.report.most_out,
        )
    }
}
