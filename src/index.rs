//! One project's tasks, with every answer of the documented filters kept ready.
//!
//! Nothing here knows a lock, a string of the wire or a calendar: next
//! executions are opaque moments with the span of time for which they hold.

mod answers;
mod by_next;
mod change;
mod due;
mod explain;
mod facets;
mod ids;
mod log;
mod memory;
mod name_index;
mod name_search;
mod next;
mod recent_changes;
mod renumber;
mod row_set;
mod rows;
mod select;
mod share;
mod slot;
mod validate;
mod watch;

use answers::Answers;
use arrayvec::ArrayVec;
pub(crate) use by_next::ByNext;
pub(crate) use change::{Addition, NotAdded};
pub(crate) use due::DueQueue;
use ids::Ids;
pub(crate) use log::{ChangeLog, Logged};
pub(crate) use memory::b_tree_bytes;
pub(crate) use name_index::{NameBatch, NameIndex};
pub(crate) use name_search::{NameSearch, NamesFound, Validity};
pub(crate) use next::{CachedNext, Known, Moment};
use recent_changes::RecentChanges;
pub(crate) use row_set::RowSet;
use rows::Rows;
pub(crate) use rows::{
    CopiedChunks, NoRoom, PAGE_ROWS, Removed, RowHead, RowView, SharedChunk, SharedRows,
};
pub(crate) use select::Selected;
use slot::RowNumber;
pub(crate) use slot::Slot;

use crate::query::Revision;

/// Where a project changes its form.
#[derive(Debug)]
pub(crate) struct SizeLimits {
    /// A project of more tasks than this has answer lists.
    pub(crate) lists_from: u32,
    /// A project of fewer tasks than this has none any more.
    pub(crate) lists_until: u32,
    /// Holes, or renamings, up to which a project is never tidied.
    pub(crate) holes_min: u32,
    /// Changes and removals up to which a batch is carried out in place, however small the
    /// project.
    pub(crate) in_place_min: u32,
    /// The end of row numbers.
    pub(crate) rows_max: u32,
}

impl SizeLimits {
    /// A scan of a few hundred rows takes less than a microsecond; lists for
    /// them would take more memory than the rows.
    pub(crate) const USUAL: Self = Self {
        lists_from: 256,
        lists_until: 128,
        holes_min: 256,
        in_place_min: 64,
        rows_max: u32::MAX,
    };

    /// Forms change after a handful of tasks, and holes are soon too many.
    #[cfg(feature = "testkit")]
    pub(crate) const EARLY: Self = Self {
        lists_from: 12,
        lists_until: 6,
        holes_min: 4,
        in_place_min: 6,
        rows_max: 5_000,
    };

    /// Row numbers run out all the time.
    #[cfg(feature = "testkit")]
    pub(crate) const NARROW: Self = Self {
        rows_max: 70,
        holes_min: 1_000,
        ..Self::EARLY
    };
}

/// The part of a project, one in eight, above which a batch is built beside.
const IN_PLACE_PART: u32 = 8;

/// The last revision. Rows keep 48 bits of it: centuries of 10,000 changes a second.
pub(crate) const REVISION_MAX: u64 = (1 << 48) - 1;

/// Bits between a project's first revision and its first sequence, which is 2^16 times as much.
///
/// So it depends on the project's own history alone. It is greater than any sequence of an
/// earlier project of the name, if that added fewer than 65,536 tasks a revision.
const SEQUENCES_OF_REVISION_BITS: u32 = 16;

/// Where the history of a project continues.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) revision: Revision,
    /// Greater than every sequence that was used.
    pub(crate) next_sequence: u64,
}

/// Ids whose places are prefetched together, where lists of many rows are built.
const PREFETCHED_IDS: usize = 16;

/// One project's tasks.
///
/// Rows are numbered in the order of adding, and an update keeps the number.
/// Rows from `visible_end` on are staged: no answer shows them until
/// [`publish`](Self::publish).
///
/// Invariants: there are `lookups` where there are more rows than
/// `limits.lists_from`, none below `limits.lists_until`. Each row
/// stands in exactly the answer lists of its [code](crate::task::Code), and is found by its
/// id, which no other has. Sequences ascend with row numbers. No version is
/// greater than `revision`.
#[derive(Debug)]
pub(crate) struct Index {
    rows: Rows,
    lookups: Option<Box<Lookups>>,
    revision: Revision,
    next_sequence: u64,
    visible_end: Slot,
    visible: u32,
    /// Renumberings, and builds of lists, so far. Rows cached in an earlier epoch are invalid.
    epoch: u32,
    log: Option<Box<ChangeLog>>,
    /// The due queue of a watched store. Listings then do not write `next` of rows.
    due: Option<Box<DueQueue>>,
    limits: &'static SizeLimits,
}

/// The lookups of a project with many tasks.
#[derive(Debug)]
pub(crate) struct Lookups {
    answers: Answers,
    ids: Ids,
    names: NameIndex,
    changes: RecentChanges,
}

impl Index {
    /// A project with no tasks, and no change log.
    pub(crate) fn new(origin: Origin, limits: &'static SizeLimits) -> Self {
        Self {
            rows: Rows::default(),
            lookups: None,
            revision: origin.revision,
            next_sequence: origin.next_sequence,
            visible_end: Slot::FIRST,
            visible: 0,
            epoch: 0,
            log: None,
            due: None,
            limits,
        }
    }

    /// The revision of the latest change.
    pub(crate) fn revision(&self) -> Revision {
        self.revision
    }

    /// The sequence after all that published tasks ever had.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// The sequence of the first task that a batch of this version adds.
    pub(crate) fn first_sequence(&self, version: Revision) -> u64 {
        if self.visible > 0 {
            return self.next_sequence;
        }
        // The project begins: it ends with the batch that takes its last task.
        let first = version.get() << SEQUENCES_OF_REVISION_BITS;
        first.max(self.next_sequence)
    }

    /// Where the history of this project continues.
    pub(crate) fn origin(&self) -> Origin {
        Origin {
            revision: self.revision,
            next_sequence: self.next_sequence,
        }
    }

    /// The row of a sequence, if it was not removed.
    pub(crate) fn row_of_sequence(&self, sequence: u64) -> Option<RowView<'_>> {
        let row = self.row(self.rows.first_from_sequence(sequence))?;
        (row.sequence() == sequence).then_some(row)
    }

    /// How many tasks there are.
    pub(crate) fn len(&self) -> u32 {
        self.visible
    }

    /// The row of an id. O(1), or O(n) for a project without lists.
    pub(crate) fn find(&self, id: &str) -> Option<Slot> {
        let slot = match &self.lookups {
            Some(lookups) => lookups.ids.find(&self.rows, id),
            None => self.find_by_scan(id),
        };
        slot.filter(|&slot| slot < self.visible_end)
    }

    fn find_by_scan(&self, id: &str) -> Option<Slot> {
        self.rows
            .iter(Slot::FIRST..self.rows.end())
            .find(|(_, row)| row.task().id() == id)
            .map(|(slot, _)| slot)
    }

    /// The row of a number, if there is one.
    pub(crate) fn row(&self, slot: Slot) -> Option<RowView<'_>> {
        self.rows.view(slot)
    }

    /// The rows that were selected.
    pub(crate) fn page<'a>(
        &'a self,
        selected: &'a Selected,
    ) -> impl Iterator<Item = (Slot, RowView<'a>)> {
        self.rows.page(selected.slots())
    }

    /// All tasks, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (Slot, RowView<'_>)> {
        self.rows.iter(Slot::FIRST..self.visible_end)
    }

    /// Whether there are lists, and the epoch.
    #[cfg(feature = "testkit")]
    pub(crate) fn form(&self) -> (bool, u32) {
        (self.lookups.is_some(), self.epoch)
    }

    /// Whether so many rows can be added.
    pub(crate) fn has_room_for(&self, added: usize) -> bool {
        self.rows.has_room_for(added, self.limits.rows_max)
    }

    /// How many changes and removals of a batch are carried out in place at most.
    pub(crate) fn in_place_max(&self) -> usize {
        self.limits.in_place_min.max(self.visible / IN_PLACE_PART) as usize
    }

    /// How many tasks the project can have.
    pub(crate) fn task_count_max(&self) -> u32 {
        self.limits.rows_max
    }

    /// Raises the sequence of the next task, as another copy of the project has it.
    pub(crate) fn continue_sequences(&mut self, next_sequence: u64) {
        self.next_sequence = self.next_sequence.max(next_sequence);
    }
}

impl Lookups {
    fn with_capacity(rows: usize) -> Self {
        Self {
            answers: Answers::new(),
            ids: Ids::with_capacity(rows),
            names: NameIndex::default(),
            changes: RecentChanges::new(),
        }
    }

    /// Lists of these rows, with room for `capacity` of them.
    fn of(rows: &Rows, capacity: usize) -> Self {
        let mut lookups = Self::with_capacity(capacity);
        let mut left = rows.iter(Slot::FIRST..rows.end());
        loop {
            let step = left.by_ref().take(PREFETCHED_IDS);
            let step =
                step.map(|(slot, row)| (slot, row.code(), lookups.ids.hash(row.task().id())));
            let step: ArrayVec<_, PREFETCHED_IDS> = step.collect();
            if step.is_empty() {
                return lookups;
            }
            for &(_, _, hash) in &step {
                lookups.ids.prefetch(hash);
            }
            for (slot, code, hash) in step {
                lookups.answers.insert(slot, code);
                lookups.ids.insert(slot, hash);
            }
        }
    }
}
