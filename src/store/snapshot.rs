//! Snapshots: a project at one revision, owned by the caller.

use std::fmt;

use chrono::{DateTime, Utc};

use super::batch::added_at;
use crate::error::Error;
use crate::index::{CachedNext, Index, NoRoom, RowHead, RowView, SharedChunk, SharedRows};
use crate::query::Revision;
use crate::schedule::Execution;
use crate::task::{ProjectId, Record, Task};

/// All tasks of a project at one revision, in order.
///
/// It is taken at once, whatever the size, and writers go on: tasks are shared with the project
/// until they change there. It is owned, and later changes leave it as it is. While it lives, a
/// change of a task may copy the 512 tasks around it once, some 80 KB; readers do not wait for
/// that.
///
/// ```
/// use chrono::DateTime;
/// use taskdex::{LifeCycleType, ProjectId, Task, TaskStore, TaskType};
///
/// let store = TaskStore::new();
/// let project = ProjectId::new("p-1")?;
/// let now = DateTime::UNIX_EPOCH;
/// for id in ["t-1", "t-2"] {
///     let event = LifeCycleType::PostDesktopDisconnected;
///     store.add(&project, Task::builder(id, "Stop", TaskType::Stop, event).build()?, now)?;
/// }
///
/// let snapshot = store.snapshot(&project)?;
/// store.remove(&project, "t-1")?;
/// assert_eq!(snapshot.len(), 2);
/// let first = snapshot.iter().next().unwrap();
/// assert_eq!(first.task().id(), "t-1");
/// assert_eq!(first.added_at(), now);
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Clone)]
pub struct Snapshot {
    pub(super) project: ProjectId,
    pub(super) revision: Revision,
    pub(super) next_sequence: u64,
    pub(super) rows: SharedRows,
}

impl Snapshot {
    /// The project.
    #[must_use]
    pub fn project(&self) -> &ProjectId {
        &self.project
    }

    /// The revision of the project that this shows.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The sequence of the task that would be added next.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// How many tasks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len() as usize
    }

    /// Whether there are no tasks. A project that is there has some.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Goes through all tasks, oldest first. O(1) for each.
    pub fn iter(&self) -> SnapshotTasks<'_> {
        SnapshotTasks {
            rows: &self.rows,
            chunk: 0,
            current: None,
            left: self.len(),
        }
    }
}

impl<'a> IntoIterator for &'a Snapshot {
    type Item = SnapshotTask<'a>;
    type IntoIter = SnapshotTasks<'a>;

    fn into_iter(self) -> SnapshotTasks<'a> {
        self.iter()
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("project", &self.project)
            .field("revision", &self.revision)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// The tasks of a snapshot, oldest first: see [`Snapshot::iter`].
#[derive(Debug, Clone)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct SnapshotTasks<'a> {
    rows: &'a SharedRows,
    /// The chunk after the current one.
    chunk: usize,
    current: Option<SharedChunk<'a>>,
    left: usize,
}

impl<'a> Iterator for SnapshotTasks<'a> {
    type Item = SnapshotTask<'a>;

    fn next(&mut self) -> Option<SnapshotTask<'a>> {
        // Behind the last task are rows of a batch that was not published.
        let left = self.left.checked_sub(1)?;
        loop {
            if let Some(row) = self.current.as_mut().and_then(Iterator::next) {
                self.left = left;
                return Some(SnapshotTask(row));
            }
            self.current = Some(self.rows.chunk(self.chunk)?);
            self.chunk += 1;
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for SnapshotTasks<'_> {}

/// A task of a [`Snapshot`].
#[derive(Clone, Copy)]
pub struct SnapshotTask<'a>(RowView<'a>);

impl<'a> SnapshotTask<'a> {
    /// The task.
    #[must_use]
    pub fn task(self) -> &'a Task {
        self.0.task()
    }

    /// The revision of the task's latest change.
    #[must_use]
    pub fn version(self) -> Revision {
        self.0.version()
    }

    /// When the task was first added, to the second.
    #[must_use]
    pub fn added_at(self) -> DateTime<Utc> {
        self.0.added_at()
    }

    /// The task's place in the order of adding: greater than those of all before it.
    #[must_use]
    pub fn sequence(self) -> u64 {
        self.0.sequence()
    }

    /// The first execution after `now`; `None` where the task is triggered, disabled, expired,
    /// past, or without a schedule.
    #[must_use]
    pub fn next_execution(self, now: DateTime<Utc>) -> Option<Execution> {
        super::listed::next_execution(self.0, now, |_| {})
    }

    /// The full record.
    #[must_use]
    pub fn to_record(self) -> Record {
        record_of(self.0)
    }
}

impl fmt::Debug for SnapshotTask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotTask")
            .field("task", self.task())
            .field("version", &self.version())
            .field("added_at", &self.added_at())
            .field("sequence", &self.sequence())
            .finish()
    }
}

/// A project that is being restored, and not in the store yet.
#[derive(Debug)]
pub(crate) struct Restoration(Index);

impl Restoration {
    pub(super) fn new(index: Index) -> Self {
        Self(index)
    }

    /// Adds the next task: a full record, whose id is none of those before it, and whose sequence
    /// is greater than theirs. O(length of the texts).
    pub(crate) fn push(&mut self, record: &Record) -> Result<(), Error> {
        let added_at = added_at(record, DateTime::UNIX_EPOCH);
        let task = record.task.first_added(added_at)?;
        let sequence = record.sequence.unwrap_or_default();
        let version = record.version.unwrap_or_default();
        // The first listing computes when it is next.
        let head = RowHead::new(CachedNext::UNKNOWN, sequence, version, added_at.timestamp());
        let pushed = self.0.push_unlisted(&head, &task);
        pushed.map_err(|NoRoom| Error::project_full(task.id()))
    }

    /// The project with all its tasks, of which lists are built. O(n) for n tasks.
    pub(super) fn finish(self, next_sequence: u64, log_capacity: usize) -> Index {
        let Self(mut index) = self;
        index.make_ready_for(0);
        index.publish(index.revision());
        index.continue_sequences(next_sequence);
        index.with_change_log(log_capacity)
    }
}

/// The full record of a row.
pub(super) fn record_of(row: RowView<'_>) -> Record {
    Record {
        project: None,
        task: row.task().clone(),
        added_at: Some(row.added_at()),
        sequence: Some(row.sequence()),
        version: Some(row.version()),
    }
}
