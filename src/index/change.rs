//! Changes of a project, in place.

use super::rows::pending_of;
use super::{
    CachedNext, Index, Logged, Lookups, NameBatch, NoRoom, REVISION_MAX, Removed, RowHead,
};
use super::{RowView, Slot};
use crate::query::Revision;
use crate::task::{Attributes, Code, LastStatus, Task};

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

impl Index {
    /// The revision of the next change.
    pub(crate) fn next_revision(&self) -> Result<Revision, NoRoom> {
        let next = self.revision.next();
        (next.get() <= REVISION_MAX).then_some(next).ok_or(NoRoom)
    }

    /// Adds a task, first added at a second.
    pub(crate) fn add(
        &mut self,
        task: &Task,
        next: CachedNext,
        added: i64,
    ) -> Result<Revision, NotAdded> {
        let version = self.next_revision()?;
        self.make_ready_for(1);
        let sequence = self.first_sequence(version);
        let head = RowHead::new(next, sequence, version, added);
        self.stage(&head, task)?;
        if let Some(lookups) = &mut self.lookups {
            lookups.names.record(self.rows.end(), &self.rows);
        }
        self.record(version, [Logged::Added(sequence)]);
        self.continue_sequences(sequence.saturating_add(1));
        self.revision = version;
        self.show_rows();
        Ok(version)
    }

    /// Makes all rows visible, and adds them to the due queue.
    fn show_rows(&mut self) {
        self.visible_end = self.rows.end();
        self.visible = self.rows.len();
        self.put_rows_into_due();
    }

    /// Builds lists where `added` more tasks need them.
    pub(crate) fn make_ready_for(&mut self, added: usize) {
        if let Some(lookups) = self.lookups_for(added) {
            self.set_lookups(lookups);
        }
    }

    /// Lists for the project with `added` more tasks; `None` where it needs none or has them.
    pub(crate) fn lookups_for(&self, added: usize) -> Option<Box<Lookups>> {
        let count = self.rows.len() as usize + added;
        let needed = self.lookups.is_none() && count > self.limits.lists_from as usize;
        needed.then(|| Box::new(Lookups::of(&self.rows, count)))
    }

    /// Puts lists in place that were built [beside](Self::lookups_for) the index.
    pub(crate) fn set_lookups(&mut self, lookups: Box<Lookups>) {
        self.epoch = self.epoch.wrapping_add(1);
        self.lookups = Some(lookups);
    }

    /// Reserves memory for the first tasks of a small project, and no more than they need.
    pub(crate) fn reserve(&mut self, added: usize) {
        self.rows.reserve(added);
    }

    /// Adds a task that no answer shows before it is [published](Self::publish).
    pub(crate) fn stage(&mut self, head: &RowHead, task: &Task) -> Result<(), NotAdded> {
        if head.sequence == u64::MAX {
            return Err(NotAdded::NoRoom);
        }
        let id = task.id();
        if let Some(lookups) = &mut self.lookups {
            let hash = lookups.ids.hash(id);
            if lookups.ids.find_hashed(&self.rows, id, hash).is_some() {
                return Err(NotAdded::IdTaken);
            }
            let slot = self.rows.push(head, task, self.limits.rows_max)?;
            lookups.ids.insert(slot, hash);
            lookups.answers.insert(slot, task.attributes().code());
        } else {
            if self.find_by_scan(id).is_some() {
                return Err(NotAdded::IdTaken);
            }
            self.rows.push(head, task, self.limits.rows_max)?;
        }
        Ok(())
    }

    /// [Stages](Self::stage) tasks. Stops at one that cannot be added, and returns its position.
    ///
    /// The places of all ids are prefetched together: waiting for each in turn takes 9 % of a
    /// bulk load.
    pub(crate) fn stage_all(&mut self, tasks: &[Addition<'_>]) -> Result<(), (usize, NotAdded)> {
        if let Some(lookups) = &self.lookups {
            for it in tasks {
                lookups.ids.prefetch(lookups.ids.hash(it.task.id()));
            }
        }
        for (position, Addition { head, task }) in tasks.iter().enumerate() {
            self.stage(head, task).map_err(|why| (position, why))?;
        }
        Ok(())
    }

    /// Fills a batch with names of staged rows that are to be recorded, and returns whether there
    /// are any. Many rows take several batches.
    pub(crate) fn fill_name_batch(&self, batch: &mut NameBatch) -> bool {
        let lookups = self.lookups.as_ref();
        lookups.is_some_and(|it| it.names.fill(batch, self.rows.end(), &self.rows))
    }

    /// Records a part of a batch in a short step, and returns whether more is left. No name may
    /// have changed since the batch was filled.
    pub(crate) fn record_names_step(&mut self, batch: &mut NameBatch) -> bool {
        let lookups = self.lookups.as_mut();
        lookups.is_some_and(|lookups| lookups.names.record_step(batch))
    }

    /// Makes staged rows visible, as one change. O(1), and the length of the names that are
    /// not yet [recorded](Self::record_names_step).
    pub(crate) fn publish(&mut self, version: Revision) {
        if let Some(lookups) = &mut self.lookups {
            lookups.names.record_all(self.rows.end(), &self.rows);
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
            if let Some(lookups) = &mut self.lookups {
                if let Some(row) = self.rows.view(last) {
                    lookups.answers.remove(last, row.code());
                    lookups.ids.remove(last, row.task().id());
                }
                lookups.names.pop(last, &self.rows);
            }
            drop(self.rows.remove_and_shift(last));
        }
    }

    /// Stages a row of an id that no other has, in a project that has no lists yet and gets them
    /// [at once](Self::make_ready_for), before anything else is done with it.
    pub(crate) fn push_unlisted(&mut self, head: &RowHead, task: &Task) -> Result<(), NoRoom> {
        debug_assert!(self.lookups.is_none(), "lists would miss the row");
        if head.sequence == u64::MAX {
            return Err(NoRoom);
        }
        self.rows.push(head, task, self.limits.rows_max)?;
        Ok(())
    }

    /// Sets a last status. Status lists change, no others.
    pub(crate) fn set_last_status(
        &mut self,
        slot: Slot,
        last_status: Option<LastStatus>,
    ) -> Result<Revision, NoRoom> {
        self.set_attributes(slot, |attributes| attributes.with_last_status(last_status))
    }

    /// Enables or disables a task, whose next execution in a watched project becomes `next`.
    pub(crate) fn set_enabled(
        &mut self,
        slot: Slot,
        enabled: bool,
        next: Option<CachedNext>,
    ) -> Result<Revision, NoRoom> {
        let before = self.row(slot).map(RowView::version);
        let version = self.set_attributes(slot, |attributes| attributes.with_enabled(enabled))?;
        if let Some(due) = &mut self.due
            && before != Some(version)
        {
            if let Some(next) = next {
                self.rows.set_next(slot, next);
            }
            if let Some(row) = self.rows.view(slot) {
                if enabled {
                    due.insert(slot, row.next(), row.code());
                } else {
                    due.remove(slot, row.next());
                }
            }
        }
        Ok(version)
    }

    /// Sets attributes of a task, and returns its version, which stays where they are the same.
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
        self.update_lists(slot, before.code(), after.code());
        self.record(version, [Logged::Changed(sequence)]);
        self.revision = version;
        Ok(version)
    }

    /// Replaces a task by another one of the same id.
    pub(crate) fn replace(
        &mut self,
        slot: Slot,
        task: &Task,
        next: CachedNext,
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
        next: CachedNext,
        version: Revision,
    ) -> Result<(), NoRoom> {
        let row = self.rows.view(slot).ok_or(NoRoom)?;
        let before = row.code();
        let is_renamed = row.task().task_name() != task.task_name();
        if let Some(due) = &mut self.due {
            let after = (pending_of(task, next), task.attributes().code());
            due.exchange(slot, (row.pending(), before), after);
        }
        self.rows.replace(slot, task, next, version);
        self.update_lists(slot, before, task.attributes().code());
        if let Some(lookups) = &mut self.lookups
            && is_renamed
        {
            lookups.names.rename(slot, task.task_name());
        }
        Ok(())
    }

    fn update_lists(&mut self, slot: Slot, before: Code, after: Code) {
        if let Some(lookups) = &mut self.lookups {
            lookups.answers.change(slot, before, after);
            lookups.changes.note(slot);
        }
    }

    /// Removes a task.
    pub(crate) fn remove(&mut self, slot: Slot) -> Result<(Revision, Removed), NoRoom> {
        let version = self.next_revision()?;
        let row = self.row(slot).filter(|_| self.log.is_some());
        let logged = row.map(|row| Logged::Removed(row.logged()));
        let removed = self.take_out(slot).ok_or(NoRoom)?;
        self.record(version, logged);
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
                due.shift_after(slot);
            }
            self.rows.remove_and_shift(slot)
        };
        self.visible_end = self.rows.end();
        self.visible = self.rows.len();
        removed
    }

    /// Caches a next execution in its row, if the row did not change since, and neither a
    /// snapshot nor a due queue needs what is there.
    pub(crate) fn set_next(
        &mut self,
        slot: Slot,
        sequence: u64,
        version: Revision,
        next: CachedNext,
    ) {
        let same = self
            .rows
            .view(slot)
            .is_some_and(|row| row.sequence() == sequence && row.version() == version);
        if same && self.due.is_none() && !self.is_shared(slot) {
            self.rows.set_next(slot, next);
        }
    }
}
