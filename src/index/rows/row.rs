//! One row: a task, and what is kept beside it.

use chrono::{DateTime, Utc};
use prefetch_index::prefetch_index;

use crate::index::log::RemovedTask;
use crate::index::next::Next;
use crate::query::Revision;
use crate::task::{Code, Task};

/// One record: three cache lines, and no more to follow where its texts are short.
#[derive(Debug, Clone)]
#[repr(C, align(32))]
pub(super) struct Row {
    pub(super) head: PackedHead,
    /// `None` where it was removed.
    pub(super) task: Option<Task>,
}

/// A [`RowHead`] in half a cache line.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackedHead {
    pub(super) sequence: u64,
    pub(super) next: Next,
    version: U48,
    added: I48,
}

const _: () = assert!(size_of::<PackedHead>() == 32 && size_of::<Row>() == 160);

impl PackedHead {
    fn new(head: &RowHead) -> Self {
        Self {
            sequence: head.sequence,
            next: head.next,
            version: U48::new(head.version.get()),
            added: I48::new(head.added),
        }
    }

    pub(super) fn set_version(&mut self, version: Revision) {
        self.version = U48::new(version.get());
    }
}

impl Row {
    pub(super) fn new(head: &RowHead, task: Task) -> Self {
        Self {
            head: PackedHead::new(head),
            task: Some(task),
        }
    }

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

/// What a row holds besides its task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowHead {
    pub(crate) next: Next,
    /// Unique in the project, greater than those of all rows before it, and
    /// never used again.
    pub(crate) sequence: u64,
    pub(crate) version: Revision,
    /// The second of the first adding.
    pub(crate) added: i64,
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

    pub(crate) fn next(self) -> Next {
        self.row.head.next
    }

    /// What is pending of it in a watched project.
    pub(crate) fn pending(self) -> Next {
        pending_of(self.task, self.next())
    }

    pub(crate) fn sequence(self) -> u64 {
        self.row.head.sequence
    }

    pub(crate) fn version(self) -> Revision {
        Revision::new(self.row.head.version.get())
    }

    /// The second of the first adding.
    pub(crate) fn added_at(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.row.head.added.get(), 0).unwrap_or_default()
    }

    /// What a change log keeps of it, once it is removed.
    pub(crate) fn logged(self) -> RemovedTask {
        RemovedTask {
            sequence: self.sequence(),
            id: self.task.id().into(),
        }
    }

    pub(crate) fn head(self) -> RowHead {
        RowHead {
            next: self.next(),
            sequence: self.sequence(),
            version: self.version(),
            added: self.row.head.added.get(),
        }
    }
}

/// What is pending of a task with this next execution in a watched project: nothing where it is
/// disabled.
pub(in crate::index) fn pending_of(task: &Task, next: Next) -> Next {
    if task.is_enabled() { next } else { Next::NEVER }
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

/// A signed number of 48 bits; chrono's seconds take 44.
#[derive(Debug, Clone, Copy)]
struct I48(U48);

impl I48 {
    const fn new(number: i64) -> Self {
        Self(U48::new(number.cast_unsigned()))
    }

    const fn get(self) -> i64 {
        (self.0.get() << 16).cast_signed() >> 16
    }
}
