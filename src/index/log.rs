//! The change log: which tasks of a project each batch changed.

use std::collections::{HashSet, VecDeque};

use super::Index;
use crate::query::Revision;

/// What one batch did to the task of one id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Logged {
    /// A task was added; its sequence.
    Added(u64),
    /// A task was changed in its place; its sequence.
    Changed(u64),
    /// A task was removed.
    Removed(RemovedTask),
    /// A task was removed, and one of the same id was added; the sequence of that one.
    Readded(RemovedTask, u64),
}

/// What the log keeps of a removed task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemovedTask {
    pub(crate) sequence: u64,
    pub(crate) id: Box<str>,
}

/// The latest changes, oldest first, as far back as there is room for them.
///
/// Invariants: versions do not descend, and every change after `base` is there.
#[derive(Debug)]
pub(crate) struct ChangeLog {
    entries: VecDeque<Entry>,
    /// The most entries, at least 1.
    capacity: usize,
    /// The oldest revision that the log reaches back to.
    base: Revision,
    /// Memory of what is kept of removed tasks.
    removed_bytes: usize,
}

/// A [`Logged`] change in 24 bytes.
#[derive(Debug)]
struct Entry {
    /// The revision of the batch, 48 bits, above `PUT` and `ADDED`.
    version_and_flags: u64,
    /// Of the task that was put.
    sequence: u64,
    removed: Option<Box<RemovedTask>>,
}

/// A task was added or changed.
const PUT: u64 = 1;
/// A task was added.
const ADDED: u64 = 2;
const FLAG_BITS: u32 = 2;

const _: () = assert!(size_of::<Entry>() == 24);

/// The changes from an earlier revision to the present one.
#[derive(Debug, Default)]
pub(crate) struct LoggedChanges {
    /// The tasks that were there and are no more, by their sequences.
    pub(crate) removed: Vec<RemovedTask>,
    /// The sequences of the tasks that were added or changed, ascending. Some may be gone.
    pub(crate) put: Vec<u64>,
}

impl Entry {
    fn new(version: Revision, logged: Logged) -> Self {
        let (flags, sequence, removed) = match logged {
            Logged::Added(sequence) => (PUT | ADDED, sequence, None),
            Logged::Changed(sequence) => (PUT, sequence, None),
            Logged::Removed(removed) => (0, 0, Some(removed)),
            Logged::Readded(removed, sequence) => (PUT | ADDED, sequence, Some(removed)),
        };
        Self {
            version_and_flags: version.get() << FLAG_BITS | flags,
            sequence,
            removed: removed.map(Box::new),
        }
    }

    fn version(&self) -> Revision {
        Revision::new(self.version_and_flags >> FLAG_BITS)
    }

    fn heap_bytes(&self) -> usize {
        let removed = self.removed.as_ref();
        removed.map_or(0, |removed| size_of::<RemovedTask>() + removed.id.len())
    }

    fn has(&self, flag: u64) -> bool {
        self.version_and_flags & flag != 0
    }
}

impl ChangeLog {
    /// A log of at most `capacity` entries that begins after `base`; `None` where it would
    /// have none.
    pub(crate) fn new(capacity: usize, base: Revision) -> Option<Box<Self>> {
        (capacity > 0).then(|| {
            Box::new(Self {
                entries: VecDeque::new(),
                capacity,
                base,
                removed_bytes: 0,
            })
        })
    }

    /// Records what a batch did to one id. O(1), amortised.
    pub(crate) fn record(&mut self, version: Revision, logged: Logged) {
        if self.entries.len() == self.capacity
            && let Some(oldest) = self.entries.pop_front()
        {
            self.base = oldest.version();
            self.removed_bytes -= oldest.heap_bytes();
        }
        let entry = Entry::new(version, logged);
        self.removed_bytes += entry.heap_bytes();
        self.entries.push_back(entry);
    }

    /// The oldest revision that the log reaches back to.
    pub(crate) fn base(&self) -> Revision {
        self.base
    }

    /// Bytes of heap memory. O(1).
    pub(super) fn heap_bytes(&self) -> usize {
        let entries = self.entries.capacity() * size_of::<Entry>();
        size_of::<Self>() + entries + self.removed_bytes
    }

    /// The changes after `since`, or `None` where the log does not reach back so far.
    /// O(n log n) for n changes.
    pub(crate) fn since(&self, since: Revision) -> Option<LoggedChanges> {
        if since < self.base {
            return None;
        }
        let first = self
            .entries
            .partition_point(|entry| entry.version() <= since);
        let mut changes = LoggedChanges::default();
        let mut added = HashSet::new();
        for entry in self.entries.range(first..) {
            // A task that came after `since` need not be removed when it goes.
            let was_there = |removed: &&RemovedTask| !added.contains(&removed.sequence);
            let removed = entry.removed.as_deref().filter(was_there);
            changes.removed.extend(removed.cloned());
            if entry.has(ADDED) {
                added.insert(entry.sequence);
            }
            if entry.has(PUT) {
                changes.put.push(entry.sequence);
            }
        }
        changes.removed.sort_unstable_by_key(|it| it.sequence);
        changes.put.sort_unstable();
        changes.put.dedup();
        Some(changes)
    }

    /// Checks the invariants, for a project at this revision.
    pub(crate) fn validate(&self, revision: Revision) -> Result<(), String> {
        let versions = || self.entries.iter().map(Entry::version);
        if !versions().is_sorted() || versions().any(|it| it < self.base || it > revision) {
            return Err("the change log is out of order".into());
        }
        let removed_bytes: usize = self.entries.iter().map(Entry::heap_bytes).sum();
        if removed_bytes != self.removed_bytes {
            return Err(format!(
                "{removed_bytes} bytes of removed tasks are miscounted"
            ));
        }
        if self.entries.len() > self.capacity {
            return Err(format!("{} changes are logged", self.entries.len()));
        }
        Ok(())
    }
}

impl Index {
    /// Adds a log of `capacity` changes, which begins at the project's revision.
    pub(crate) fn with_change_log(mut self, capacity: usize) -> Self {
        self.log = ChangeLog::new(capacity, self.revision);
        self
    }

    /// The log of changes, if there is one.
    pub(crate) fn log(&self) -> Option<&ChangeLog> {
        self.log.as_deref()
    }

    /// Records what a batch did, if there is a log.
    pub(crate) fn record(&mut self, version: Revision, changes: impl IntoIterator<Item = Logged>) {
        if let Some(log) = &mut self.log {
            for logged in changes {
                log.record(version, logged);
            }
        }
    }
}
