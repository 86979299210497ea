//! The core of a node: which calls it makes, and what it makes of their answers.
//!
//! No I/O, no clock and no threads: [`Node::step`] takes one input and the time, and gives outputs.
//! The edge carries these out over tokio and PostgreSQL, the simulation over a log with faults.
//!
//! A node follows its partitions: it asks for all heads, reads what is behind, and applies it. It
//! owns those whose lease it holds: there it checks changes at its position, appends them behind
//! it, and applies and answers once they are committed. The lease decides who tries. What keeps
//! the history one is the log, which refuses an append at another position or an older epoch.

mod ownership;

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use taskdex::chrono::{DateTime, TimeDelta, Utc};
use taskdex::{BatchError, DueExecution, Edit, ProjectId, TaskStore};

use crate::entry::Group;
use crate::log::{Append, AppendError, Head, Log, Owner, Unknown};
use crate::partition::Partition;
use crate::replica::{Damage, Frozen, Replica};
use ownership::{InFlight, Tenure};

/// How often the heads are asked for.
const POLL: TimeDelta = TimeDelta::milliseconds(8);
/// How long a call that failed is left alone.
const PAUSE: TimeDelta = TimeDelta::milliseconds(100);
/// How many snapshots are loaded at once.
pub(crate) const LOADS: usize = 2;
/// How many reads are under way at once, so that one is applied while the next comes.
pub(crate) const READS: usize = 2;
/// Of how many partitions a read is, at most.
const READ_PARTITIONS: usize = 16;

/// What tells a request from every other, until it is answered.
pub(crate) type Ticket = u64;

#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) owner: Owner,
    pub(crate) partitions: Vec<Partition>,
    /// How many nodes share the partitions, and which of them this is, counted from 0: at the
    /// beginning, each takes its part. 0 nodes: this one owns nothing, ever.
    pub(crate) nodes: u8,
    pub(crate) index: u8,
    /// A partition gets a snapshot when its log since the last outweighs that, and this.
    pub(crate) snapshot_bytes_min: u64,
    /// Or when all partitions together have so many entries behind their snapshots.
    pub(crate) snapshot_entries: u64,
}

/// Changes to be made, as one batch.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) ticket: Ticket,
    pub(crate) project: ProjectId,
    pub(crate) edits: Vec<Edit>,
}

#[derive(Debug)]
pub(crate) enum Input {
    /// Time has passed.
    Tick,
    Write(Write),
    Heads(Result<Vec<Head>, Unknown>),
    /// What was asked for, and what came.
    Read(
        Vec<(Partition, u64)>,
        Result<Vec<(Partition, Group)>, Unknown>,
    ),
    Appended(Partition, Result<(), AppendError>),
    Claimed,
    Loaded(Partition, Result<Option<Replica>, Unknown>),
    Saved(Partition, u64, Result<(), Unknown>),
    /// The executions of this ticket were handed on, or could not be.
    HandedOn(Partition, Ticket, Result<(), Unknown>),
}

#[derive(Debug)]
pub(crate) enum Output {
    /// To be carried out by [`perform`], whose input comes back once.
    Call(Call),
    Answer(Ticket, Result<u64, NotWritten>),
    /// The partition has come to a position, and is served from this store.
    Serve(Partition, u64, Arc<TaskStore>),
}

/// A call of the log, or of what carries executions out.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Heads,
    Read(Vec<(Partition, u64)>),
    Append(Append),
    Claim(Owner, Vec<(Partition, u64)>),
    Load(Partition),
    Save(Frozen),
    Trim(Partition),
    HandOn(Partition, Ticket, Arc<Vec<DueExecution>>),
}

/// Why a write has no position.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotWritten {
    #[error(transparent)]
    Refused(#[from] BatchError),
    #[error("another node owns the project: {0}")]
    NotOwner(String),
    #[error("too many changes wait")]
    Busy,
    #[error("the change may have happened")]
    Unknown,
}

/// What is known of a partition.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) partition: Partition,
    pub(crate) position: u64,
    pub(crate) head: u64,
    pub(crate) snapshot: u64,
    pub(crate) epoch: u64,
    pub(crate) owner: String,
    pub(crate) is_owned: bool,
    pub(crate) is_loaded: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Node {
    config: Arc<Config>,
    parts: BTreeMap<Partition, Part>,
    heads_asked: Option<DateTime<Utc>>,
    is_asking: bool,
    /// How many calls of [`Call::Read`] are under way.
    reads: usize,
    claimed: DateTime<Utc>,
    is_claiming: bool,
    is_saving: bool,
}

/// A partition that the node follows.
#[derive(Debug, Default)]
struct Part {
    partition: Partition,
    config: Arc<Config>,
    /// `None` before the newest snapshot was loaded.
    replica: Option<Replica>,
    is_loading: bool,
    load_from: DateTime<Utc>,
    is_reading: bool,
    /// The latest that is known of the log.
    head: Head,
    free_since: Option<DateTime<Utc>>,
    /// While this node owns the partition.
    tenure: Option<Tenure>,
    queue: VecDeque<Write>,
    /// What was appended, until its fate is known: also after the tenure.
    in_flight: Option<InFlight>,
    /// Of the latest entry or hand-over.
    number: u64,
}

impl Node {
    pub(crate) fn new(config: Config) -> Self {
        let config = Arc::new(config);
        let parts = config.partitions.iter();
        let parts = parts.map(|&it| (it, Part::new(it, Arc::clone(&config))));
        Self {
            parts: parts.collect(),
            config,
            ..Self::default()
        }
    }

    /// Takes an input. An error means that the node cannot be trusted any more.
    pub(crate) fn step(
        &mut self,
        now: DateTime<Utc>,
        input: Input,
        out: &mut Vec<Output>,
    ) -> Result<(), Damage> {
        match input {
            Input::Tick => self.tick(now, out),
            Input::Write(write) => self.write(now, write, out),
            Input::Heads(heads) => {
                self.is_asking = false;
                if let Ok(heads) = heads {
                    for head in heads {
                        if let Some(part) = self.parts.get_mut(&head.partition) {
                            part.follow(now, head, out);
                        }
                    }
                    self.read(out);
                    self.claim(now, out);
                    self.save(out);
                }
            }
            Input::Read(asked, read) => {
                self.reads -= 1;
                for (partition, after) in asked {
                    let Some(part) = self.parts.get_mut(&partition) else {
                        continue;
                    };
                    part.is_reading = false;
                    if let Ok(groups) = &read {
                        let groups = groups.iter().filter(|(it, _)| *it == partition);
                        part.read(now, after, groups.map(|(_, group)| group), out)?;
                        part.proceed(now, out);
                    }
                }
                if read.is_ok() {
                    self.read(out);
                }
            }
            Input::Claimed => self.is_claiming = false,
            Input::Saved(partition, position, saved) => {
                self.is_saving = false;
                if let (Ok(()), Some(part)) = (saved, self.parts.get_mut(&partition)) {
                    part.head.snapshot = part.head.snapshot.max(position);
                    out.push(Output::Call(Call::Trim(partition)));
                }
            }
            Input::Appended(partition, result) => {
                if let Some(part) = self.parts.get_mut(&partition) {
                    part.appended(now, &result, out)?;
                    part.proceed(now, out);
                }
            }
            Input::Loaded(partition, loaded) => {
                if let Some(part) = self.parts.get_mut(&partition) {
                    part.loaded(now, loaded, out);
                }
                self.load(now, out);
                self.read(out);
            }
            Input::HandedOn(partition, ticket, result) => {
                if let Some(part) = self.parts.get_mut(&partition) {
                    part.handed_on(now, ticket, result.is_ok());
                }
            }
        }
        Ok(())
    }

    pub(crate) fn status(&self) -> impl Iterator<Item = Status> {
        self.parts.values().map(Part::status)
    }

    /// The partition as it is; `None` before it is loaded.
    pub(crate) fn freeze(&self, partition: Partition) -> Option<Frozen> {
        let replica = self.parts.get(&partition)?.replica.as_ref()?;
        Some(replica.freeze(partition))
    }

    fn tick(&mut self, now: DateTime<Utc>, out: &mut Vec<Output>) {
        let asked = self.heads_asked;
        if !self.is_asking && asked.is_none_or(|asked| !is_within(now, asked, POLL)) {
            self.heads_asked = Some(now);
            self.is_asking = true;
            out.push(Output::Call(Call::Heads));
        }
        self.claim(now, out);
        self.load(now, out);
        for part in self.parts.values_mut() {
            part.proceed(now, out);
        }
    }

    fn write(&mut self, now: DateTime<Utc>, write: Write, out: &mut Vec<Output>) {
        let ticket = write.ticket;
        let refused = match self.parts.get_mut(&Partition::of(&write.project)) {
            None => NotWritten::NotOwner(String::new()),
            Some(part) => match part.enqueue(write) {
                Ok(()) => return part.proceed(now, out),
                Err(refused) => refused,
            },
        };
        out.push(Output::Answer(ticket, Err(refused)));
    }

    /// Loads snapshots, some at a time.
    fn load(&mut self, now: DateTime<Utc>, out: &mut Vec<Output>) {
        let loads = self.parts.values().filter(|part| part.is_loading).count();
        let wanted = self.parts.values_mut().filter(|it| it.wants_snapshot(now));
        for part in wanted.take(LOADS.saturating_sub(loads)) {
            part.is_loading = true;
            out.push(Output::Call(Call::Load(part.partition)));
        }
    }

    /// Reads what is behind: the furthest first, so that none is left out.
    fn read(&mut self, out: &mut Vec<Output>) {
        let behind = self.parts.values_mut().filter(|part| part.is_behind());
        let mut behind: Vec<_> = behind.collect();
        behind.sort_by_key(|part| Reverse(part.head.position - part.position()));
        let left = READS.saturating_sub(self.reads);
        for parts in behind.chunks_mut(READ_PARTITIONS).take(left) {
            self.reads += 1;
            let asked = parts.iter_mut().map(|part| {
                part.is_reading = true;
                (part.partition, part.position())
            });
            out.push(Output::Call(Call::Read(asked.collect())));
        }
    }
}

impl Part {
    fn new(partition: Partition, config: Arc<Config>) -> Self {
        Self {
            partition,
            config,
            ..Self::default()
        }
    }

    fn position(&self) -> u64 {
        self.replica.as_ref().map_or(0, |replica| replica.position)
    }

    fn serve(&self, out: &mut Vec<Output>) {
        if let Some(Replica {
            store, position, ..
        }) = &self.replica
        {
            out.push(Output::Serve(self.partition, *position, Arc::clone(store)));
        }
    }

    fn status(&self) -> Status {
        Status {
            partition: self.partition,
            position: self.position(),
            head: self.head.position.max(self.position()),
            snapshot: self.head.snapshot,
            epoch: self.head.epoch,
            owner: self.head.owner.address.clone(),
            is_owned: self.is_ready(),
            is_loaded: self.replica.is_some(),
        }
    }

    fn wants_snapshot(&self, now: DateTime<Utc>) -> bool {
        self.replica.is_none() && !self.is_loading && now >= self.load_from
    }

    /// Whether there is something to read that this node does not append at the moment.
    fn is_behind(&self) -> bool {
        let is_sent = self.in_flight.as_ref().is_some_and(InFlight::is_sent);
        let is_busy = is_sent || self.is_loading || self.is_reading;
        self.replica.is_some() && !is_busy && self.position() < self.head.position
    }

    fn read<'a>(
        &mut self,
        now: DateTime<Utc>,
        after: u64,
        groups: impl Iterator<Item = &'a Group>,
        out: &mut Vec<Output>,
    ) -> Result<(), Damage> {
        let before = self.position();
        let mut is_whole = true;
        for group in groups {
            is_whole = self.apply(group)?;
            if !is_whole {
                break;
            }
        }
        if self.position() > before {
            self.serve(out);
        } else if (!is_whole || before == after) && !self.is_loading {
            // The log was trimmed. The replica goes on being served until there is another.
            self.is_loading = true;
            self.load_from = now;
            out.push(Output::Call(Call::Load(self.partition)));
        }
        self.settle(out);
        Ok(())
    }

    /// Applies a group, and notes whether it is the one that this node appended there.
    fn apply(&mut self, group: &Group) -> Result<bool, Damage> {
        let Some(replica) = &mut self.replica else {
            return Ok(true);
        };
        if let Some(in_flight) = &mut self.in_flight {
            in_flight.compare(group);
        }
        replica.apply(self.partition, group)
    }

    fn loaded(
        &mut self,
        now: DateTime<Utc>,
        loaded: Result<Option<Replica>, Unknown>,
        out: &mut Vec<Output>,
    ) {
        self.is_loading = false;
        let Ok(loaded) = loaded else {
            self.load_from = now + PAUSE;
            return;
        };
        let loaded = loaded.unwrap_or_default();
        let is_newer = |replica: &Replica| replica.position < loaded.position;
        if self.replica.as_ref().is_none_or(is_newer) {
            self.replica = Some(loaded);
            self.serve(out);
            if let Some(tenure) = &mut self.tenure {
                tenure.is_watching = false;
            }
            self.settle(out);
        }
    }
}

/// Whether less than `duration` has passed since. A clock that was set back counts as late.
fn is_within(now: DateTime<Utc>, since: DateTime<Utc>, duration: TimeDelta) -> bool {
    (TimeDelta::zero()..duration).contains(&(now - since))
}

/// Carries out a call of the log, and gives what the node is told of it.
pub(crate) async fn perform(log: &impl Log, call: Call) -> Option<Input> {
    Some(match call {
        Call::Heads => Input::Heads(log.heads().await),
        Call::Read(after) => {
            let read = log.read(&after).await;
            Input::Read(after, read)
        }
        Call::Append(append) => Input::Appended(append.partition, log.append(&append).await),
        Call::Claim(owner, partitions) => {
            // Whether it succeeded, the heads tell.
            let _ = log.claim(&owner, &partitions).await;
            Input::Claimed
        }
        Call::Load(partition) => {
            let newest = log.newest(partition).await;
            let read = |text: Vec<u8>| tokio::task::block_in_place(|| Replica::from_text(&text));
            let replica = newest.and_then(|text| {
                let replica = text.map(read).transpose();
                replica.map_err(|damage| Unknown(damage.to_string()))
            });
            Input::Loaded(partition, replica)
        }
        Call::Save(frozen) => {
            let saved = match tokio::task::block_in_place(|| frozen.to_text()) {
                Ok(text) => log.save(frozen.partition, frozen.position, text).await,
                Err(error) => Err(Unknown(error.to_string())),
            };
            Input::Saved(frozen.partition, frozen.position, saved)
        }
        Call::Trim(partition) => {
            // What is left over, the next trim drops.
            let _ = log.trim(partition).await;
            return None;
        }
        Call::HandOn(partition, ticket, due) => {
            Input::HandedOn(partition, ticket, log.hand_on(&due).await)
        }
    })
}
