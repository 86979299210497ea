//! Nodes and a log with faults on one thread, by one seed.
//!
//! For some seconds of its own time, a seed has calls that are delayed, lost, doubled or answered
//! to nobody, nodes that crash, start again or freeze, and clients that write to any of them. Then
//! all faults end, and everything must heal. After each step, what was acknowledged is in the
//! history, and every project that moved exports the same bytes as the history does.
//!
//! A failure prints its seed: `SEED=7 cargo test -p taskdex-cluster simulation` runs it again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "a test fails by panicking, and its numbers are small"
)]

mod clients;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::{env, thread};

use taskdex::chrono::{DateTime, TimeDelta, Utc};
use taskdex::{ProjectId, TaskStore};

use crate::entry::Action;
use crate::log::memory::{Faults, MemoryLog, Seeded};
use crate::log::{AppendError, Owner, Unknown};
use crate::node::{Call, Config, Input, Node, Output, perform};
use crate::partition::{Partition, fixed_hash};
use crate::replica::Replica;
use clients::Clients;

const NODES: usize = 3;
/// How long faults happen, and how long healing may take, in milliseconds.
const FAULTY: u64 = 6_000;
const HEALING: u64 = 7_500;
/// When, after the faults, each project is written to once more: a call that was delayed may have
/// given a partition to a node that is gone, for as long as a lease.
const LAST_WRITES: u64 = 6_300;
/// The seeds of `cargo test`, and of how many one is run twice.
const SEEDS: u64 = 3_000;
const TWICE: u64 = 20;

/// What happens at a moment.
#[derive(Debug)]
enum Event {
    Tick(usize),
    /// A call arrives at the log. The answer goes to the run of the node that made it.
    Execute(Caller, Call, Option<u64>),
    /// The second input in its place, where the node's connections were closed meanwhile.
    Deliver(Caller, Input, Option<Input>),
    Write,
    Crash,
    Freeze,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Caller {
    node: usize,
    run: u64,
}

/// A node, or the place of one that crashed.
struct Place {
    node: Option<Node>,
    run: u64,
    frozen_until: u64,
    /// Whether its connections are closed while it is frozen, and answers lost.
    is_cut_off: bool,
    /// Clocks differ.
    skew: TimeDelta,
    /// Where each partition is that it serves, and from what.
    served: BTreeMap<Partition, (u64, Arc<TaskStore>)>,
}

struct World {
    seeded: Seeded,
    faults: Faults,
    log: MemoryLog,
    time: u64,
    events: BinaryHeap<Reverse<(u64, u64)>>,
    pending: BTreeMap<u64, Event>,
    number: u64,
    places: Vec<Place>,
    partitions: Vec<Partition>,
    clients: Clients,
    histories: BTreeMap<Partition, Model>,
    is_faulty: bool,
    tick: u64,
    trace: u64,
}

/// What the history of a partition means: the project that each position touched, and its hash.
#[derive(Default)]
struct Model {
    replica: Replica,
    hashes: Vec<Option<(ProjectId, u64)>>,
}

#[test]
fn simulation() {
    if let Ok(seed) = env::var("SEED") {
        let seed = seed.parse().unwrap();
        println!("trace {:x}", run(seed));
        return;
    }
    let first: u64 = env::var("FIRST_SEED").map_or(0, |it| it.parse().unwrap());
    let seeds: u64 = env::var("SEEDS").map_or(SEEDS, |it| it.parse().unwrap());
    thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                for seed in (first..first + seeds).filter(|seed| seed % 2 == half) {
                    let again = Replay(seed);
                    let trace = run(seed);
                    if seed % (2 * TWICE) < 2 {
                        assert_eq!(trace, run(seed), "two runs of one seed differ");
                    }
                    std::mem::forget(again);
                }
            });
        }
    });
}

/// Says how a seed is run again, where it failed.
struct Replay(u64);

impl Drop for Replay {
    fn drop(&mut self) {
        let Self(seed) = self;
        eprintln!("replay: SEED={seed} cargo test -p taskdex-cluster simulation");
    }
}

/// Runs a seed, and returns the hash of all that happened.
fn run(seed: u64) -> u64 {
    let mut world = World::new(seed);
    while world.time < FAULTY {
        world.next();
    }
    world.heal();
    // Watermarks go on, so that a node may be a moment behind at any moment.
    let end = FAULTY + HEALING;
    while world.time < end || (world.time < end + 1_000 && !world.is_level()) {
        world.next();
    }
    world.check_end();
    world.trace
}

impl World {
    fn new(seed: u64) -> Self {
        let mut seeded = Seeded(seed);
        let faults = Faults::seeded(&mut seeded);
        let clients = Clients::new();
        let partitions = clients.projects.iter().map(Partition::of);
        let partitions: BTreeSet<_> = partitions.collect();
        let partitions: Vec<_> = partitions.into_iter().collect();
        let places = (0..NODES).map(|_| Place {
            node: None,
            run: 0,
            frozen_until: 0,
            is_cut_off: false,
            skew: TimeDelta::milliseconds(seeded.below(2_000) as i64 - 1_000),
            served: BTreeMap::new(),
        });
        let places = places.collect();
        let mut world = Self {
            faults,
            log: MemoryLog::with(&partitions),
            time: 0,
            events: BinaryHeap::new(),
            pending: BTreeMap::new(),
            number: 0,
            places,
            histories: partitions
                .iter()
                .map(|&it| (it, Model::default()))
                .collect(),
            partitions,
            clients,
            is_faulty: true,
            tick: 25 + seeded.below(75),
            trace: 0,
            seeded,
        };
        for node in 0..NODES {
            world.start(node);
            world.at(node as u64, Event::Tick(node));
        }
        for time in [10, 20] {
            world.at(time, Event::Write);
        }
        if world.seeded.below(4) > 0 {
            world.at(0, Event::Crash);
        }
        if world.seeded.below(4) > 0 {
            world.at(0, Event::Freeze);
        }
        world
    }

    /// The system's clock at the beginning: half a second before a day's end.
    fn now(&self) -> DateTime<Utc> {
        let begin = DateTime::from_timestamp_millis(1_764_547_199_500).unwrap();
        begin + TimeDelta::milliseconds(self.time as i64)
    }

    fn at(&mut self, after: u64, event: Event) {
        self.number += 1;
        self.events.push(Reverse((self.time + after, self.number)));
        self.pending.insert(self.number, event);
    }

    fn trace(&mut self, text: &str) {
        let mark = self.trace.rotate_left(5) ^ self.time;
        self.trace = mark.wrapping_mul(31) ^ fixed_hash(text.as_bytes());
    }

    fn start(&mut self, node: usize) {
        let place = &mut self.places[node];
        place.run += 1;
        place.node = Some(Node::new(Config {
            owner: Owner {
                id: format!("{node}.{}", place.run),
                address: node.to_string(),
            },
            partitions: self.partitions.clone(),
            nodes: NODES as u8,
            index: node as u8,
            snapshot_bytes_min: 2_000,
            snapshot_entries: 12,
        }));
    }

    fn next(&mut self) {
        let Reverse((time, number)) = self.events.pop().unwrap();
        let event = self.pending.remove(&number).unwrap();
        self.time = self.time.max(time);
        let now = self.now();
        self.log.lock().now = now;
        match event {
            Event::Tick(node) => {
                self.at(self.tick, Event::Tick(node));
                self.step(node, Input::Tick);
            }
            Event::Deliver(caller, input, lost) => {
                let place = &self.places[caller.node];
                if place.node.is_none() || place.run != caller.run {
                    return;
                }
                if place.frozen_until > self.time {
                    let input = lost.filter(|_| place.is_cut_off).unwrap_or(input);
                    let left = place.frozen_until - self.time;
                    return self.at(left, Event::Deliver(caller, input, None));
                }
                self.step(caller.node, input);
            }
            Event::Execute(caller, call, answer) => {
                let lost = unanswered(&call);
                let input = ready(perform(&self.log, call));
                self.advance_models();
                if let (Some(answer), Some(input)) = (answer, input) {
                    self.at(answer, Event::Deliver(caller, input, lost));
                }
            }
            Event::Write if self.is_faulty => {
                let pause = 10 + self.seeded.below(120);
                self.at(pause, Event::Write);
                let any = self.seeded.below(NODES as u64) as usize;
                let project = self.clients.any_project(&mut self.seeded);
                let partition = Partition::of(&project);
                let owner = (0..NODES).find(|node| self.is_owned(*node, partition));
                let is_guess = self.seeded.permille(300);
                let node = owner.filter(|_| !is_guess).unwrap_or(any);
                let write = self.clients.write(&mut self.seeded, now, project, node);
                let caller = self.caller(node);
                self.at(0, Event::Deliver(caller, Input::Write(write), None));
            }
            Event::Crash if self.is_faulty => {
                let node = self.seeded.below(NODES as u64) as usize;
                let is_down = self.places[node].node.take().is_none();
                self.trace("crash");
                if is_down {
                    self.start(node);
                } else {
                    self.places[node].served.clear();
                }
                let pause = 200 + self.seeded.below(2_500);
                self.at(pause, Event::Crash);
            }
            Event::Freeze if self.is_faulty => {
                let node = self.seeded.below(NODES as u64) as usize;
                let length = 500 + self.seeded.below(5_500);
                self.places[node].frozen_until = self.time + length;
                self.places[node].is_cut_off = self.seeded.permille(500);
                self.trace("freeze");
                let pause = 500 + self.seeded.below(4_000);
                self.at(pause, Event::Freeze);
            }
            Event::Write | Event::Crash | Event::Freeze => {}
        }
    }

    fn caller(&self, node: usize) -> Caller {
        let run = self.places[node].run;
        Caller { node, run }
    }

    /// Gives an input to a node, and carries out what it answers.
    fn step(&mut self, node: usize, input: Input) {
        let now = self.now();
        let place = &mut self.places[node];
        if place.frozen_until > self.time {
            return;
        }
        let Some(core) = &mut place.node else {
            return;
        };
        let mut outputs = Vec::new();
        core.step(now + place.skew, input, &mut outputs).unwrap();
        let caller = self.caller(node);
        let mut moved = BTreeMap::new();
        for output in outputs {
            match output {
                Output::Call(call) => self.call(caller, &call),
                Output::Answer(ticket, answer) => {
                    self.trace(&format!("{node} {ticket} {answer:?}"));
                    let histories = &self.log.lock().histories;
                    self.clients.answered(ticket, &answer, histories);
                }
                Output::Serve(partition, position, store) => {
                    moved.insert(partition, (position, store));
                }
            }
        }
        for (partition, (position, store)) in moved {
            self.compare(node, partition, position, store);
        }
    }

    fn call(&mut self, caller: Caller, call: &Call) {
        let mut fate = self.faults.fate(&mut self.seeded);
        let is_hand_on = matches!(call, Call::HandOn(..));
        if is_hand_on && self.is_faulty && self.seeded.permille(300) {
            // Whatever carries executions out is away more often than the log.
            fate.executed.clear();
            fate.answered = None;
        }
        for (place, executed) in fate.executed.iter().enumerate() {
            let answer = fate.answered.filter(|_| place == 0);
            let answer = answer.map(|answered| answered.saturating_sub(*executed));
            self.at(*executed, Event::Execute(caller, call.clone(), answer));
        }
        if fate.answered.is_none()
            && let Some(input) = unanswered(call)
        {
            self.at(fate.given_up, Event::Deliver(caller, input, None));
        }
    }

    /// Applies to the models what was committed.
    fn advance_models(&mut self) {
        let state = self.log.lock();
        for (partition, history) in &state.histories {
            let model = self.histories.get_mut(partition).unwrap();
            for entry in history.entries.iter().skip(model.hashes.len()) {
                let group = crate::entry::Group {
                    first: model.replica.position + 1,
                    entries: vec![entry.clone()],
                };
                model.replica.apply(*partition, &group).unwrap();
                model.hashes.push(match &entry.action {
                    Action::Passed(_) => None,
                    Action::Change(change) => {
                        let hash = export_hash(&model.replica.store, &change.project);
                        Some((change.project.clone(), hash))
                    }
                });
            }
        }
    }

    /// Compares each project that moved with what the history says of it.
    fn compare(&mut self, node: usize, partition: Partition, position: u64, store: Arc<TaskStore>) {
        let before = self.places[node].served.get(&partition);
        let before = before.filter(|(_, before)| Arc::ptr_eq(before, &store));
        let before = before.map_or(0, |(position, _)| *position);
        let model = &self.histories[&partition];
        let until = position as usize;
        assert!(
            until <= model.hashes.len(),
            "node {node} is ahead of the log"
        );
        let touched = &model.hashes[..until];
        let mut expected = BTreeMap::new();
        for (project, hash) in touched.iter().skip(before as usize).flatten() {
            expected.insert(project, *hash);
        }
        for (project, expected) in expected {
            let hash = export_hash(&store, project);
            assert_eq!(
                hash, expected,
                "node {node}, project {project} at {position}"
            );
        }
        let served = &mut self.places[node].served;
        served.insert(partition, (position, store));
        self.trace(&format!("{node} {partition} {position}"));
    }

    /// Ends all faults. Everyone is up, and each project is written to once more.
    fn heal(&mut self) {
        self.is_faulty = false;
        self.faults = Faults::default();
        self.tick = 200;
        for node in 0..NODES {
            self.places[node].frozen_until = 0;
            if self.places[node].node.is_none() {
                self.start(node);
            }
        }
        for (write, node) in self.clients.last_writes(NODES) {
            let caller = self.caller(node);
            self.at(
                LAST_WRITES,
                Event::Deliver(caller, Input::Write(write), None),
            );
        }
    }

    fn is_level(&self) -> bool {
        let mut heads = self.histories.iter();
        heads.all(|(partition, model)| {
            let mut places = self.places.iter().map(|place| place.served.get(partition));
            places.all(|served| served.is_some_and(|(it, _)| *it == model.replica.position))
        })
    }

    fn is_owned(&self, node: usize, partition: Partition) -> bool {
        let node = self.places[node].node.as_ref();
        node.is_some_and(|it| {
            it.status()
                .any(|it| it.partition == partition && it.is_owned)
        })
    }

    fn check_end(&mut self) {
        for &partition in &self.partitions {
            let frozen = self.places.iter().map(|place| {
                let frozen = place.node.as_ref().unwrap().freeze(partition).unwrap();
                let head = self.histories[&partition].replica.position;
                assert_eq!(frozen.position, head, "a node is behind: {frozen:?}");
                frozen.to_text().unwrap()
            });
            let texts: Vec<_> = frozen.collect();
            let is_equal = texts.windows(2).all(|pair| pair[0] == pair[1]);
            assert!(is_equal, "nodes export other bytes: partition {partition}");
            let is_owned = (0..NODES).any(|node| self.is_owned(node, partition));
            assert!(is_owned, "nobody takes writes of partition {partition}");
            self.trace = self.trace.rotate_left(7) ^ fixed_hash(&texts[0]);
        }
        let runs: Vec<_> = self.places.iter().map(|place| place.run).collect();
        let (log, end) = (self.log.lock(), self.now());
        self.clients.check_end(&log, &runs, end);
    }
}

fn export_hash(store: &TaskStore, project: &ProjectId) -> u64 {
    let mut text = Vec::new();
    if let Ok(snapshot) = store.snapshot(project) {
        snapshot.write_export(&mut text).unwrap();
    }
    fixed_hash(&text)
}

/// What a node is told of a call of which nothing came back.
fn unanswered(call: &Call) -> Option<Input> {
    let unknown = || Unknown("no answer".into());
    Some(match call {
        Call::Heads => Input::Heads(Err(unknown())),
        Call::Read(after) => Input::Read(after.clone(), Err(unknown())),
        Call::Append(append) => {
            Input::Appended(append.partition, Err(AppendError::Unknown(unknown())))
        }
        Call::Claim(..) => Input::Claimed,
        Call::Load(partition) => Input::Loaded(*partition, Err(unknown())),
        Call::Save(frozen) => Input::Saved(frozen.partition, frozen.position, Err(unknown())),
        Call::HandOn(partition, ticket, _) => Input::HandedOn(*partition, *ticket, Err(unknown())),
        Call::Trim(_) => return None,
    })
}

/// The output of a future that never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a log in memory waits for nothing"),
    }
}
