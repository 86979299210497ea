//! One project's tasks, with every answer of the documented filters kept ready.
//!
//! Nothing here knows a lock, a string of the wire or a calendar: next
//! executions are opaque moments with the span of time for which they hold.

mod answers;
mod by_next;
mod changes;
mod due;
mod explain;
mod facets;
mod ids;
mod log;
mod name_index;
mod next;
mod row_set;
mod rows;
mod slot;
mod validate;

use std::ops::Range;

use answers::{Answers, Compacted};
pub(crate) use by_next::ByNext;
use changes::RecentChanges;
pub(crate) use changes::{NameSearch, NamesFound, Validity};
pub(crate) use due::DueQueue;
use ids::Ids;
pub(crate) use log::{ChangeLog, Logged};
pub(crate) use name_index::{NameBatch, NameIndex};
use rows::Rows;

pub(crate) use next::{Known, Moment, Next};
pub(crate) use row_set::RowSet;
use rows::pending_of;
pub(crate) use rows::{
    CopiedChunks, NoRoom, PAGE_ROWS, Removed, RowHead, RowView, SharedChunk, SharedRows,
};
pub(crate) use slot::{RowNumber, Slot};

use crate::query::{ListKey, ListQuery, NameMatch, Order, Revision};
use crate::task::{Attributes, Code, LastStatus, Task};

/// Where a project changes its form.
#[derive(Debug)]
pub(crate) struct Limits {
    /// A project of more tasks than this has answer lists.
    pub(crate) lists_from: u32,
    /// A project of fewer tasks than this has none any more.
    pub(crate) lists_until: u32,
    /// So many holes, or renamings, are never a reason to set a project in order.
    pub(crate) holes_min: u32,
    /// A batch of at most so many changes and removals is carried out in place, however small
    /// the project.
    pub(crate) in_place_min: u32,
    /// Row numbers end here.
    pub(crate) rows_max: u32,
}

impl Limits {
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

/// A project of which a greater part changes at once is built beside: one in eight.
const IN_PLACE_PART: u32 = 8;

/// Versions are kept in 48 bits: centuries of 10,000 changes a second.
pub(crate) const REVISION_MAX: u64 = (1 << 48) - 1;

/// So many rows are put into the due queue while readers wait, and more of them beside.
const DUE_IN_PLACE_MAX: usize = 512;

/// A project's first sequence is its first revision times 2^16. It so follows from the project's
/// own history, and is greater than what an earlier project of the name used, as long as that
/// added fewer than 65,536 tasks a revision.
const SEQUENCES_OF_REVISION_BITS: u32 = 16;

/// Where the history of a project goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) revision: Revision,
    /// No sequence below was used again.
    pub(crate) sequence_next: u64,
}

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
    sequence_next: u64,
    visible_end: Slot,
    visible: u32,
    /// How often the project was numbered anew, or got lists: what was known of
    /// its rows before then is of no use.
    epoch: u32,
    log: Option<Box<ChangeLog>>,
    /// What is pending, where the store is watched. Listings then leave `next` of rows alone.
    due: Option<Box<DueQueue>>,
    limits: &'static Limits,
}

/// What a project of many tasks is answered from.
#[derive(Debug)]
pub(crate) struct Lookups {
    answers: Answers,
    ids: Ids,
    names: NameIndex,
    changes: RecentChanges,
}

/// A task to be added.
#[derive(Clone, Copy)]
pub(crate) struct Addition<'a> {
    pub(crate) head: RowHead,
    pub(crate) task: &'a Task,
}

/// Why a task was not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAdded {
    /// Another task has its id.
    IdTaken,
    /// No row number is left.
    NoRoom,
}

impl From<NoRoom> for NotAdded {
    fn from(NoRoom: NoRoom) -> Self {
        Self::NoRoom
    }
}

/// What a query selects: the total, and the rows of its page.
#[derive(Debug)]
pub(crate) struct Selected {
    pub(crate) total: u32,
    slots: [Slot; PAGE_ROWS],
    count: usize,
}

impl Selected {
    pub(crate) fn slots(&self) -> &[Slot] {
        self.slots.get(..self.count).unwrap_or_default()
    }

    /// Puts rows that were read oldest first in an order.
    fn put_in(&mut self, order: Order) {
        if order == Order::NewestFirst {
            let count = self.count;
            self.slots.get_mut(..count).unwrap_or_default().reverse();
        }
    }
}

impl Index {
    /// A project with no tasks, and no change log.
    pub(crate) fn new(origin: Origin, limits: &'static Limits) -> Self {
        Self {
            rows: Rows::default(),
            lookups: None,
            revision: origin.revision,
            sequence_next: origin.sequence_next,
            visible_end: Slot::FIRST,
            visible: 0,
            epoch: 0,
            log: None,
            due: None,
            limits,
        }
    }

    /// The same project with a log of so many changes, which begins at its revision.
    pub(crate) fn with_change_log(mut self, capacity: usize) -> Self {
        self.log = ChangeLog::new(capacity, self.revision);
        self
    }

    /// The revision of the latest change.
    pub(crate) fn revision(&self) -> Revision {
        self.revision
    }

    /// Greater than the sequence of every task that there ever was; staged ones are none yet.
    pub(crate) fn sequence_next(&self) -> u64 {
        self.sequence_next
    }

    /// The sequence of the first task that a batch of this version adds.
    pub(crate) fn first_sequence(&self, version: Revision) -> u64 {
        if self.visible > 0 {
            return self.sequence_next;
        }
        // The project begins: one without tasks ends with the batch that took the last.
        let first = version.get() << SEQUENCES_OF_REVISION_BITS;
        first.max(self.sequence_next)
    }

    /// Where the history of this project can be continued.
    pub(crate) fn origin(&self) -> Origin {
        Origin {
            revision: self.revision,
            sequence_next: self.sequence_next,
        }
    }

    /// The row of a sequence, if it was not removed.
    pub(crate) fn row_of_sequence(&self, sequence: u64) -> Option<RowView<'_>> {
        let row = self.row(self.rows.first_from_sequence(sequence))?;
        (row.sequence() == sequence).then_some(row)
    }

    /// All tasks, as they are at this revision. O(n / 512).
    pub(crate) fn share(&self) -> SharedRows {
        self.rows.share(self.visible)
    }

    /// Whether a snapshot holds the chunk of this row.
    pub(crate) fn is_shared(&self, slot: Slot) -> bool {
        self.rows.is_shared(slot)
    }

    /// Copies the chunks of these rows that snapshots hold. The rows ascend.
    pub(crate) fn copied_chunks(&self, slots: impl IntoIterator<Item = Slot>) -> CopiedChunks {
        self.rows.copied(slots)
    }

    /// Lets changes of copied chunks leave snapshots as they are, without a copy while readers
    /// wait.
    pub(crate) fn install_chunks(&mut self, copied: CopiedChunks) {
        self.rows.install(copied);
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

    // Reading.

    /// The total of a query, and the rows of its page. O(1) for a project with
    /// lists where the query asks for no name.
    pub(crate) fn select(&self, query: &ListQuery) -> Selected {
        let mut selected = Selected {
            total: 0,
            slots: [Slot::FIRST; PAGE_ROWS],
            count: 0,
        };
        let Some(key) = ListKey::of(query.filters.list) else {
            return selected;
        };
        let name = query.filters.task_name.as_ref();
        let Some(lookups) = &self.lookups else {
            self.select_by_scan(key, name, query, &mut selected);
            return selected;
        };
        debug_assert!(name.is_none(), "names are searched first");
        let list = lookups.answers.list(key);
        selected.total = list.len();
        let window = self.window(query, list.len(), |slot| list.rank(slot));
        if let Some(out) = selected.slots.get_mut(..window.len()) {
            selected.count = list.read(window.start, out);
        }
        selected.put_in(query.order());
        selected
    }

    /// The total of a query, and the rows of its page, where `rows` are all that match.
    pub(crate) fn select_among(&self, query: &ListQuery, rows: &RowSet) -> Selected {
        let mut selected = Selected {
            total: rows.len(),
            slots: [Slot::FIRST; PAGE_ROWS],
            count: 0,
        };
        let window = self.window(query, rows.len(), |slot| rows.rank(slot));
        if let Some(out) = selected.slots.get_mut(..window.len()) {
            selected.count = rows.read(window.start, out);
        }
        selected.put_in(query.order());
        selected
    }

    fn select_by_scan(
        &self,
        key: ListKey,
        name: Option<&NameMatch>,
        query: &ListQuery,
        selected: &mut Selected,
    ) {
        let (mask, wanted) = key.comparison();
        let after = query.after_sequence();
        let first = query.offset();
        let end = first.saturating_add(u64::from(query.limit()));
        let mut position = 0;
        let mut see = |slot, row: RowView<'_>| {
            let matches = row.code().masked(mask) == wanted
                && name.is_none_or(|name| name.matches(row.task().task_name()));
            if !matches {
                return;
            }
            selected.total += 1;
            let follows = after.is_none_or(|after| match query.order() {
                Order::OldestFirst => row.sequence() > after,
                Order::NewestFirst => row.sequence() < after,
                Order::NextExecution => true,
            });
            if follows {
                if (first..end).contains(&position)
                    && let Some(place) = selected.slots.get_mut(selected.count)
                {
                    *place = slot;
                    selected.count += 1;
                }
                position += 1;
            }
        };
        match query.order() {
            Order::OldestFirst | Order::NextExecution => {
                self.iter().for_each(|(slot, row)| see(slot, row));
            }
            Order::NewestFirst => self.iter().rev().for_each(|(slot, row)| see(slot, row)),
        }
    }

    /// Which of `total` positions, counted from the oldest, a query's page holds.
    fn window(&self, query: &ListQuery, total: u32, rank: impl Fn(Slot) -> u32) -> Range<u32> {
        let offset = u32::try_from(query.offset()).unwrap_or(u32::MAX);
        let limit = query.limit();
        match query.order() {
            Order::OldestFirst | Order::NextExecution => {
                let begin = query.after_sequence().map_or(0, |after| {
                    rank(self.rows.first_from_sequence(after.saturating_add(1)))
                });
                let start = begin.saturating_add(offset).min(total);
                start..start.saturating_add(limit).min(total)
            }
            Order::NewestFirst => {
                let end = query
                    .after_sequence()
                    .map_or(total, |after| rank(self.rows.first_from_sequence(after)));
                let end = end.saturating_sub(offset);
                end.saturating_sub(limit)..end
            }
        }
    }

    // Changing.

    /// The revision of the next change.
    pub(crate) fn next_revision(&self) -> Result<Revision, NoRoom> {
        let next = self.revision.next();
        (next.get() <= REVISION_MAX).then_some(next).ok_or(NoRoom)
    }

    /// Adds a task, first added at a second.
    pub(crate) fn add(
        &mut self,
        task: &Task,
        next: Next,
        added: i64,
    ) -> Result<Revision, NotAdded> {
        let version = self.next_revision()?;
        self.make_ready_for(1);
        let hash = self.hash_of(task.id());
        let sequence = self.first_sequence(version);
        let head = RowHead {
            next,
            sequence,
            version,
            added,
        };
        let slot = self.push_row(&head, task, hash)?;
        if let Some(lookups) = &mut self.lookups {
            lookups.answers.insert(slot, task.attributes().code());
            lookups.names.record(self.rows.end(), &self.rows);
        }
        self.record(version, [Logged::Added(sequence)]);
        self.continue_sequences(sequence.saturating_add(1));
        self.revision = version;
        self.show_rows();
        Ok(version)
    }

    /// Shows all rows, and has the due queue look after them.
    fn show_rows(&mut self) {
        self.visible_end = self.rows.end();
        self.visible = self.rows.len();
        self.put_rows_into_due();
    }

    /// Builds lists if there will be so many tasks that they are needed.
    pub(crate) fn make_ready_for(&mut self, added: usize) {
        if let Some(lookups) = self.lookups_for(added) {
            self.install(lookups);
        }
    }

    /// The lists that will be needed for so many tasks more, if there are none yet.
    pub(crate) fn lookups_for(&self, added: usize) -> Option<Box<Lookups>> {
        let count = self.rows.len() as usize + added;
        let needed = self.lookups.is_none() && count > self.limits.lists_from as usize;
        needed.then(|| Box::new(Lookups::of(&self.rows, count)))
    }

    /// Begins to keep lists that were built [beside](Self::lookups_for) the index.
    pub(crate) fn install(&mut self, lookups: Box<Lookups>) {
        self.epoch = self.epoch.wrapping_add(1);
        self.lookups = Some(lookups);
    }

    /// Makes room for the first tasks of a small project, so that it takes no more than it needs.
    pub(crate) fn reserve(&mut self, added: usize) {
        self.rows.reserve(added);
    }

    /// Adds tasks that no answer shows yet; or those before one that could not be added, and gives
    /// its position.
    ///
    /// Where their ids would stand is read beforehand, so that the processor waits for all of them
    /// at once: one by one, that takes 9 % of a bulk load.
    pub(crate) fn stage(&mut self, additions: &[Addition<'_>]) -> Result<(), (usize, NotAdded)> {
        let hashes = additions.iter().map(|it| self.hash_of(it.task.id()));
        let hashes: Vec<u64> = hashes.collect();
        if let Some(lookups) = &self.lookups {
            for &hash in &hashes {
                lookups.ids.prefetch(hash);
            }
        }
        for (position, (addition, &hash)) in additions.iter().zip(&hashes).enumerate() {
            let slot = self
                .push_row(&addition.head, addition.task, hash)
                .map_err(|why| (position, why))?;
            if let Some(lookups) = &mut self.lookups {
                let code = addition.task.attributes().code();
                lookups.answers.stage(slot, code);
            }
        }
        Ok(())
    }

    /// Fills a batch with what there is to record of names of staged rows, or of some of them if
    /// they are many, and returns whether there is anything.
    pub(crate) fn fill_name_batch(&self, batch: &mut NameBatch) -> bool {
        let lookups = self.lookups.as_ref();
        lookups.is_some_and(|it| it.names.fill(batch, self.rows.end(), &self.rows))
    }

    /// Records some of a batch in a short step, and returns whether there is more. No name
    /// may have changed since it was made.
    pub(crate) fn record_names_step(&mut self, batch: &mut NameBatch) -> bool {
        let lookups = self.lookups.as_mut();
        lookups.is_some_and(|lookups| lookups.names.record_step(batch))
    }

    /// Shows what was staged, as one change. O(1), and the length of the names that are
    /// not yet [recorded](Self::record_names_step).
    pub(crate) fn publish(&mut self, version: Revision) {
        if let Some(lookups) = &mut self.lookups {
            lookups.names.record_all(self.rows.end(), &self.rows);
            lookups.answers.publish();
        }
        let last = self.rows.end().previous();
        if let Some(row) = last.and_then(|last| self.rows.view(last)) {
            let sequence = row.sequence();
            self.continue_sequences(sequence.saturating_add(1));
        }
        self.revision = version;
        self.show_rows();
    }

    /// Whether rows are staged.
    pub(crate) fn has_staged(&self) -> bool {
        self.visible_end < self.rows.end()
    }

    /// Takes out up to `count` staged rows, the last ones first.
    pub(crate) fn discard_staged(&mut self, count: usize) {
        for _ in 0..count {
            let Some(last) = self.rows.end().previous() else {
                return;
            };
            if last < self.visible_end {
                return;
            }
            if let Some(row) = self.rows.view(last)
                && let Some(lookups) = &mut self.lookups
            {
                lookups.answers.unstage(last, row.code());
                lookups.ids.remove(last, row.task().id());
            }
            if let Some(lookups) = &mut self.lookups {
                lookups.names.pop(last, &self.rows);
            }
            self.rows.pop();
        }
    }

    /// The hash of an id, if the project has a use for it.
    fn hash_of(&self, id: &str) -> u64 {
        let lookups = self.lookups.as_ref();
        lookups.map_or(0, |lookups| lookups.ids.hash(id))
    }

    /// Adds a row whose id has this hash.
    fn push_row(&mut self, head: &RowHead, task: &Task, hash: u64) -> Result<Slot, NotAdded> {
        let id = task.id();
        if head.sequence == u64::MAX {
            return Err(NotAdded::NoRoom);
        }
        if let Some(lookups) = &mut self.lookups {
            if lookups.ids.find_hashed(&self.rows, id, hash).is_some() {
                return Err(NotAdded::IdTaken);
            }
            let slot = self.rows.push(head, task, self.limits.rows_max)?;
            lookups.ids.insert(&self.rows, slot, hash);
            return Ok(slot);
        }
        if self.find_by_scan(id).is_some() {
            return Err(NotAdded::IdTaken);
        }
        Ok(self.rows.push(head, task, self.limits.rows_max)?)
    }

    /// Sets a last status. Status lists change, no others.
    pub(crate) fn set_last_status(
        &mut self,
        slot: Slot,
        last_status: Option<LastStatus>,
    ) -> Result<Revision, NoRoom> {
        self.set_attributes(slot, |attributes| attributes.with_last_status(last_status))
    }

    /// Enables or disables a task, whose next execution in a watched project is `next` then.
    pub(crate) fn set_enabled(
        &mut self,
        slot: Slot,
        enabled: bool,
        next: Option<Next>,
    ) -> Result<Revision, NoRoom> {
        let before = self.row(slot).map(RowView::version);
        let version = self.set_attributes(slot, |attributes| attributes.with_enabled(enabled))?;
        if let Some(due) = &mut self.due
            && before != Some(version)
        {
            if let Some(next) = next {
                self.rows.set_next(slot, next);
            }
            let next = self.rows.view(slot).map_or(Next::NEVER, RowView::next);
            if enabled {
                due.insert(slot, next);
            } else {
                due.remove(slot, next);
            }
        }
        Ok(version)
    }

    /// Sets attributes of a task, and returns its version: that of before, if it has them already.
    fn set_attributes(
        &mut self,
        slot: Slot,
        set: impl FnOnce(Attributes) -> Attributes,
    ) -> Result<Revision, NoRoom> {
        let row = self.rows.view(slot).ok_or(NoRoom)?;
        let before = *row.task().attributes();
        let after = set(before);
        if after == before {
            return Ok(row.version());
        }
        let sequence = row.sequence();
        let version = self.next_revision()?;
        self.rows.set_attributes(slot, after, version);
        self.follow_change(slot, before.code(), after.code());
        self.record(version, [Logged::Changed(sequence)]);
        self.revision = version;
        Ok(version)
    }

    /// Replaces a task by another one of the same id.
    pub(crate) fn replace(
        &mut self,
        slot: Slot,
        task: &Task,
        next: Next,
    ) -> Result<Revision, NoRoom> {
        let version = self.next_revision()?;
        let sequence = self.row(slot).ok_or(NoRoom)?.sequence();
        self.change(slot, task, next, version)?;
        self.record(version, [Logged::Changed(sequence)]);
        self.revision = version;
        Ok(version)
    }

    /// Replaces a task by one of the same id, as part of a change that is still
    /// to be [published](Self::publish).
    pub(crate) fn change(
        &mut self,
        slot: Slot,
        task: &Task,
        next: Next,
        version: Revision,
    ) -> Result<(), NoRoom> {
        let row = self.rows.view(slot).ok_or(NoRoom)?;
        let before = row.code();
        let is_renamed = row.task().task_name() != task.task_name();
        if let Some(due) = &mut self.due {
            due.exchange(slot, row.pending(), pending_of(task, next));
        }
        self.rows.replace(slot, task, next, version);
        self.follow_change(slot, before, task.attributes().code());
        if let Some(lookups) = &mut self.lookups
            && is_renamed
        {
            lookups.names.rename(slot, task.task_name());
        }
        Ok(())
    }

    fn follow_change(&mut self, slot: Slot, before: Code, after: Code) {
        if let Some(lookups) = &mut self.lookups {
            lookups.answers.change(slot, before, after);
            lookups.changes.note(slot);
        }
    }

    /// Removes a task.
    pub(crate) fn remove(&mut self, slot: Slot) -> Result<(Revision, Removed), NoRoom> {
        let version = self.next_revision()?;
        let removed = self.take_out(slot).ok_or(NoRoom)?;
        if self.log.is_some() {
            let removed = Logged::Removed(removed.logged());
            self.record(version, [removed]);
        }
        self.revision = version;
        Ok((version, removed))
    }

    /// Removes a task, as part of a change that is still to be [published](Self::publish).
    pub(crate) fn take_out(&mut self, slot: Slot) -> Option<Removed> {
        let row = self.rows.view(slot)?;
        if let Some(due) = &mut self.due {
            due.remove(slot, row.pending());
        }
        let removed = if let Some(lookups) = &mut self.lookups {
            lookups.ids.remove(slot, row.task().id());
            lookups.answers.remove(slot, row.code());
            lookups.changes.note(slot);
            self.rows.remove(slot)
        } else {
            if let Some(due) = &mut self.due {
                due.close_up(slot);
            }
            self.rows.close_up(slot)
        };
        self.visible_end = self.rows.end();
        self.visible = self.rows.len();
        removed
    }

    /// Keeps what became known of a next execution, if the row is still the same, and neither a
    /// snapshot nor the due queue holds it.
    pub(crate) fn set_next(&mut self, slot: Slot, sequence: u64, version: Revision, next: Next) {
        let same = self
            .rows
            .view(slot)
            .is_some_and(|row| row.sequence() == sequence && row.version() == version);
        if same && self.due.is_none() && !self.is_shared(slot) {
            self.rows.set_next(slot, next);
        }
    }

    // What is due.

    /// What is pending, if the project is watched.
    pub(crate) fn due(&self) -> Option<&DueQueue> {
        self.due.as_deref()
    }

    /// The same project, watched, with nothing pending yet that seconds from this one on have.
    pub(crate) fn watched_from(mut self, second: Option<i64>) -> Self {
        self.due = second.map(|second| Box::new(DueQueue::new(second)));
        self
    }

    /// Has listings leave next executions of rows alone, as a due queue is being
    /// [built](Self::due_built).
    pub(crate) fn begin_watching(&mut self, second: i64) {
        let published = self.due.as_ref().and_then(|due| due.published());
        self.due = Some(Box::new(DueQueue::new(second).with_published(published)));
    }

    /// A queue of all rows, with those that are staged where their number is worth it; `None`
    /// where nothing is missing. O(n log n), though beside the readers.
    pub(crate) fn due_built(&self) -> Option<Box<DueQueue>> {
        let due = self.due.as_ref()?;
        if due.rows_missing(self.rows.end()) <= DUE_IN_PLACE_MAX {
            return None;
        }
        let mut due = due.copied();
        due.insert_rows(&self.rows);
        Some(Box::new(due))
    }

    /// Has the due queue, if there is one, look after all rows.
    pub(crate) fn put_rows_into_due(&mut self) {
        if let Some(due) = &mut self.due {
            due.insert_rows(&self.rows);
        }
    }

    /// Puts a queue that was built beside in place, and gives back the one of before.
    pub(crate) fn install_due(&mut self, due: Box<DueQueue>) -> Option<Box<DueQueue>> {
        self.due.replace(due)
    }

    /// Sets next executions of rows that the due queue does not look after yet.
    pub(crate) fn set_nexts(&mut self, nexts: &[(Slot, Next)]) {
        for &(slot, next) in nexts {
            self.rows.set_next(slot, next);
        }
    }

    /// Moves a row on to another moment.
    pub(crate) fn set_pending(&mut self, slot: Slot, next: Next) {
        if let Some(due) = &mut self.due
            && let Some(row) = self.rows.view(slot)
        {
            due.exchange(slot, row.pending(), next);
            self.rows.set_next(slot, next);
        }
    }

    /// Moves the first rows on, each to its moment.
    pub(crate) fn take_first(&mut self, nexts: &[(Slot, Next)]) {
        if let Some(due) = &mut self.due {
            due.remove_first(nexts.len());
            for &(slot, next) in nexts {
                self.rows.set_next(slot, next);
                due.insert(slot, next);
            }
        }
    }

    /// Notes that the agenda has the first second, and gives those of before and after.
    pub(crate) fn publish_due(&mut self) -> (Option<i64>, Option<i64>) {
        let due = self.due.as_mut();
        due.map_or((None, None), |due| (due.publish(), due.first()))
    }

    /// Whether there are lists, and how often the rows were numbered anew.
    #[cfg(feature = "testkit")]
    pub(crate) fn form(&self) -> (bool, u32) {
        (self.lookups.is_some(), self.epoch)
    }

    // Renumbering.

    /// Whether answer lists have blocks that should be [compacted](Self::compacted_lists).
    pub(crate) fn has_sparse_lists(&self) -> bool {
        let lookups = self.lookups.as_ref();
        lookups.is_some_and(|lookups| lookups.answers.has_sparse())
    }

    /// Blocks of answer lists that removals left sparse, in less memory; none if there are none.
    /// O(their rows), though beside the readers.
    pub(crate) fn compacted_lists(&self) -> Option<Compacted> {
        let answers = &self.lookups.as_ref()?.answers;
        answers.has_sparse().then(|| answers.compacted())
    }

    /// Keeps blocks that were compacted beside the index, and gives back those of before.
    pub(crate) fn install_lists(&mut self, lists: Compacted) -> Option<Compacted> {
        let lookups = self.lookups.as_mut()?;
        Some(lookups.answers.install(lists))
    }

    /// The names [recorded anew](Self::install_names), if they should be. O(n), though beside the
    /// readers; once in n / 2 renamings.
    pub(crate) fn names_anew(&self) -> Option<NameIndex> {
        let names = &self.lookups.as_ref()?.names;
        names
            .is_outdated(self.rows.len(), self.limits.holes_min)
            .then(|| {
                let mut fresh = NameIndex::default();
                fresh.record_all(self.rows.end(), &self.rows);
                fresh
            })
    }

    /// Whether the names hold more than those of the tasks.
    pub(crate) fn has_renamed(&self) -> bool {
        let lookups = self.lookups.as_ref();
        lookups.is_some_and(|lookups| lookups.names.is_outdated(0, 0))
    }

    /// Keeps names that were recorded beside the index, and gives back those of before.
    pub(crate) fn install_names(&mut self, names: NameIndex) -> Option<NameIndex> {
        let lookups = self.lookups.as_mut()?;
        Some(std::mem::replace(&mut lookups.names, names))
    }

    /// Whether the project should be [renumbered](Self::renumbered).
    pub(crate) fn is_sparse(&self) -> bool {
        let holes = self.rows.end().get() - self.rows.len();
        self.lookups.is_some()
            && (self.rows.len() < self.limits.lists_until
                || (holes > self.rows.len() && holes > self.limits.holes_min))
    }

    /// Whether renumbering gives back row numbers.
    pub(crate) fn has_holes(&self) -> bool {
        self.rows.end().get() > self.rows.len()
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

    /// Has the next task follow those that ever were in another copy of the project.
    pub(crate) fn continue_sequences(&mut self, sequence_next: u64) {
        self.sequence_next = self.sequence_next.max(sequence_next);
    }

    /// The same project without holes, at the same revision. O(n).
    pub(crate) fn renumbered(&self) -> Result<Self, NotAdded> {
        let mut fresh = self.emptied(self.rows.len() as usize);
        for (_, row) in self.rows.iter(Slot::FIRST..self.visible_end) {
            fresh.restage(&row.head(), row.task())?;
        }
        fresh.publish(self.revision);
        Ok(fresh)
    }

    /// A project of the same history with room for so many rows, and none yet.
    pub(crate) fn emptied(&self, rows: usize) -> Self {
        let limits = self.limits;
        let mut fresh = Self::new(self.origin(), limits);
        fresh.epoch = self.epoch.wrapping_add(1);
        fresh.due = (self.due.as_ref()).map(|due| Box::new(due.emptied()));
        let has_lists = rows > limits.lists_from as usize
            || (self.lookups.is_some() && rows >= limits.lists_until as usize);
        if has_lists {
            fresh.lookups = Some(Box::new(Lookups::with_capacity(rows)));
        }
        fresh
    }

    /// Puts a project of the same history in place of this one, and gives this one back. The
    /// change log goes over.
    pub(crate) fn replace_by(&mut self, mut fresh: Self) -> Self {
        fresh.log = self.log.take();
        std::mem::replace(self, fresh)
    }

    /// Stages a row that keeps its place in the history.
    pub(crate) fn restage(&mut self, head: &RowHead, task: &Task) -> Result<(), NotAdded> {
        let slot = self.push_row(head, task, self.hash_of(task.id()))?;
        if let Some(lookups) = &mut self.lookups {
            lookups.answers.stage(slot, task.attributes().code());
        }
        Ok(())
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
        for (slot, row) in rows.iter(Slot::FIRST..rows.end()) {
            lookups.answers.insert(slot, row.code());
            let hash = lookups.ids.hash(row.task().id());
            lookups.ids.insert(rows, slot, hash);
        }
        lookups
    }
}
