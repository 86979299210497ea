//! The log in memory, and what may befall a call of it: for the simulation.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "a test fails by panicking, and its numbers are small"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use taskdex::chrono::{DateTime, TimeDelta, Utc};
use taskdex::{DueExecution, ProjectId, TaskId};

use super::{Append, AppendError, Head, Log, Owner, Refused, Unknown};
use crate::entry::{Entry, Group};
use crate::partition::Partition;

const LEASE: TimeDelta = TimeDelta::seconds(2);

/// A log that does at once what it is asked, and keeps what was trimmed for those who check.
#[derive(Debug, Default)]
pub(crate) struct MemoryLog(Mutex<State>);

#[derive(Debug, Default)]
pub(crate) struct State {
    /// The log has a clock of its own.
    pub(crate) now: DateTime<Utc>,
    pub(crate) histories: BTreeMap<Partition, History>,
    /// The keys of all executions that were ever handed on.
    pub(crate) handed_on: BTreeSet<(ProjectId, TaskId, i64)>,
}

#[derive(Debug, Default)]
pub(crate) struct History {
    epoch: u64,
    owner: Owner,
    lease_until: DateTime<Utc>,
    /// First positions and texts, as a database would have them.
    groups: BTreeMap<u64, String>,
    snapshots: BTreeMap<u64, Vec<u8>>,
    log_bytes: usize,
    /// Every entry that was ever committed: that of position 1 first.
    pub(crate) entries: Vec<Entry>,
}

impl MemoryLog {
    pub(crate) fn with(partitions: &[Partition]) -> Self {
        let histories = partitions.iter().map(|&it| (it, History::default()));
        Self(Mutex::new(State {
            now: DateTime::UNIX_EPOCH,
            histories: histories.collect(),
            handed_on: BTreeSet::new(),
        }))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a history, as everything else here is ready at once.
    fn at<R>(&self, partition: Partition, call: impl FnOnce(&mut History) -> R) -> R {
        call(self.lock().histories.get_mut(&partition).unwrap())
    }
}

impl History {
    fn position(&self) -> u64 {
        self.entries.len() as u64
    }
}

impl Log for MemoryLog {
    async fn append(&self, append: &Append) -> Result<(), AppendError> {
        self.at(append.partition, |history| {
            let (position, epoch) = (history.position(), history.epoch);
            if (position + 1, epoch) != (append.group.first, append.epoch) {
                return Err(Refused { position, epoch }.into());
            }
            let text = append.group.to_text().unwrap();
            history.log_bytes += text.len();
            history.groups.insert(append.group.first, text);
            history.entries.extend(append.group.entries.iter().cloned());
            Ok(())
        })
    }

    async fn read(&self, after: &[(Partition, u64)]) -> Result<Vec<(Partition, Group)>, Unknown> {
        let mut read = Vec::new();
        for &(partition, after) in after {
            self.at(partition, |history| {
                for (&first, text) in history.groups.range(after + 1..).take(4) {
                    read.push((partition, Group::from_text(first, text).unwrap()));
                }
            });
        }
        Ok(read)
    }

    async fn heads(&self) -> Result<Vec<Head>, Unknown> {
        let state = self.lock();
        let heads = state.histories.iter().map(|(&partition, history)| {
            let newest = history.snapshots.last_key_value();
            Head {
                partition,
                position: history.position(),
                epoch: history.epoch,
                owner: history.owner.clone(),
                is_free: history.lease_until < state.now,
                snapshot: newest.map_or(0, |(position, _)| *position),
                snapshot_bytes: newest.map_or(0, |(_, text)| text.len() as u64),
                log_bytes: history.log_bytes as u64,
            }
        });
        Ok(heads.collect())
    }

    async fn claim(&self, owner: &Owner, partitions: &[(Partition, u64)]) -> Result<(), Unknown> {
        let now = self.lock().now;
        for &(partition, epoch) in partitions {
            self.at(partition, |history| {
                let is_own = history.owner == *owner;
                if history.epoch == epoch && (is_own || history.lease_until < now) {
                    history.epoch += u64::from(!is_own);
                    history.owner = owner.clone();
                    history.lease_until = now + LEASE;
                }
            });
        }
        Ok(())
    }

    async fn trim(&self, partition: Partition) -> Result<(), Unknown> {
        self.at(partition, |history| {
            while history.snapshots.len() > 2 {
                history.snapshots.pop_first();
            }
            if let (2, Some((&older, _))) =
                (history.snapshots.len(), history.snapshots.first_key_value())
            {
                history.groups = history.groups.split_off(&(older + 1));
            }
        });
        Ok(())
    }

    async fn save(
        &self,
        partition: Partition,
        position: u64,
        text: Vec<u8>,
    ) -> Result<(), Unknown> {
        self.at(partition, |history| {
            history.snapshots.insert(position, text);
            history.log_bytes = 0;
        });
        Ok(())
    }

    async fn newest(&self, partition: Partition) -> Result<Option<Vec<u8>>, Unknown> {
        self.at(partition, |history| {
            let newest = history.snapshots.last_key_value();
            Ok(newest.map(|(_, text)| text.clone()))
        })
    }

    async fn hand_on(&self, due: &[DueExecution]) -> Result<(), Unknown> {
        let keys = due.iter().map(DueExecution::key);
        let keys = keys.map(|(project, task, second)| (project.clone(), task.clone(), second));
        self.lock().handed_on.extend(keys);
        Ok(())
    }
}

/// Numbers that follow from a seed (`SplitMix64`).
#[derive(Debug)]
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True so many times of a thousand.
    pub(crate) fn permille(&mut self, share: u64) -> bool {
        self.below(1_000) < share
    }
}

/// How likely each fault is, in thousandths. A seed has some kinds and others not.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    lost: u64,
    unanswered: u64,
    doubled: u64,
    delayed: u64,
}

/// What befalls one call, in milliseconds from when it is made.
#[derive(Debug)]
pub(crate) struct Fate {
    /// When the log carries it out: never, once, or twice.
    pub(crate) executed: Vec<u64>,
    /// When the caller has the answer to the first; otherwise it gives up, and is told nothing.
    pub(crate) answered: Option<u64>,
    pub(crate) given_up: u64,
}

impl Faults {
    pub(crate) fn seeded(seeded: &mut Seeded) -> Self {
        let mut share = |most| match seeded.below(3) {
            0 => 0,
            _ => seeded.below(most),
        };
        Self {
            lost: share(300),
            unanswered: share(300),
            doubled: share(150),
            delayed: share(150),
        }
    }

    pub(crate) fn fate(&self, seeded: &mut Seeded) -> Fate {
        let mut arrives = 1 + seeded.below(3);
        if seeded.permille(self.delayed) {
            arrives += seeded.below(2_000);
        }
        let given_up = 500 + seeded.below(500);
        let returns = arrives + 1 + seeded.below(3);
        let mut executed = vec![arrives];
        if seeded.permille(self.doubled) {
            executed.push(arrives + seeded.below(1_500));
        }
        if seeded.permille(self.lost) {
            executed.clear();
        }
        let is_answered = !executed.is_empty() && !seeded.permille(self.unanswered);
        Fate {
            executed,
            answered: (is_answered && returns < given_up).then_some(returns),
            given_up,
        }
    }
}
