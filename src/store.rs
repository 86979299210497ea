//! [`TaskStore`]: the tasks of many projects, shared by many threads.
//!
//! Here are also its batches of edits, snapshots, change feeds and due executions.

mod batch;
mod builder;
mod by_next;
mod deallocate;
mod due;
mod edit;
mod feed;
mod listed;
mod memory;
mod project;
mod search_cache;
mod shards;
mod snapshot;
mod statistics;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::error::Error;
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::index::{DueQueue, Index, Origin, SizeLimits};
use crate::query::{Explanation, Facets, ListQuery, Page, PageSummary, Revision, ScheduledTask};
use crate::schedule::Execution;
use crate::sync::{Arc, reached};
use crate::task::{LastStatus, ProjectId, Task, TaskId, TaskName};
use crate::trace::call;
pub use batch::BatchError;
use batch::ChangedIds;
use builder::OnChange;
pub use builder::TaskStoreBuilder;
use deallocate::deallocate;
use due::Due;
pub use due::{DueBatch, DueExecution, Missed, MissedPolicy};
pub use edit::{Edit, EditAction, Expectation, NewTask};
pub use feed::ChangeSet;
use project::{Project, Writer, WriterGuard};
use search_cache::CacheBudget;
use shards::Shards;
pub(crate) use snapshot::Restoration;
pub use snapshot::{Snapshot, SnapshotTask, SnapshotTasks};
pub use statistics::StoreStatistics;

/// The tasks of many projects, shared by many threads.
///
/// All methods take `&self`. A query sees one project at one revision, and its
/// [`Page`] is owned: no lock outlives a call. There is no hidden clock: what
/// depends on time takes `now`.
///
/// A project exists while it has tasks: the first [`add`](Self::add) makes it,
/// the last [`remove`](Self::remove) ends it, and one that does not exist is
/// the same as an empty one.
///
/// Calls block their thread until they are done. [`add_all`](Self::add_all), [`sync`](Self::sync)
/// and [`remove_project`](Self::remove_project) take time in proportion to the tasks, and so does,
/// now and then, a call whose cost is amortised, such as a [`remove`](Self::remove) that renumbers
/// the rows: an async server runs them where blocking is allowed.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use taskdex::{LastStatus, ListQuery, ProjectId, Schedule, Task, TaskStore, TaskType};
///
/// let store = TaskStore::new();
/// let project = ProjectId::new("p-1")?;
/// let now: DateTime<Utc> = "2026-12-01T00:00:00Z".parse()?;
///
/// let weekdays = Schedule::weekly("2,3,4,5,6".parse()?, "08:30:00".parse()?, "Asia/Shanghai".parse()?)?;
/// let task = Task::builder("t-1", "Morning start", TaskType::Start, weekdays).build()?;
/// let added = store.add(&project, task, now)?;
/// let changed = store.set_last_status(&project, "t-1", Some(LastStatus::Fail))?;
/// assert!(changed > added);
///
/// let query = ListQuery::from_query_string("offset=0&limit=10&last_status=FAIL")?;
/// let page = store.list(&project, &query, now);
/// assert_eq!(page.total_count(), 1);
/// assert_eq!(page.tasks()[0].version(), changed);
/// assert_eq!(page.tasks()[0].next_execution_time().unwrap(), "2026-12-01 08:30:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TaskStore {
    shards: Shards,
    limits: &'static SizeLimits,
    search_cache: CacheBudget,
    /// The most entries of each project's change log; 0 for no log.
    log_capacity: usize,
    on_change: Option<OnChange>,
    due: Due,
}

/// What no answer shows of a project.
#[cfg(feature = "testkit")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct InnerState {
    pub(crate) exists: bool,
    pub(crate) has_lists: bool,
    /// How often the project was numbered anew, or got lists.
    pub(crate) epoch: u32,
    /// A batch of more changes and removals is built beside.
    pub(crate) in_place_max: usize,
    /// How many cached searches the whole store has evicted for want of room.
    pub(crate) evicted: u64,
}

/// What a change of one task returns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replaced {
    /// The version of the task that is there instead; of a removal, the project's revision.
    pub revision: Revision,
    /// The task that was.
    pub previous: Task,
}

/// What [`TaskStore::apply_at`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Applied {
    /// The batch was applied under its revision.
    Changed,
    /// The batch changed nothing, and took no revision.
    Unchanged,
    /// The project had come to the revision before; nothing was done.
    Already,
}

/// What [`TaskStore::sync`] did, each list in the project's order.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Synced {
    /// The project's revision: the one version of every task that was added or changed, or the
    /// revision that was where nothing differs.
    pub revision: Revision,
    /// The tasks that were not there.
    pub added: Vec<TaskId>,
    /// The tasks that were others.
    pub changed: Vec<TaskId>,
    /// The tasks that are gone, in the order that they had.
    pub removed: Vec<TaskId>,
}

impl Synced {
    fn new(revision: Revision, ids: ChangedIds) -> Self {
        Self {
            revision,
            added: ids.added,
            changed: ids.changed,
            removed: ids.removed,
        }
    }
}

impl TaskStore {
    /// An empty store, without a change log.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Starts a store with choices: a change log, or a call on each change.
    pub fn builder() -> TaskStoreBuilder {
        TaskStoreBuilder::new()
    }

    /// What no answer shows of a project: for the test kit.
    #[cfg(feature = "testkit")]
    pub(crate) fn inner_state(&self, project: &ProjectId) -> InnerState {
        let form = self.find(project).map(|project| {
            let index = project.read();
            (index.form(), index.in_place_max())
        });
        let ((has_lists, epoch), in_place_max) = form.unwrap_or_default();
        InnerState {
            exists: form.is_some(),
            has_lists,
            epoch,
            in_place_max,
            evicted: self.search_cache.evicted(),
        }
    }

    /// Adds a task at the end of the project's order, and returns its version.
    ///
    /// A `DAY` schedule without a start date counts from the date, in the task's zone, at which
    /// the task is first added: that of `now`, or of the record's `added_at`. The task has that
    /// start date from then on.
    ///
    /// O(length of the texts), amortised.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TaskExists`] where the project has a task of this id.
    /// - [`ErrorKind::OutOfRange`] where the start date would be beyond the year 9999.
    /// - [`ErrorKind::ProjectFull`] where the project has no number left for another task or
    ///   another change.
    #[expect(clippy::needless_pass_by_value, reason = "the store takes tasks over")]
    pub fn add(
        &self,
        project: &ProjectId,
        task: impl NewTask,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        let _call = call!("add", project);
        self.change_or_create(project, |project| project.add(&task, now))
    }

    /// Adds all tasks, in their order, as one change of the project, or none of them.
    ///
    /// Returns the one version that all of them have. No query ever sees a part of the batch.
    /// An empty batch changes nothing, and returns the project's [revision](Self::revision).
    ///
    /// O(tasks), in short steps between which the project's readers go on.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add), for the first task that is refused: one whose id the project, or
    /// the batch before it, has already, or one for which there is no number. The position is 0
    /// where there is none for another change.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use taskdex::{LifeCycleType, ProjectId, Task, TaskStore, TaskType};
    ///
    /// let store = TaskStore::new();
    /// let project = ProjectId::new("p-1")?;
    /// let now = DateTime::UNIX_EPOCH;
    /// let event = LifeCycleType::PostDesktopDisconnected;
    /// let task = |id| Task::builder(id, "Stop", TaskType::Stop, event).build();
    ///
    /// let version = store.add_all(&project, vec![task("t-1")?, task("t-2")?], now).unwrap();
    /// for id in ["t-1", "t-2"] {
    ///     assert_eq!(store.get(&project, id, now).unwrap().version(), version);
    /// }
    /// assert_eq!(store.revision(&project), version);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn add_all<T: NewTask>(
        &self,
        project: &ProjectId,
        tasks: Vec<T>,
        now: DateTime<Utc>,
    ) -> Result<Revision, BatchError> {
        let call = call!("add_all", project);
        call.given(tasks.len());
        if tasks.is_empty() {
            return Ok(self.revision(project));
        }
        let version = self.change_or_create(project, |project| project.add_all(&tasks, now));
        let count = tasks.len();
        deallocate(tasks, count);
        version
    }

    /// Carries out edits, in their order, as one change of the project, or none of them.
    ///
    /// Each edit sees what those before it left. All tasks that change have one version, which is
    /// returned: the project's revision. An edit that leaves a task as it was leaves its version
    /// too, and a batch that changes nothing takes no revision: that is a decision of this crate,
    /// so that repeating a batch is harmless. What an edit [expects](Edit::with_expectation) is
    /// compared with what the project held before the batch. No query ever sees a part of it.
    ///
    /// `now` is when tasks are added, where their records do not say.
    ///
    /// O(edits); where more than an eighth of the project changes, O(n) for its n tasks, while
    /// readers go on. Otherwise readers wait for at most 2 µs an edit.
    ///
    /// # Errors
    ///
    /// The first edit that is refused, with its position; nothing is left of the batch.
    ///
    /// - [`ErrorKind::TaskExists`] where a task is added whose id is there.
    /// - [`ErrorKind::TaskNotFound`] where a task is edited that is not there.
    /// - [`ErrorKind::VersionMismatch`] where an expectation is not met.
    /// - [`ErrorKind::OutOfRange`] where a start date would be beyond the year 9999.
    /// - [`ErrorKind::ProjectFull`] where the project has no number left.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use taskdex::{Edit, ErrorKind, Expectation, LifeCycleType, ProjectId, Task, TaskId};
    /// use taskdex::{TaskStore, TaskType};
    ///
    /// let store = TaskStore::new();
    /// let project = ProjectId::new("p-1")?;
    /// let now = DateTime::UNIX_EPOCH;
    /// let event = LifeCycleType::PostDesktopDisconnected;
    /// let stop = Task::builder("t-1", "Stop", TaskType::Stop, event).build()?;
    /// let id = TaskId::new("t-1")?;
    ///
    /// let added = store.apply(&project, &[Edit::add(stop)], now)?;
    /// let disable = Edit::set_enabled(id, false).with_expectation(Expectation::Version(added));
    /// let changed = store.apply(&project, &[disable.clone()], now)?;
    /// assert_eq!(store.get(&project, "t-1", now).unwrap().version(), changed);
    ///
    /// // Another client that saw the task as it was added is told so.
    /// let refused = store.apply(&project, &[disable], now).unwrap_err();
    /// assert_eq!(refused.error.kind(), ErrorKind::VersionMismatch);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply(
        &self,
        project: &ProjectId,
        edits: &[Edit],
        now: DateTime<Utc>,
    ) -> Result<Revision, BatchError> {
        let call = call!("apply", project);
        call.given(edits.len());
        self.change_or_create(project, |project| project.apply(edits, None, now))
    }

    /// As [`apply`](Self::apply), under a revision that a log gave.
    ///
    /// A store is then a deterministic state machine: with the same batches, revisions and
    /// instants, two stores are equal in every answer, cursor and export of the project, whatever
    /// else lives in one of them. A revision that is not greater than the project's own was
    /// applied before, and nothing is done.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply); a revision of 2^48 or more is [`ErrorKind::ProjectFull`].
    ///
    /// ```
    /// use chrono::DateTime;
    /// use taskdex::{Applied, Edit, LifeCycleType, ProjectId, Task, TaskStore, TaskType};
    ///
    /// let store = TaskStore::new();
    /// let project = ProjectId::new("p-1")?;
    /// let now = DateTime::UNIX_EPOCH;
    /// let event = LifeCycleType::PostDesktopDisconnected;
    /// let put = [Edit::put(Task::builder("t-1", "Stop", TaskType::Stop, event).build()?)];
    ///
    /// assert_eq!(store.apply_at(&project, 7.into(), &put, now)?, Applied::Changed);
    /// assert_eq!(store.revision(&project).get(), 7);
    /// assert_eq!(store.apply_at(&project, 7.into(), &put, now)?, Applied::Already);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply_at(
        &self,
        project: &ProjectId,
        revision: Revision,
        edits: &[Edit],
        now: DateTime<Utc>,
    ) -> Result<Applied, BatchError> {
        let call = call!("apply_at", project);
        call.given(edits.len());
        self.change_or_create(project, |project| {
            let before = project.read().revision();
            if revision <= before {
                return Ok(Applied::Already);
            }
            let after = project.apply(edits, Some(revision), now)?;
            Ok(if after == before {
                Applied::Unchanged
            } else {
                Applied::Changed
            })
        })
    }

    /// Whether [`apply`](Self::apply) would accept these edits, without carrying them out.
    ///
    /// For the only writer of a project that commits elsewhere first: until it applies them,
    /// nothing else may change the project. O(edits).
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply).
    pub fn check(
        &self,
        project: &ProjectId,
        edits: &[Edit],
        now: DateTime<Utc>,
    ) -> Result<(), BatchError> {
        let call = call!("check", project);
        call.given(edits.len());
        match self.shards.look_up(project) {
            Ok(project) => project.check(edits, now),
            Err(origin) => {
                let index = Index::new(origin, self.limits);
                Project::new(index).check(edits, now)
            }
        }
    }

    /// Makes the project hold exactly these tasks, as one change: the refresh of a mirror.
    ///
    /// A task whose id the project has keeps its place and the second of its
    /// first adding, and its version too where it is the same already. The
    /// others are added at the end, in their order, and tasks that are not
    /// given are removed. Queries see all of this or nothing.
    ///
    /// Where nothing differs, nothing changes. No tasks at all end the project, and the revision
    /// is that of its end.
    ///
    /// O(n) for n tasks, given or there, beside the readers of the project.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TaskExists`] for the first task whose id the batch before it has already.
    /// - [`ErrorKind::OutOfRange`] where a start date would be beyond the year 9999.
    /// - [`ErrorKind::ProjectFull`], at position 0, where the project has no number left for
    ///   these tasks or another change.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use taskdex::{LifeCycleType, ProjectId, Task, TaskStore, TaskType};
    ///
    /// let store = TaskStore::new();
    /// let project = ProjectId::new("p-1")?;
    /// let now = DateTime::UNIX_EPOCH;
    /// let task = |id| {
    ///     let event = LifeCycleType::PostDesktopDisconnected;
    ///     Task::builder(id, "Stop", TaskType::Stop, event).build()
    /// };
    ///
    /// let first = store.sync(&project, vec![task("t-1")?, task("t-2")?], now).unwrap();
    /// let second = store.sync(&project, vec![task("t-3")?, task("t-2")?], now).unwrap();
    /// assert_eq!(second.removed[0].as_str(), "t-1");
    /// assert_eq!(second.added[0].as_str(), "t-3");
    /// assert_eq!(store.get(&project, "t-2", now).unwrap().version(), first.revision);
    /// assert_eq!(store.get(&project, "t-3", now).unwrap().version(), second.revision);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn sync<T: NewTask>(
        &self,
        project: &ProjectId,
        tasks: Vec<T>,
        now: DateTime<Utc>,
    ) -> Result<Synced, BatchError> {
        let call = call!("sync", project);
        call.given(tasks.len());
        let synced = self.change_or_create(project, |project| project.sync(&tasks, now));
        let count = tasks.len();
        deallocate(tasks, count);
        synced
    }

    /// Replaces the task of the same id, in its place, and returns what was.
    ///
    /// A `DAY` schedule without a start date counts from the date at which the task was first
    /// added. Where the task is the same already, its version stays.
    ///
    /// O(length of the texts), amortised.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TaskNotFound`] where the project has no task of this id.
    /// - [`ErrorKind::OutOfRange`] where the start date would be beyond the year 9999.
    /// - [`ErrorKind::ProjectFull`] where the project has no number left for another change.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use taskdex::{LifeCycleType, ProjectId, Task, TaskStore, TaskType};
    ///
    /// let store = TaskStore::new();
    /// let project = ProjectId::new("p-1")?;
    /// let now = DateTime::UNIX_EPOCH;
    /// let event = LifeCycleType::PostDesktopDisconnected;
    /// store.add(&project, Task::builder("t-1", "Stop", TaskType::Stop, event).build()?, now)?;
    ///
    /// let task = store.get(&project, "t-1", now).unwrap().into_task();
    /// let edited = task.to_builder().with_description("Saves power.").build()?;
    /// let replaced = store.replace(&project, edited, now)?;
    /// let listed = store.get(&project, "t-1", now).unwrap();
    /// assert_eq!(listed.version(), replaced.revision);
    /// assert_eq!(replaced.previous.description(), None);
    /// assert_eq!(listed.task().description(), Some("Saves power."));
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "the store takes tasks over")]
    pub fn replace(
        &self,
        project: &ProjectId,
        task: Task,
        now: DateTime<Utc>,
    ) -> Result<Replaced, Error> {
        let _call = call!("replace", project);
        let replaced = self.change(project, task.id(), |project| project.replace(&task, now));
        replaced.map(|(revision, previous)| Replaced { revision, previous })
    }

    /// Renames a task, in its place, and returns its version. O(length of the texts), amortised.
    ///
    /// The version stays where the task has that name.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TaskNotFound`] where the project has no task of this id.
    /// - [`ErrorKind::ProjectFull`] where the project has no number left for another change.
    pub fn rename(
        &self,
        project: &ProjectId,
        id: impl AsRef<str>,
        task_name: &TaskName,
    ) -> Result<Revision, Error> {
        let _call = call!("rename", project);
        let id = id.as_ref();
        self.change(project, id, |project| project.rename(id, task_name))
    }

    /// Sets how a task's latest execution ended, and returns the task's version. O(1).
    ///
    /// The version stays where the task has that status.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TaskNotFound`] where the project has no task of this id.
    /// - [`ErrorKind::ProjectFull`] where the project has no number left for another change.
    pub fn set_last_status(
        &self,
        project: &ProjectId,
        id: impl AsRef<str>,
        last_status: Option<LastStatus>,
    ) -> Result<Revision, Error> {
        let _call = call!("set_last_status", project);
        let id = id.as_ref();
        self.change(project, id, |project| {
            project.set_last_status(id, last_status)
        })
    }

    /// Enables or disables a task, and returns its version. O(1).
    ///
    /// The version stays where the task is so already. `now` is the instant of the change:
    /// enabling makes up for nothing that was missed before.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TaskNotFound`] where the project has no task of this id.
    /// - [`ErrorKind::ProjectFull`] where the project has no number left for another change.
    pub fn set_enabled(
        &self,
        project: &ProjectId,
        id: impl AsRef<str>,
        enabled: bool,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        let _call = call!("set_enabled", project);
        let id = id.as_ref();
        self.change(project, id, |project| project.set_enabled(id, enabled, now))
    }

    /// Removes a task, and returns what was, with the project's revision.
    ///
    /// O(1), amortised: the call after which more than half of the project's places are empty
    /// puts the rest together, in O(tasks). Readers go on meanwhile; others that change the
    /// project wait.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TaskNotFound`] where the project has no task of this id.
    /// - [`ErrorKind::ProjectFull`] where the project has no number left for another change.
    pub fn remove(&self, project: &ProjectId, id: impl AsRef<str>) -> Result<Replaced, Error> {
        let _call = call!("remove", project);
        let id = id.as_ref();
        let removed = self.change(project, id, |project| project.remove(id));
        removed.map(|(revision, previous)| Replaced { revision, previous })
    }

    /// All tasks of a project as they are now, for as long as the caller likes.
    ///
    /// O(n / 512) for n tasks, while readers and writers go on: 10 µs for a million.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ProjectNotFound`] where the project has no tasks.
    pub fn snapshot(&self, project: &ProjectId) -> Result<Snapshot, Error> {
        let _call = call!("snapshot", project);
        let not_found = || Error::project_not_found(project);
        let found = self.find(project).ok_or_else(not_found)?;
        let index = found.read();
        if index.len() == 0 {
            // It ends, or begins.
            return Err(not_found());
        }
        Ok(Snapshot {
            project: project.clone(),
            revision: index.revision(),
            next_sequence: index.next_sequence(),
            rows: index.share(),
        })
    }

    /// What leads from the project at a revision to the project as it is.
    ///
    /// `since` is any revision that the [change log](TaskStoreBuilder::with_change_log) reaches
    /// back to, and means the state after all changes up to it: 0 is before the first. Where the
    /// project is at `since`, there is nothing to do, with or without a log.
    ///
    /// O(n log n) for n changes since.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::RevisionOutOfReach`] where the log does not reach back so far, or across the
    /// end of a project of this name, or the project has not come to `since`. The cure is another
    /// copy of the whole:
    ///
    /// ```
    /// # use taskdex::{Error, ProjectId, Record, TaskStore};
    /// # fn follow(original: &TaskStore, copy: &TaskStore, project: &ProjectId) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut export = Vec::new();
    /// original.snapshot(project)?.write_export(&mut export)?;
    /// copy.remove_project(project);
    /// copy.restore(project, export.as_slice())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn changes_since(&self, project: &ProjectId, since: Revision) -> Result<ChangeSet, Error> {
        let call = call!("changes_since", project);
        let Origin {
            revision,
            next_sequence,
        } = match self.shards.look_up(project) {
            Ok(project) => {
                let changes = project.changes_since(since)?;
                call.count(changes.removed.len() + changes.puts.len());
                return Ok(changes);
            }
            Err(origin) => origin,
        };
        if since != revision {
            return Err(Error::out_of_reach(since, revision, revision));
        }
        Ok(ChangeSet::nothing(revision, next_sequence))
    }

    /// Leads a copy of a project on, as one change, and returns its revision.
    ///
    /// The copy is then equal to the original at [`ChangeSet::to`] in every byte of its export
    /// but the name. Where it is there or past it already, nothing is done, and its own revision
    /// is returned. `now` serves next executions alone.
    ///
    /// A copy follows one original. What it then says by its own
    /// [`changes_since`](Self::changes_since) is for copies that follow it: between `from` and
    /// `to`, it has been at no revision.
    ///
    /// O(changes), as [`apply`](Self::apply).
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::VersionMismatch`] where the copy is at another revision than
    ///   [`ChangeSet::from`].
    /// - [`ErrorKind::DamagedExport`] where the changes do not lead from the state of the copy.
    /// - [`ErrorKind::ProjectFull`] where the project has no number left.
    pub fn apply_changes(
        &self,
        project: &ProjectId,
        changes: &ChangeSet,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        let call = call!("apply_changes", project);
        call.given(changes.removed.len() + changes.puts.len());
        self.change_or_create(project, |project| project.apply_changes(changes, now))
    }

    /// Begins to restore a project that is not there, at a revision.
    pub(crate) fn restoration(
        &self,
        project: &ProjectId,
        revision: Revision,
    ) -> Result<Restoration, Error> {
        if self.task_count(project) > 0 {
            return Err(Error::project_exists(project));
        }
        let origin = Origin {
            revision,
            next_sequence: 0,
        };
        Ok(Restoration::new(Index::new(origin, self.limits)))
    }

    /// Shows a project that was restored, unless one of its name began meanwhile.
    pub(crate) fn show_restored(
        &self,
        project: &ProjectId,
        restored: Restoration,
        next_sequence: u64,
    ) -> Result<Revision, Error> {
        let index = restored.finish(next_sequence, self.log_capacity);
        let revision = index.revision();
        let restored = Arc::new(Project::new(index));
        let writer = loop {
            let writer = restored.lock_writer();
            let Some(there) = self.shards.insert(project, &restored) else {
                break writer;
            };
            drop(writer);
            self.end_if_empty(project, &there)?;
        };
        // `watch_due` misses a project that is not in its shard yet.
        let passed = self.due.watched_from();
        let earlier = passed.and_then(|passed| self.due.watch(project, &restored, passed));
        drop(writer);
        self.tell(project, revision);
        self.due.tell(earlier);
        Ok(revision)
    }

    /// A task with its version and its first execution after `now`. O(length of the texts).
    #[must_use]
    pub fn get(
        &self,
        project: &ProjectId,
        id: impl AsRef<str>,
        now: DateTime<Utc>,
    ) -> Option<ScheduledTask> {
        let _call = call!("get", project);
        self.find(project)?.get(id.as_ref(), now)
    }

    /// Answers a query, with next executions as of `now`.
    ///
    /// O(limit) where no name is asked for, whatever the offset and the number of tasks. A name
    /// costs a search of the project's name index, unless its answer is cached.
    #[must_use]
    pub fn list(&self, project: &ProjectId, query: &ListQuery, now: DateTime<Utc>) -> Page {
        let call = call!("list", project);
        let page = match self.shards.look_up(project) {
            Ok(project) => project.list(query, now, &self.search_cache),
            Err(origin) => Page::new(Vec::new(), summary_of_nothing(origin)),
        };
        call.count(page.tasks().len());
        call.found(page.total_count(), page.explanation());
        page
    }

    /// Shows each task of a query's page, with its next execution, to `each`, which must be short
    /// and not panic: the project's readers' lock is held. Returns the rest of what the page says.
    pub(crate) fn for_each_listed(
        &self,
        project: &ProjectId,
        query: &ListQuery,
        now: DateTime<Utc>,
        each: impl FnMut(&Task, Option<Execution>),
    ) -> PageSummary {
        match self.shards.look_up(project) {
            Ok(project) => project.for_each_listed(query, now, &self.search_cache, each),
            Err(origin) => summary_of_nothing(origin),
        }
    }

    /// The total of a query, and how many tasks its page has: for benchmarks.
    #[doc(hidden)]
    #[must_use]
    pub fn positions(&self, project: &ProjectId, query: &ListQuery) -> (u32, usize) {
        self.find(project).map_or((0, 0), |project| {
            let selected = project.select(&project.read(), query, &self.search_cache);
            (selected.total, selected.slots().len())
        })
    }

    /// For every value of every filter, how many tasks the query would match with it.
    ///
    /// Offset, limit and cursor do not matter. O(1) for each value; where a name is asked for,
    /// the cost of two searches, which are cached, and O(n / 64) for each value.
    #[must_use]
    pub fn facets(&self, project: &ProjectId, query: &ListQuery) -> Facets {
        let _call = call!("facets", project);
        self.find(project).map_or_else(Facets::default, |project| {
            project.facets(query, &self.search_cache)
        })
    }

    /// How [`list`](Self::list) would answer a query. O(1): the query is not run,
    /// unless a name is asked for.
    #[must_use]
    pub fn explain(&self, project: &ProjectId, query: &ListQuery) -> Explanation {
        let _call = call!("explain", project);
        self.find(project)
            .map_or(Explanation::Nothing, |project| project.explain(query))
    }

    /// The revision of the project's latest change.
    ///
    /// It only ever grows, also where the project ends and begins again; it is 0 for one that
    /// never was. O(1).
    ///
    /// ```
    /// use chrono::DateTime;
    /// use taskdex::{LifeCycleType, ProjectId, Task, TaskStore, TaskType};
    ///
    /// let store = TaskStore::new();
    /// let project = ProjectId::new("p-1")?;
    /// let now = DateTime::UNIX_EPOCH;
    /// let event = LifeCycleType::PostDesktopDisconnected;
    /// let task = Task::builder("t-1", "Stop", TaskType::Stop, event).build()?;
    ///
    /// let added = store.add(&project, task.clone(), now)?;
    /// assert_eq!(store.revision(&project), added);
    /// store.remove_project(&project);
    /// let ended = store.revision(&project);
    /// assert!(ended > added);
    /// assert!(store.add(&project, task, now)? > ended);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[must_use]
    pub fn revision(&self, project: &ProjectId) -> Revision {
        let _call = call!("revision", project);
        match self.shards.look_up(project) {
            Ok(project) => project.read().revision(),
            Err(origin) => origin.revision,
        }
    }

    /// How many tasks the project has, triggered and disabled ones included. O(1).
    #[must_use]
    pub fn task_count(&self, project: &ProjectId) -> u64 {
        let _call = call!("task_count", project);
        self.find(project)
            .map_or(0, |project| u64::from(project.read().len()))
    }

    /// How many projects there are. O(1) for each of a fixed number of parts.
    #[must_use]
    pub fn project_count(&self) -> u64 {
        let _call = call!("project_count");
        self.shards.project_count()
    }

    /// All projects that have tasks, in the order of their ids.
    ///
    /// O(n log n) for n projects, and those that ended. Projects that begin or end meanwhile may
    /// be missed or seen, and so may one whose first task is refused meanwhile.
    #[must_use]
    pub fn projects(&self) -> Vec<ProjectId> {
        let _call = call!("projects");
        let projects = self.shards.projects();
        let mut projects: Vec<_> = projects.into_iter().map(|(id, _)| id).collect();
        projects.sort_unstable();
        projects
    }

    /// Removes a project with all its tasks, as one change, and returns how many they were.
    ///
    /// O(tasks), while neither readers nor writers of other projects wait.
    pub fn remove_project(&self, project: &ProjectId) -> u64 {
        let call = call!("remove_project", project);
        let Some(found) = self.find(project) else {
            return 0;
        };
        let mut writer = found.lock_writer();
        let (count, origin) = {
            let index = found.read();
            (index.len(), index.origin())
        };
        if writer.retired || count == 0 {
            return 0;
        }
        let origin = Origin {
            // The end of a project that has tasks is a change of its own.
            revision: origin.revision.next(),
            ..origin
        };
        self.retire(project, &found, origin, &mut writer);
        drop(writer);
        deallocate(found, count as usize);
        self.tell(project, origin.revision);
        call.count(count as usize);
        u64::from(count)
    }

    /// Compacts a project, when it suits: frees the places of removed tasks and the names that
    /// renamed tasks had.
    ///
    /// The store does so by itself once more than half of the places are empty, or half as many
    /// tasks were renamed as there are; no answer depends on it. O(n) where there is anything to
    /// do, while readers go on and other writers of the project wait.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use taskdex::{LifeCycleType, ProjectId, Task, TaskStore, TaskType};
    ///
    /// let store = TaskStore::new();
    /// let project = ProjectId::new("p-1")?;
    /// let now = DateTime::UNIX_EPOCH;
    /// for number in 0..300 {
    ///     let event = LifeCycleType::PostDesktopDisconnected;
    ///     let task = Task::builder(number.to_string(), "Stop", TaskType::Stop, event).build()?;
    ///     store.add(&project, task, now)?;
    /// }
    /// store.remove(&project, "7")?;
    /// let revision = store.revision(&project);
    /// store.compact(&project);
    /// assert_eq!(store.revision(&project), revision);
    /// assert_eq!(store.task_count(&project), 299);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn compact(&self, project: &ProjectId) {
        let _call = call!("compact", project);
        if let Some(project) = self.find(project) {
            let writer = project.lock_writer();
            if !writer.retired {
                project.compact();
            }
        }
    }

    /// Checks every invariant of the store. O(number of tasks), and slow: for tests.
    ///
    /// # Errors
    ///
    /// What is wrong.
    #[doc(hidden)]
    pub fn validate(&self) -> Result<(), String> {
        self.search_cache.validate()?;
        let mut published = BTreeSet::new();
        for (id, project) in self.shards.projects() {
            let writer = project.lock_writer();
            let index = project.read();
            let in_project = |fault: String| format!("project {id}: {fault}");
            project.validate_name_cache(&index).map_err(in_project)?;
            if !writer.retired && index.len() == 0 {
                return Err(in_project("it is empty".into()));
            }
            index.validate().map_err(in_project)?;
            let first = index.due().and_then(DueQueue::published);
            published.extend(first.map(|second| (second, id)));
        }
        self.due.validate(&published)
    }

    /// Changes a task of a project that exists, and ends the project if it has no tasks left.
    fn change<R>(
        &self,
        id: &ProjectId,
        task_id: &str,
        change: impl FnOnce(&Project) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let not_found = || Error::task_not_found(task_id);
        let project = self.find(id).ok_or_else(not_found)?;
        let writer = project.lock_writer();
        if writer.retired {
            // It ended after it was found, so it has no tasks.
            reached("a project ended before its change");
            return Err(not_found());
        }
        self.run(id, &project, writer, change)
    }

    /// Runs `change` on a project, which begins if it does not exist.
    fn change_or_create<R>(&self, id: &ProjectId, change: impl FnOnce(&Project) -> R) -> R {
        loop {
            let project = self.shards.find_or_begin(id, |origin| {
                let index = Index::new(origin, self.limits);
                let index = index.with_change_log(self.log_capacity);
                Project::new(index.watched_from(self.due.watched_from()))
            });
            let writer = project.lock_writer();
            if writer.retired {
                reached("a project ended before its change");
                continue;
            }
            return self.run(id, &project, writer, change);
        }
    }

    /// Runs a change, and ends the project if no task is left. Callbacks are called unlocked.
    fn run<R>(
        &self,
        id: &ProjectId,
        project: &Arc<Project>,
        mut writer: WriterGuard<'_>,
        change: impl FnOnce(&Project) -> R,
    ) -> R {
        let state = || {
            let index = project.read();
            (index.len() == 0, index.origin())
        };
        let before = self.on_change.as_ref().map(|_| state());
        let result = change(project);
        let earlier = self.due.update(id, project);
        let (is_empty, origin) = state();
        if is_empty {
            self.retire(id, project, origin, &mut writer);
        }
        drop(writer);
        let is_other = |(was_empty, before): (bool, Origin)| {
            // A project may be restored at the revision at which one of its name ended.
            before.revision != origin.revision || was_empty != is_empty
        };
        if before.is_some_and(is_other) {
            self.tell(id, origin.revision);
        }
        self.due.tell(earlier);
        result
    }

    /// Takes a project out of the store. The next one of its id begins from `origin`.
    ///
    /// Its writer's lock is held.
    fn retire(&self, id: &ProjectId, project: &Arc<Project>, origin: Origin, writer: &mut Writer) {
        writer.retired = true;
        self.due.remove_project(id, project);
        reached("a project ends");
        self.shards.end(id, origin);
    }

    /// Ends a project that began and has no task yet. Its first change then begins another.
    fn end_if_empty(&self, id: &ProjectId, project: &Arc<Project>) -> Result<(), Error> {
        let mut writer = project.lock_writer();
        if writer.retired {
            return Ok(());
        }
        let (count, origin) = {
            let index = project.read();
            (index.len(), index.origin())
        };
        if count > 0 {
            return Err(Error::project_exists(id));
        }
        reached("a project ends before its first change");
        self.retire(id, project, origin, &mut writer);
        Ok(())
    }

    /// Calls the callback for changes. No lock is held.
    fn tell(&self, project: &ProjectId, revision: Revision) {
        if let Some(on_change) = &self.on_change {
            on_change.call(project, revision);
        }
    }

    fn find(&self, project: &ProjectId) -> Option<Arc<Project>> {
        self.shards.look_up(project).ok()
    }
}

/// The summary of a page of a project that is not there.
fn summary_of_nothing(origin: Origin) -> PageSummary {
    PageSummary::new(0, origin.revision, None, Explanation::Nothing)
}

impl Default for TaskStore {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
