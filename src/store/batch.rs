//! Many tasks at once: imports, and the refresh of a mirror.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::BatchError;
use super::project::{Project, addition, next_of};
use crate::error::Error;
use crate::index::{Index, NameBatch, NotAdded, Removed, Slot};
use crate::query::Revision;
use crate::task::Task;

/// Rows that are put in place in one step, while readers wait.
const STEP_ROWS: usize = 16;

/// A sync of at most so many changes is made in place, in one step.
const CHANGES_IN_PLACE_MAX: usize = 64;

impl Project {
    /// Adds all tasks as one change, or none of them. The writer's lock is held.
    pub(super) fn add_all(
        &self,
        tasks: &[Task],
        now: DateTime<Utc>,
    ) -> Result<Revision, BatchError> {
        match self.try_add_all(tasks, now) {
            Err((_, NotAdded::NoRoom)) if self.read().has_holes() => {
                self.renumber().map_err(|why| refused(tasks, 0, why))?;
                self.try_add_all(tasks, now)
            }
            result => result,
        }
        .map_err(|(position, why)| refused(tasks, position, why))
    }

    /// Stages all tasks, a few in each step, and publishes them with the last.
    /// Otherwise none, and the position of the one that could not be added.
    fn try_add_all(
        &self,
        tasks: &[Task],
        now: DateTime<Utc>,
    ) -> Result<Revision, (usize, NotAdded)> {
        let (version, lookups) = {
            let index = self.read();
            let version = index.next_revision().map_err(|full| (0, full.into()))?;
            (version, index.lookups_for(tasks.len()))
        };
        if let Some(lookups) = lookups {
            self.write().install(lookups);
        }
        let mut staged = 0;
        for step in tasks.chunks(STEP_ROWS) {
            let additions: Vec<_> = step.iter().map(|task| addition(task, now)).collect();
            self.let_readers_in();
            let mut index = self.write();
            if tasks.len() == step.len() {
                index.reserve(step.len());
            }
            if let Err((position, why)) = index.stage(&additions, version) {
                drop(index);
                self.discard_staged();
                if self.read().is_sparse() {
                    // It was made ready for more tasks than it has.
                    self.renumber().map_err(|why| (staged + position, why))?;
                }
                return Err((staged + position, why));
            }
            staged += step.len();
        }
        self.record_names();
        self.write().publish(version);
        Ok(version)
    }

    /// Records the names of a batch, in short steps.
    fn record_names(&self) {
        let mut batch = NameBatch::default();
        while self.read().fill_name_batch(&mut batch) {
            loop {
                self.let_readers_in();
                if !self.write().record_names_step(&mut batch) {
                    break;
                }
            }
        }
    }

    /// Takes back a batch that was not published, in short steps.
    pub(super) fn discard_staged(&self) {
        while self.read().has_staged() {
            self.let_readers_in();
            self.write().discard_staged(STEP_ROWS);
        }
        self.compact_lists();
    }

    /// Makes the project hold exactly these tasks, as one change. The writer's lock is held.
    pub(super) fn sync(&self, tasks: &[Task], now: DateTime<Utc>) -> Result<Revision, BatchError> {
        if let Some(position) = first_repeated(tasks) {
            return Err(refused(tasks, position, NotAdded::IdTaken));
        }
        let index = self.read();
        let changes = Changes::between(&index, tasks);
        if changes.is_empty() {
            return Ok(index.revision());
        }
        let full = |_| refused(tasks, 0, NotAdded::NoRoom);
        let version = index
            .next_revision()
            .map_err(|why| refused(tasks, 0, why.into()))?;
        if changes.are_few(&index) {
            drop(index);
            let removed = changes
                .apply(&mut self.write(), now, version)
                .map_err(full)?;
            drop(removed);
            self.compact_lists();
            if self.read().is_sparse() {
                self.renumber().map_err(full)?;
            }
            self.tidy_names();
        } else {
            let fresh = changes.rebuild(&index, now, version).map_err(full)?;
            drop(index);
            self.install(fresh);
        }
        Ok(version)
    }
}

/// The first task whose id one before it has.
fn first_repeated(tasks: &[Task]) -> Option<usize> {
    let mut ids = HashSet::with_capacity(tasks.len());
    tasks.iter().position(|task| !ids.insert(task.id()))
}

fn refused(tasks: &[Task], position: usize, why: NotAdded) -> BatchError {
    let id = tasks.get(position).map_or("", Task::id);
    let error = match why {
        NotAdded::IdTaken => Error::task_exists(id),
        NotAdded::NoRoom => Error::project_full(id),
    };
    BatchError { position, error }
}

/// How a project differs from the tasks that it is to hold.
struct Changes<'a> {
    added: Vec<&'a Task>,
    /// By their rows, ascending.
    changed: Vec<(Slot, &'a Task)>,
    /// Ascending.
    removed: Vec<Slot>,
}

impl<'a> Changes<'a> {
    /// O(n) for n tasks on either side.
    fn between(index: &Index, tasks: &'a [Task]) -> Self {
        let mut added = Vec::new();
        let mut changed = Vec::new();
        let mut kept = Vec::new();
        for task in tasks {
            match index.find(task.id()) {
                None => added.push(task),
                Some(slot) => {
                    kept.push(slot);
                    if index.row(slot).is_none_or(|row| row.task() != task) {
                        changed.push((slot, task));
                    }
                }
            }
        }
        changed.sort_unstable_by_key(|&(slot, _)| slot);
        let mut removed = Vec::new();
        if kept.len() < index.len() as usize {
            kept.sort_unstable();
            let mut kept = kept.into_iter().peekable();
            removed.extend(
                index
                    .iter()
                    .map(|(slot, _)| slot)
                    .filter(|slot| kept.next_if_eq(slot).is_none()),
            );
        }
        Self {
            added,
            changed,
            removed,
        }
    }

    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }

    /// Whether they can be made in place, in one short step that cannot fail.
    fn are_few(&self, index: &Index) -> bool {
        let count = self.added.len() + self.changed.len() + self.removed.len();
        count <= CHANGES_IN_PLACE_MAX && index.has_room_for(self.added.len())
    }

    fn apply(
        &self,
        index: &mut Index,
        now: DateTime<Utc>,
        version: Revision,
    ) -> Result<Vec<Removed>, NotAdded> {
        for &(slot, task) in &self.changed {
            let added = index.row(slot).ok_or(NotAdded::NoRoom)?.added();
            let next = next_of(task, added, now);
            index.change(slot, task, next, version)?;
        }
        // From the end, as rows may close up.
        let slots = self.removed.iter().rev();
        let removed = slots.filter_map(|&slot| index.take_out(slot)).collect();
        index.make_ready_for(self.added.len());
        self.stage_added(index, now, version)?;
        index.publish(version);
        Ok(removed)
    }

    fn stage_added(
        &self,
        index: &mut Index,
        now: DateTime<Utc>,
        version: Revision,
    ) -> Result<(), NotAdded> {
        for step in self.added.chunks(STEP_ROWS) {
            let additions: Vec<_> = step.iter().map(|task| addition(task, now)).collect();
            index.stage(&additions, version).map_err(|(_, why)| why)?;
        }
        Ok(())
    }

    fn rebuild(
        &self,
        index: &Index,
        now: DateTime<Utc>,
        version: Revision,
    ) -> Result<Index, NotAdded> {
        let count = index.len() as usize - self.removed.len() + self.added.len();
        let mut fresh = index.emptied(count);
        let mut removed = self.removed.iter().peekable();
        let mut changed = self.changed.iter().peekable();
        for (slot, row) in index.iter() {
            if removed.next_if_eq(&&slot).is_some() {
                continue;
            }
            let mut head = row.head();
            if let Some((_, task)) = changed.next_if(|(changed, _)| *changed == slot) {
                head.next = next_of(task, head.added, now);
                head.version = version;
                fresh.restage(&head, task)?;
            } else {
                fresh.restage(&head, row.task())?;
            }
        }
        fresh.continue_from(index);
        self.stage_added(&mut fresh, now, version)?;
        fresh.publish(version);
        Ok(fresh)
    }
}
