//! One row: a task, and what is kept beside it.

use chrono::{DateTime, Utc};
use prefetch_index::prefetch_index;

use crate::index::log::RemovedTask;
use crate::index::next::CachedNext;
use crate::query::Revision;
use crate::task::{Code, Task};

/// One record: three cache lines, and no more to follow where its texts are short.
#[derive(Debug, Clone)]
#[repr(C, align(32))]
pub(super) struct Row {
    pub(super) head: RowHead,
    /// `None` where it was removed.
    pub(super) task: Option<Task>,
}

/// What a row holds besides its task, in half a cache line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowHead {
    /// Unique in the project, greater than those of all rows before it, and
    /// never used again.
    pub(crate) sequence: u64,
    pub(crate) next: CachedNext,
    version: U48,
    added: U48,
}

const _: () = assert!(size_of::<RowHead>() == 32 && size_of::<Row>() == 160);

impl RowHead {
    /// `added` is the second of the first adding.
    pub(crate) fn new(next: CachedNext, sequence: u64, version: Revision, added: i64) -> Self {
        Self {
            sequence,
            next,
            version: U48::new(version.get()),
            added: U48::new(added.cast_unsigned()),
        }
    }

    pub(crate) fn version(&self) -> Revision {
        Revision::new(self.version.get())
    }

    pub(crate) fn set_version(&mut self, version: Revision) {
        self.version = U48::new(version.get());
    }

    /// The second of the first adding.
    pub(crate) fn added(&self) -> i64 {
        // The upper bits repeat the sign; chrono's seconds take 44.
        (self.added.get() << 16).cast_signed() >> 16
    }
}

impl Row {
    #[inline]
    pub(super) fn view(&self) -> Option<RowView<'_>> {
        Some(RowView {
            task: self.task.as_ref()?,
            row: self,
        })
    }

    /// Prefetches each cache line of the row.
    #[inline]
    pub(super) fn prefetch(&self) {
        // A row is five heads long. Those behind its own are addresses only, as a prefetch takes.
        let half_lines = std::slice::from_ref(&self.head);
        for half_line in [0, 2, 4] {
            prefetch_index(half_lines, half_line);
        }
    }
}

/// A row that was not removed.
#[derive(Clone, Copy)]
pub(crate) struct RowView<'a> {
    task: &'a Task,
    row: &'a Row,
}

impl<'a> RowView<'a> {
    pub(crate) fn task(self) -> &'a Task {
        self.task
    }

    pub(crate) fn code(self) -> Code {
        self.task.attributes().code()
    }

    pub(crate) fn next(self) -> CachedNext {
        self.row.head.next
    }

    /// What is pending of it in a watched project.
    pub(crate) fn pending(self) -> CachedNext {
        pending_of(self.task, self.next())
    }

    pub(crate) fn sequence(self) -> u64 {
        self.row.head.sequence
    }

    pub(crate) fn version(self) -> Revision {
        self.row.head.version()
    }

    /// The second of the first adding.
    pub(crate) fn added_at(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.row.head.added(), 0).unwrap_or_default()
    }

    /// What a change log keeps of it, once it is removed.
    pub(crate) fn logged(self) -> RemovedTask {
        RemovedTask {
            sequence: self.sequence(),
            id: self.task.id().into(),
        }
    }

    pub(crate) fn head(self) -> RowHead {
        self.row.head
    }
}

/// What is pending of a task with this next execution in a watched project: nothing where it is
/// disabled.
pub(in crate::index) fn pending_of(task: &Task, next: CachedNext) -> CachedNext {
    if task.is_enabled() {
        next
    } else {
        CachedNext::NEVER
    }
}

/// An unsigned number of 48 bits.
#[derive(Debug, Clone, Copy)]
struct U48([u16; 3]);

impl U48 {
    #[expect(clippy::cast_possible_truncation, reason = "cut into its parts")]
    const fn new(number: u64) -> Self {
        Self([number as u16, (number >> 16) as u16, (number >> 32) as u16])
    }

    const fn get(self) -> u64 {
        let Self([low, middle, high]) = self;
        low as u64 | (middle as u64) << 16 | (high as u64) << 32
    }
}
