//! A client: the connector's own rules for choosing nodes and for leaving them alone, without
//! sockets.

use std::time::Duration;

use super::attempt::Ended;
use crate::balance::health::{Down, Health, may_eject};
use crate::balance::load::Load;
use crate::balance::moment::Moment;
use crate::balance::policy::Policy;
use crate::balance::policy::{Candidate, Chooser, PickContext};
use crate::cluster::outages::record_failure;
use crate::dispatch::in_flight::SILENCE_WEIGHT;

/// The SDK's budget for retries, and what a retry takes from it.
const TOKENS: f64 = 500.0;
const RETRY: f64 = 5.0;

/// A node in the eyes of one client.
pub(crate) struct Node {
    index: usize,
    pub(crate) load: Load,
    pub(crate) health: Health,
    in_flight: usize,
    idle: usize,
}

pub(crate) struct Client {
    chooser: Chooser,
    pub(crate) nodes: Vec<Node>,
    /// What the last connect took.
    pub(crate) connect_time: Option<Duration>,
    tokens: f64,
    random: fastrand::Rng,
}

impl Candidate for Node {
    fn in_flight(&self) -> usize {
        self.in_flight
    }

    fn cost(&self, in_flight: usize, now: Moment) -> f32 {
        self.load.cost(in_flight, now)
    }

    fn serves(&self) -> bool {
        self.health.out().is_none()
    }

    fn admits(&self, now: Moment, draw: u64, rivals: usize) -> bool {
        self.health.admits(now, draw, rivals)
    }
}

impl Client {
    pub(crate) fn new(policy: Policy, nodes: usize, mut random: fastrand::Rng) -> Self {
        let node = |index| Node {
            index,
            load: Load::default(),
            health: Health::good(),
            in_flight: 0,
            idle: 0,
        };
        Self {
            chooser: Chooser::new(policy, &mut random),
            nodes: (0..nodes).map(node).collect(),
            connect_time: None,
            tokens: TOKENS,
            random,
        }
    }

    /// The next node of a request's plan.
    pub(crate) fn choose(
        &mut self,
        tried: &[usize],
        avoid: &[usize],
        now: Moment,
    ) -> Option<usize> {
        let context = PickContext { now, draw: self.random.u64(..), tried: tried.len() };
        let (tried, avoid) = (has(tried), has(avoid));
        self.chooser.next(&self.nodes, tried, avoid, context)
    }

    /// Takes an idle connection to the node for a request, if there is one.
    pub(crate) fn lease(&mut self, node: usize, now: Moment) -> bool {
        let node = &mut self.nodes[node];
        let leased = node.idle > 0;
        if leased {
            node.idle -= 1;
            node.in_flight += 1;
            node.load.begun(now);
        }
        leased
    }

    /// Begins to connect to the node for a request.
    pub(crate) fn connect(&mut self, node: usize, now: Moment) {
        let node = &mut self.nodes[node];
        node.load.begun(now);
        node.in_flight += 1;
    }

    pub(crate) fn connected(&mut self, node: usize, took: Duration, now: Moment) {
        self.connect_time = Some(took);
        if self.nodes[node].health.out() == Some(Down::Unreachable) {
            self.bring_back(node, now);
        }
    }

    /// A request gives up its connection, which is kept or not.
    pub(crate) fn release(&mut self, node: usize, keep: bool) {
        let node = &mut self.nodes[node];
        node.in_flight -= 1;
        node.idle += usize::from(keep);
    }

    /// The node has closed all connections that wait for requests.
    pub(crate) fn lose_idle(&mut self, node: usize) {
        self.nodes[node].idle = 0;
    }

    /// As `Cluster::stalled`: answers whether the node was taken out.
    pub(crate) fn stalled(&mut self, node: usize, now: Moment) -> bool {
        self.connect_time.is_some() && self.unreachable(node, now)
    }

    /// As `Cluster::unreachable`: answers whether the node was taken out.
    pub(crate) fn unreachable(&mut self, node: usize, now: Moment) -> bool {
        let draw = self.random.f64();
        self.nodes[node].health.take_out(Down::Unreachable, now, draw)
    }

    /// As `Cluster::failed`: answers whether the node was taken out.
    pub(crate) fn failed(&mut self, ended: Ended, weight: u32, now: Moment) -> bool {
        let Ended { node, begun, .. } = ended;
        let draw = self.random.f64();
        let Node { load, health, .. } = &self.nodes[node];
        record_failure(load, health, weight, begun, now)
            && may_eject(self.out(), self.nodes.len())
            && health.take_out(Down::Ejected, now, draw)
    }

    /// How many nodes are out.
    pub(crate) fn out(&self) -> usize {
        self.nodes.iter().filter(|n| !n.serves()).count()
    }

    /// As `InFlight::answered` and `InFlight::read`.
    pub(crate) fn answered(&mut self, ended: Ended, now: Moment) {
        let node = &self.nodes[ended.node];
        node.load.answered(now.since(ended.begun), ended.sharing, now);
        node.health.succeeded();
    }

    /// As `InFlight::timed_out`: answers whether the node was taken out.
    pub(crate) fn timed_out(&mut self, ended: Ended, now: Moment) -> bool {
        let load = &self.nodes[ended.node].load;
        let silent = load.given_up(now.since(ended.begun), ended.sharing, now);
        self.failed(ended, if silent { SILENCE_WEIGHT } else { 1 }, now)
    }

    pub(crate) fn bring_back(&mut self, node: usize, now: Moment) {
        self.nodes[node].load.forget();
        self.nodes[node].health.bring_back(now);
    }

    /// As `recovery::conclude`, for a probe that found the node well.
    pub(crate) fn probed(&mut self, node: usize, now: Moment) {
        let in_flight: usize = self.nodes.iter().map(|n| n.in_flight).sum();
        self.nodes[node].idle += in_flight / self.nodes.len() + 1;
        self.bring_back(node, now);
    }

    pub(crate) fn probe_failed(&mut self, node: usize, why: Down, now: Moment) {
        let draw = self.random.f64();
        self.nodes[node].health.probe_failed(why, now, draw);
    }

    /// Pays for a retry of the SDK, if there is enough.
    pub(crate) fn pay_for_retry(&mut self) -> bool {
        let enough = self.tokens >= RETRY;
        if enough {
            self.tokens -= RETRY;
        }
        enough
    }

    /// What a call that ends well pays into the SDK's budget.
    pub(crate) fn pay_back(&mut self, retried: bool) {
        let pay = if retried { RETRY } else { 1.0 };
        self.tokens = TOKENS.min(self.tokens + pay);
    }
}

fn has(list: &[usize]) -> impl Fn(&Node) -> bool {
    |node| list.contains(&node.index)
}
