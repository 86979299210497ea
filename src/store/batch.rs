//! Many edits as one change: batches, imports, and the refresh of a mirror.
//!
//! A batch is planned while readers go on: the plan says what each changed task becomes.
//! Then it is carried out in the index, or the project is built beside where much of it changes.

mod plan;

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::Synced;
use super::edit::{Edit, NewTask};
use super::project::{Project, next_of};
use crate::error::{Error, ErrorKind};
use crate::index::{Addition, Logged, NameBatch, NoRoom, NotAdded, REVISION_MAX, Removed, RowHead};
use crate::query::Revision;
use crate::sync::{reached, small_when_interleaved};
use crate::task::{Task, written_instant};
pub(super) use plan::{Added, ChangedIds, Plan, Planner};

/// Rows that are staged in one step, while readers wait.
const STEP_ROWS: usize = small_when_interleaved(16, 3);

/// Why a batch was refused.
///
/// ```
/// use chrono::DateTime;
/// use taskdex::{ErrorKind, LifeCycleType, ProjectId, Task, TaskStore, TaskType};
///
/// let store = TaskStore::new();
/// let project = ProjectId::new("p-1")?;
/// let event = LifeCycleType::PostDesktopDisconnected;
/// let task = Task::builder("t-1", "Stop", TaskType::Stop, event).build()?;
///
/// let twice = vec![task.clone(), task];
/// let refused = store.add_all(&project, twice, DateTime::UNIX_EPOCH).unwrap_err();
/// assert_eq!(refused.position, 1);
/// assert_eq!(refused.error.kind(), ErrorKind::TaskExists);
/// assert_eq!(store.task_count(&project), 0);
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("edit {position} of the batch: {error}")]
#[non_exhaustive]
pub struct BatchError {
    /// The position of the refused edit or task in the batch, counted from 0; 0, too, where it
    /// is the batch as a whole.
    pub position: usize,
    /// Why it was refused.
    pub error: Error,
}

impl BatchError {
    pub(super) fn at(position: usize) -> impl FnOnce(Error) -> Self {
        move |error| Self { position, error }
    }
}

/// A task with what its row holds beside it.
pub(super) struct NewRow<'a> {
    pub(super) task: Cow<'a, Task>,
    pub(super) head: RowHead,
}

impl<'a> NewRow<'a> {
    /// The row of a task that a call at `now` adds.
    pub(super) fn new(
        task: &'a impl NewTask,
        now: DateTime<Utc>,
        version: Revision,
        sequence: u64,
    ) -> Result<Self, Error> {
        let added_at = added_at(task, now);
        let task = task.task().first_added(added_at)?;
        let next = next_of(&task, now);
        let head = RowHead::new(next, sequence, version, added_at.timestamp());
        Ok(Self { task, head })
    }

    pub(super) fn added_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.head.added(), 0).unwrap_or_default()
    }

    pub(super) fn addition(&self) -> Addition<'_> {
        Addition {
            head: self.head,
            task: &self.task,
        }
    }
}

/// The second at which a task was first added: as it says, or that of the call.
pub(super) fn added_at(task: &impl NewTask, now: DateTime<Utc>) -> DateTime<Utc> {
    written_instant(task.added_at().unwrap_or(now))
}

// With the writer's lock held.
impl Project {
    /// Adds all tasks as one change, or none of them.
    pub(super) fn add_all<T: NewTask>(
        &self,
        tasks: &[T],
        now: DateTime<Utc>,
    ) -> Result<Revision, BatchError> {
        let has_holes = self.read().has_holes();
        match self.try_add_all(tasks, now) {
            Err(refused) if refused.error.kind() == ErrorKind::ProjectFull && has_holes => {
                self.renumber().map_err(|_| refused)?;
                self.try_add_all(tasks, now)
            }
            result => result,
        }
    }

    /// Stages all tasks in short steps, and then publishes them; or takes all of them back.
    fn try_add_all<T: NewTask>(
        &self,
        tasks: &[T],
        now: DateTime<Utc>,
    ) -> Result<Revision, BatchError> {
        let id_at = |position: usize| tasks.get(position).map_or("", |it| it.task().id());
        let (version, first) = {
            let index = self.read();
            let version = index.next_revision().map_err(|NoRoom| BatchError {
                position: 0,
                error: Error::project_full(id_at(0)),
            })?;
            (version, index.first_sequence(version))
        };
        self.prepare_for(tasks.len());
        let mut staged = 0;
        for step in tasks.chunks(STEP_ROWS) {
            let mut rows = Vec::with_capacity(step.len());
            let mut without_row = None;
            for (position, task) in (staged..).zip(step) {
                let sequence = first.saturating_add(position as u64);
                match NewRow::new(task, now, version, sequence) {
                    Ok(row) => rows.push(row),
                    Err(error) => {
                        without_row = Some(error);
                        break;
                    }
                }
            }
            let additions: Vec<_> = rows.iter().map(NewRow::addition).collect();
            let is_all = tasks.len() == step.len();
            let result = self
                .stage_step(&additions, is_all)
                .map_err(|(position, why)| {
                    let position = staged + position;
                    BatchError::at(position)(not_added(id_at(position), why))
                })
                .and_then(|()| {
                    // A task before the one that has no row may be refused first.
                    let refused = BatchError::at(staged + rows.len());
                    without_row.map_or(Ok(()), |error| Err(refused(error)))
                });
            if let Err(refused) = result {
                self.discard_staged();
                if self.read().is_sparse() {
                    // Lists were built for more tasks than it has. A smaller project fits.
                    let renumbered = self.renumber();
                    debug_assert!(renumbered.is_ok(), "a renumbered project is smaller");
                }
                return Err(refused);
            }
            staged += step.len();
        }
        self.record_names();
        let due = self.read().due_built();
        let sequences = first..first.saturating_add(staged as u64);
        let mut index = self.write();
        let former = due.and_then(|due| index.replace_due(due));
        index.publish(version);
        index.record(version, sequences.map(Logged::Added));
        drop(index);
        drop(former);
        Ok(version)
    }

    /// Builds the lists that a project with `added` more tasks needs.
    fn prepare_for(&self, added: usize) {
        let lookups = self.read().lookups_for(added);
        if let Some(lookups) = lookups {
            self.write().set_lookups(lookups);
            reached("lists are built");
        }
    }

    /// Stages rows in one step. Waiting readers go first.
    fn stage_step(
        &self,
        additions: &[Addition<'_>],
        is_all: bool,
    ) -> Result<(), (usize, NotAdded)> {
        self.let_readers_in();
        let mut index = self.write();
        if is_all {
            index.reserve(additions.len());
        }
        reached("rows are staged");
        index.stage_all(additions)
    }

    /// Records the names of a batch, in short steps.
    fn record_names(&self) {
        let mut batch = NameBatch::default();
        while self.read().fill_name_batch(&mut batch) {
            loop {
                self.let_readers_in();
                reached("names are recorded");
                if !self.write().record_names_step(&mut batch) {
                    break;
                }
            }
        }
    }

    /// Removes the rows of a batch that was not published, in short steps.
    pub(super) fn discard_staged(&self) {
        while self.read().has_staged() {
            self.let_readers_in();
            self.write().discard_staged(STEP_ROWS);
            reached("rows are taken back");
        }
    }

    /// Carries out edits as one change, of the next revision or a given one, which is greater
    /// than the project's own.
    pub(super) fn apply(
        &self,
        edits: &[Edit],
        revision: Option<Revision>,
        now: DateTime<Utc>,
    ) -> Result<Revision, BatchError> {
        let id = edits.first().map_or("", Edit::id);
        let full = || BatchError::at(0)(Error::project_full(id));
        let (plan, version) = {
            let index = self.read();
            let version = revision.unwrap_or(index.revision().next());
            let planner = Planner {
                index: &index,
                version,
                now,
            };
            let plan = planner.edits(edits)?;
            if plan.is_empty() {
                return Ok(index.revision());
            }
            (plan, version)
        };
        if version.get() > REVISION_MAX {
            return Err(full());
        }
        self.execute(&plan, version).map_err(|_| full())?;
        Ok(version)
    }

    /// Whether edits would be accepted.
    pub(super) fn check(&self, edits: &[Edit], now: DateTime<Utc>) -> Result<(), BatchError> {
        let index = self.read();
        let version = index.revision().next();
        let planner = Planner {
            index: &index,
            version,
            now,
        };
        let plan = planner.edits(edits)?;
        if version.get() > REVISION_MAX && !plan.is_empty() {
            let id = edits.first().map_or("", Edit::id);
            return Err(BatchError::at(0)(Error::project_full(id)));
        }
        Ok(())
    }

    /// Makes the project hold exactly these tasks, as one change.
    pub(super) fn sync<T: NewTask>(
        &self,
        tasks: &[T],
        now: DateTime<Utc>,
    ) -> Result<Synced, BatchError> {
        let id = tasks.first().map_or("", |it| it.task().id());
        let full = || BatchError::at(0)(Error::project_full(id));
        let (plan, version, ids) = {
            let index = self.read();
            let version = index.revision().next();
            let planner = Planner {
                index: &index,
                version,
                now,
            };
            let plan = planner.sync(tasks)?;
            if plan.is_empty() {
                return Ok(Synced::new(index.revision(), ChangedIds::default()));
            }
            let ids = plan.ids(&index);
            (plan, version, ids)
        };
        if version.get() > REVISION_MAX {
            return Err(full());
        }
        self.execute(&plan, version).map_err(|_| full())?;
        Ok(Synced::new(version, ids))
    }

    /// Carries out a plan as the change of this version.
    ///
    /// There is room, because a plan is refused where the project would be full.
    pub(super) fn execute(&self, plan: &Plan<'_>, version: Revision) -> Result<(), NotAdded> {
        let is_in_place = {
            let index = self.read();
            plan.written() <= index.in_place_max() && index.has_room_for(plan.added.len())
        };
        if is_in_place {
            self.execute_in_place(plan, version)
        } else {
            self.execute_beside(plan, version)
        }
    }

    fn execute_in_place(&self, plan: &Plan<'_>, version: Revision) -> Result<(), NotAdded> {
        self.prepare_for(plan.added.len());
        let additions: Vec<_> = plan.added.iter().map(|it| it.row.addition()).collect();
        let (early, late) = additions.split_at(plan.stageable().min(additions.len()));
        for step in early.chunks(STEP_ROWS) {
            let is_all = additions.len() == step.len();
            if let Err((_, why)) = self.stage_step(step, is_all) {
                self.discard_staged();
                return Err(why);
            }
        }
        if !early.is_empty() {
            self.record_names();
        }
        let (copied, logged, due) = {
            let index = self.read();
            let copied = index.copied_chunks(plan.written_slots());
            (copied, plan.logged(&index), index.due_built())
        };
        reached("a batch is planned");
        let mut removed: Vec<Removed> = Vec::with_capacity(plan.removed.len());
        let former = {
            let mut index = self.write();
            index.replace_chunks(copied);
            let former = due.and_then(|due| index.replace_due(due));
            for it in &plan.changed {
                index.change(it.slot, &it.task, it.next, it.version)?;
            }
            // The last first, as the rows of a small project move up.
            let slots = plan.removed.iter().rev();
            removed.extend(slots.filter_map(|&slot| index.take_out(slot)));
            index.stage_all(late).map_err(|(_, why)| why)?;
            index.publish(version);
            index.record(version, logged);
            index.continue_sequences(plan.next_sequence);
            former
        };
        drop((removed, former));
        if self.read().is_sparse() {
            self.renumber()?;
        }
        self.tidy_names();
        Ok(())
    }

    fn execute_beside(&self, plan: &Plan<'_>, version: Revision) -> Result<(), NotAdded> {
        let (fresh, logged) = {
            let index = self.read();
            let fresh = plan.built_beside(&index, version)?;
            (fresh, plan.logged(&index))
        };
        reached("a project is built beside");
        self.replace_index(fresh, |index| {
            index.record(version, logged);
            index.continue_sequences(plan.next_sequence);
        });
        Ok(())
    }
}

pub(super) fn not_added(id: &str, why: NotAdded) -> Error {
    match why {
        NotAdded::IdTaken => Error::task_exists(id),
        NotAdded::NoRoom => Error::project_full(id),
    }
}
