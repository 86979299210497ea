//! What a batch makes of a project, worked out before anything is changed.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::{BatchError, NewRow};
use crate::error::Error;
use crate::index::{CachedNext, Index, Logged, NotAdded, RowView, Slot};
use crate::query::Revision;
use crate::store::edit::{Edit, EditAction, Expectation, NewTask};
use crate::store::project::{next_instead, next_of};
use crate::task::{Record, Task, TaskId};

/// The change of a project: what becomes of each task that a batch changes.
///
/// A task that stays as it is, is not part of it.
#[derive(Default)]
pub(in crate::store) struct Plan<'a> {
    /// By their rows, ascending.
    pub(in crate::store) changed: Vec<Changed<'a>>,
    /// Ascending.
    pub(in crate::store) removed: Vec<Slot>,
    /// In the order in which they are added.
    pub(in crate::store) added: Vec<Added<'a>>,
    /// The task added next has at least this sequence.
    pub(in crate::store) next_sequence: u64,
}

/// A task in place of the one in a row.
pub(in crate::store) struct Changed<'a> {
    pub(in crate::store) slot: Slot,
    pub(in crate::store) task: Cow<'a, Task>,
    pub(in crate::store) next: CachedNext,
    pub(in crate::store) version: Revision,
}

/// A task at the end.
pub(in crate::store) struct Added<'a> {
    pub(in crate::store) row: NewRow<'a>,
    /// The row of a task of the same id that is removed.
    pub(in crate::store) replaces: Option<Slot>,
}

/// The ids of the tasks that a plan changes, each list in the project's order.
#[derive(Debug, Default)]
pub(in crate::store) struct ChangedIds {
    pub(in crate::store) added: Vec<TaskId>,
    pub(in crate::store) changed: Vec<TaskId>,
    pub(in crate::store) removed: Vec<TaskId>,
}

/// A batch at work: the instant of the call, and the version that it would have.
#[derive(Clone, Copy)]
pub(in crate::store) struct Planner<'i> {
    pub(in crate::store) index: &'i Index,
    pub(in crate::store) version: Revision,
    pub(in crate::store) now: DateTime<Utc>,
}

impl Planner<'_> {
    /// A plan for these edits, carried out in their order. O(edits).
    pub(in crate::store) fn edits(self, edits: &[Edit]) -> Result<Plan<'_>, BatchError> {
        let mut overlay = Overlay {
            planner: self,
            tasks: HashMap::with_capacity(edits.len()),
            count: self.index.len(),
            next_sequence: self.index.first_sequence(self.version),
        };
        for (position, edit) in edits.iter().enumerate() {
            overlay.carry_out(edit).map_err(BatchError::at(position))?;
        }
        Ok(overlay.into_plan())
    }

    /// A plan that leaves exactly these tasks. O(n) for n tasks, given or there.
    pub(in crate::store) fn sync<T: NewTask>(self, tasks: &[T]) -> Result<Plan<'_>, BatchError> {
        let index = self.index;
        let mut plan = Plan::default();
        let mut ids = HashSet::with_capacity(tasks.len());
        let mut kept = Vec::new();
        let mut next_sequence = index.first_sequence(self.version);
        for (position, task) in tasks.iter().enumerate() {
            let refused = BatchError::at(position);
            let id = task.task().id();
            if !ids.insert(id) {
                return Err(refused(Error::task_exists(id)));
            }
            match index
                .find(id)
                .and_then(|slot| Some((slot, index.row(slot)?)))
            {
                None => {
                    let row = NewRow::new(task, self.now, self.version, next_sequence);
                    plan.added.push(Added {
                        row: row.map_err(refused)?,
                        replaces: None,
                    });
                    next_sequence = next_sequence.saturating_add(1);
                }
                Some((slot, row)) => {
                    kept.push(slot);
                    let task = task.task().first_added(row.added_at()).map_err(refused)?;
                    plan.changed.extend(self.changed(slot, row, task));
                }
            }
        }
        plan.changed.sort_unstable_by_key(|it| it.slot);
        if kept.len() < index.len() as usize {
            kept.sort_unstable();
            let mut kept = kept.into_iter().peekable();
            let slots = index.iter().map(|(slot, _)| slot);
            plan.removed
                .extend(slots.filter(|slot| kept.next_if_eq(slot).is_none()));
        }
        let count = plan.count_after(index);
        if count > index.task_count_max() as usize || next_sequence == u64::MAX {
            let id = tasks.first().map_or("", |it| it.task().id());
            return Err(BatchError::at(0)(Error::project_full(id)));
        }
        Ok(plan)
    }

    /// What a row becomes, or `None` where it stays as it is.
    fn changed<'a>(self, slot: Slot, row: RowView<'_>, task: Cow<'a, Task>) -> Option<Changed<'a>> {
        (*row.task() != *task).then(|| self.rewritten(slot, row, task))
    }

    /// A row with another task, or the same of another version.
    pub(in crate::store) fn rewritten<'a>(
        self,
        slot: Slot,
        row: RowView<'_>,
        task: Cow<'a, Task>,
    ) -> Changed<'a> {
        let next = next_instead(self.index, row, &task, self.now);
        Changed {
            slot,
            task,
            next,
            version: self.version,
        }
    }
}

/// The tasks of the edits, laid over a project that is not changed yet.
struct Overlay<'a, 'i> {
    planner: Planner<'i>,
    /// By id.
    tasks: HashMap<&'a str, EditedTask<'a>>,
    /// How many tasks there are.
    count: u32,
    next_sequence: u64,
}

/// The task of one id.
struct EditedTask<'a> {
    /// Its row before the batch.
    slot: Option<Slot>,
    state: State<'a>,
}

enum State<'a> {
    Absent,
    /// In its row, with another task in place of the one there if there is one.
    Kept(Option<Cow<'a, Task>>),
    Added(NewRow<'a>),
}

impl<'a> Overlay<'a, '_> {
    fn carry_out(&mut self, edit: &'a Edit) -> Result<(), Error> {
        let planner = self.planner;
        let index = planner.index;
        let id = edit.id();
        let edited = self.tasks.entry(id).or_insert_with(|| {
            let slot = index.find(id);
            let state = slot.map_or(State::Absent, |_| State::Kept(None));
            EditedTask { slot, state }
        });
        let row = edited.slot.and_then(|slot| index.row(slot));
        if let Some(expectation) = edit.expectation {
            check(expectation, id, row)?;
        }
        let state = &mut edited.state;
        match (&edit.action, &*state) {
            (EditAction::Add(_), State::Kept(_) | State::Added(_)) => {
                return Err(Error::task_exists(id));
            }
            (EditAction::Add(record) | EditAction::Put(record), State::Absent) => {
                let row = NewRow::new(record, planner.now, planner.version, self.next_sequence)?;
                if self.count >= index.task_count_max() || self.next_sequence == u64::MAX {
                    return Err(Error::project_full(id));
                }
                *state = State::Added(row);
                self.count += 1;
                self.next_sequence += 1;
            }
            (_, State::Absent) => return Err(Error::task_not_found(id)),
            (EditAction::Put(record) | EditAction::Replace(record), _) => {
                state.replace(row, record, planner.now)?;
            }
            (EditAction::Rename { task_name, .. }, _) => {
                state.edit(row, |task| task.with_task_name(task_name));
            }
            (EditAction::SetLastStatus { last_status, .. }, _) => {
                state.edit(row, |task| task.with_last_status(*last_status));
            }
            (EditAction::SetEnabled { enabled, .. }, _) => {
                state.edit(row, |task| task.with_enabled(*enabled));
            }
            (EditAction::Remove { .. }, _) => {
                *state = State::Absent;
                self.count -= 1;
            }
        }
        Ok(())
    }

    fn into_plan(self) -> Plan<'a> {
        let planner = self.planner;
        let mut plan = Plan::default();
        for edited in self.tasks.into_values() {
            let row = edited
                .slot
                .and_then(|slot| Some((slot, planner.index.row(slot)?)));
            match (row, edited.state) {
                // Only what was there is kept.
                (None, State::Absent | State::Kept(_)) | (_, State::Kept(None)) => {}
                (Some((slot, _)), State::Absent) => plan.removed.push(slot),
                (Some((slot, row)), State::Kept(Some(task))) => {
                    plan.changed.extend(planner.changed(slot, row, task));
                }
                (row, State::Added(new)) => {
                    let replaces = row.map(|(slot, _)| slot);
                    plan.removed.extend(replaces);
                    plan.added.push(Added { row: new, replaces });
                }
            }
        }
        plan.changed.sort_unstable_by_key(|it| it.slot);
        plan.removed.sort_unstable();
        plan.added.sort_unstable_by_key(|it| it.row.head.sequence);
        plan
    }
}

impl<'a> State<'a> {
    /// Puts a record in place of the task that is there, which was first added when it was.
    fn replace(
        &mut self,
        row: Option<RowView<'_>>,
        record: &'a Record,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        match self {
            Self::Absent => {}
            Self::Kept(task) => {
                if let Some(row) = row {
                    *task = Some(record.task.first_added(row.added_at())?);
                }
            }
            Self::Added(new) => {
                new.task = record.task.first_added(new.added_at())?;
                new.head.next = next_of(&new.task, now);
            }
        }
        Ok(())
    }

    fn edit(&mut self, row: Option<RowView<'_>>, edit: impl FnOnce(Task) -> Task) {
        match self {
            Self::Absent => {}
            Self::Kept(task) => {
                let current = task.take().map(Cow::into_owned);
                let current = current.or_else(|| row.map(|row| row.task().clone()));
                *task = current.map(|current| Cow::Owned(edit(current)));
            }
            Self::Added(new) => new.task = Cow::Owned(edit(new.task.clone().into_owned())),
        }
    }
}

fn check(expectation: Expectation, id: &str, row: Option<RowView<'_>>) -> Result<(), Error> {
    let found = row.map(RowView::version);
    let expected = match expectation {
        Expectation::Absent => None,
        Expectation::Version(version) => Some(version),
    };
    if found == expected {
        return Ok(());
    }
    Err(Error::version_mismatch(id, &expectation.to_string(), found))
}

impl Plan<'_> {
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.written() + self.added.len() == 0
    }

    /// How many rows are written.
    pub(super) fn written(&self) -> usize {
        self.changed.len() + self.removed.len()
    }

    /// How many tasks the project has afterwards.
    pub(in crate::store) fn count_after(&self, index: &Index) -> usize {
        index.len() as usize + self.added.len() - self.removed.len()
    }

    /// How many of the added tasks can be staged before others are removed.
    pub(super) fn stageable(&self) -> usize {
        let first_late = self.added.iter().position(|it| it.replaces.is_some());
        first_late.unwrap_or(self.added.len())
    }

    /// The rows that are written, ascending.
    pub(super) fn written_slots(&self) -> Vec<Slot> {
        let changed = self.changed.iter().map(|it| it.slot);
        let mut slots: Vec<_> = changed.chain(self.removed.iter().copied()).collect();
        slots.sort_unstable();
        slots
    }

    /// What a change log records of it, if the project has one.
    pub(super) fn logged(&self, index: &Index) -> Vec<Logged> {
        if index.log().is_none() {
            return Vec::new();
        }
        let readded: HashSet<_> = self.added.iter().filter_map(|it| it.replaces).collect();
        let row = |slot: Slot| index.row(slot);
        let changed = self.changed.iter().filter_map(|it| row(it.slot));
        let changed = changed.map(|row| Logged::Changed(row.sequence()));
        let removed = self.removed.iter().filter(|slot| !readded.contains(slot));
        let removed = removed.filter_map(|&slot| row(slot));
        let removed = removed.map(|row| Logged::Removed(row.logged()));
        let added = self.added.iter().map(|it| {
            let sequence = it.row.head.sequence;
            match it.replaces.and_then(row) {
                Some(row) => Logged::Readded(row.logged(), sequence),
                None => Logged::Added(sequence),
            }
        });
        changed.chain(removed).chain(added).collect()
    }

    /// The project as it will be. O(n), while readers go on.
    pub(super) fn built_beside(&self, index: &Index, version: Revision) -> Result<Index, NotAdded> {
        let mut fresh = index.emptied(self.count_after(index));
        let mut removed = self.removed.iter().peekable();
        let mut changed = self.changed.iter().peekable();
        for (slot, row) in index.iter() {
            if removed.next_if_eq(&&slot).is_some() {
                continue;
            }
            let mut head = row.head();
            if let Some(it) = changed.next_if(|it| it.slot == slot) {
                head.next = it.next;
                head.set_version(it.version);
                fresh.stage(&head, &it.task)?;
            } else {
                fresh.stage(&head, row.task())?;
            }
        }
        for it in &self.added {
            fresh.stage(&it.row.head, &it.row.task)?;
        }
        fresh.publish(version);
        Ok(fresh)
    }

    /// The ids of the tasks that it changes. O(n log n) for n of them.
    pub(in crate::store) fn ids(&self, index: &Index) -> ChangedIds {
        let in_row = |slot: Slot| Some(index.row(slot)?.task().task_id());
        ChangedIds {
            added: self.added.iter().map(|it| it.row.task.task_id()).collect(),
            changed: self
                .changed
                .iter()
                .filter_map(|it| in_row(it.slot))
                .collect(),
            removed: self
                .removed
                .iter()
                .filter_map(|&slot| in_row(slot))
                .collect(),
        }
    }
}
