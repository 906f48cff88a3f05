//! The users' calls that are under way.

use crate::balance::moment::Moment;

/// One attempt of one call. It means nothing any more when the attempt has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    place: usize,
    generation: u32,
}

/// A call of a user, which is an attempt of the SDK or the sleep before one.
#[derive(Debug)]
pub(crate) struct Call {
    generation: u32,
    pub(crate) client: usize,
    pub(crate) born: Moment,
    pub(crate) attempts: u32,
    /// It fails wherever it is sent.
    pub(crate) poison: bool,
    /// How many times longer than others it takes.
    pub(crate) weight: f64,
    /// Nodes on which earlier attempts failed.
    pub(crate) avoid: Vec<usize>,
    /// Nodes that this attempt has tried.
    pub(crate) tried: Vec<usize>,
    pub(crate) stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Sleeping,
    /// Waiting for one of this many connects, since then, the latest to the last of `tried`.
    Connecting {
        racing: usize,
        since: Moment,
    },
    Sent {
        node: usize,
        begun: Moment,
        /// Requests on the node when it began, itself included.
        sharing: usize,
    },
}

#[derive(Default)]
pub(crate) struct Calls {
    all: Vec<Call>,
    free: Vec<usize>,
}

impl Calls {
    pub(crate) fn begin(&mut self, client: usize, born: Moment, poison: bool, weight: f64) -> Id {
        let call = |generation| Call {
            generation,
            client,
            born,
            attempts: 0,
            poison,
            weight,
            avoid: Vec::new(),
            tried: Vec::new(),
            stage: Stage::Sleeping,
        };
        match self.free.pop() {
            Some(place) => {
                let generation = self.all[place].generation;
                self.all[place] = call(generation);
                Id { place, generation }
            }
            None => {
                self.all.push(call(0));
                Id { place: self.all.len() - 1, generation: 0 }
            }
        }
    }

    /// The call, if the attempt has not ended.
    pub(crate) fn get(&mut self, id: Id) -> Option<&mut Call> {
        let call = &mut self.all[id.place];
        (call.generation == id.generation).then_some(call)
    }

    /// Ends the attempt, and gives the name of the next.
    pub(crate) fn next_attempt(&mut self, id: Id) -> Id {
        let generation = id.generation + 1;
        self.all[id.place].generation = generation;
        Id { generation, ..id }
    }

    pub(crate) fn end(&mut self, id: Id) {
        self.next_attempt(id);
        self.free.push(id.place);
    }

    /// The calls that have not ended.
    pub(crate) fn open(&self) -> impl Iterator<Item = (Id, &Call)> {
        let live = |(place, _): &(usize, &Call)| !self.free.contains(place);
        self.all.iter().enumerate().filter(live).map(|(place, call)| {
            let generation = call.generation;
            (Id { place, generation }, call)
        })
    }

    /// The attempts that wait for an answer of the node.
    pub(crate) fn waiting_for(&self, node: usize) -> Vec<Id> {
        let waits = |c: &Call| matches!(c.stage, Stage::Sent { node: n, .. } if n == node);
        self.open().filter(|(_, call)| waits(call)).map(|(id, _)| id).collect()
    }
}
