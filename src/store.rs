//! Many projects, many threads: the facade of the crate.

mod batch;
mod deallocate;
mod listed;
mod project;
mod search_cache;

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use chrono::{DateTime, Utc};
use hashbrown::HashTable;

use crate::error::Error;
use crate::index::Limits;
use crate::query::{Explanation, Facets, ListQuery, Page, PageSummary, Revision, ScheduledTask};
use crate::schedule::Execution;
use crate::task::{LastStatus, ProjectId, Task, TaskName};
use deallocate::deallocate;
use project::{Change, Project, Writer};
use search_cache::CacheMemory;

/// Into how many parts the projects are divided, so that threads which work
/// on different projects seldom meet at one lock.
const SHARD_COUNT: usize = 64;

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
/// now and then, a call whose cost is amortised, such as a [`remove`](Self::remove) that puts the
/// rest together: an async server runs them where blocking is allowed.
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
/// let changed = store.set_last_status(&project, "t-1", Some(LastStatus::Fail), now)?;
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
    shards: Box<[RwLock<Shard>]>,
    hasher: std::hash::RandomState,
    /// No project that ended had a greater revision, so that revisions never
    /// repeat when one of the same name begins.
    ended_revision_max: AtomicU64,
    /// No task of a project that ended had a greater sequence, so that a
    /// cursor never names a place in a later project of the same name.
    ended_sequence_max: AtomicU64,
    limits: &'static Limits,
    memory: CacheMemory,
}

type Shard = HashTable<(ProjectId, Arc<Project>)>;

/// What no answer shows of a project.
#[cfg(feature = "testkit")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct InnerState {
    pub(crate) exists: bool,
    pub(crate) has_lists: bool,
    /// How often the project was numbered anew, or got lists.
    pub(crate) epoch: u32,
    /// How many remembered answers the whole store has forgotten for want of room.
    pub(crate) evicted: u64,
}

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
#[error("task {position} of the batch: {error}")]
#[non_exhaustive]
pub struct BatchError {
    /// The position of the refused task in the batch, counted from 0; 0, too, where it is the
    /// batch as a whole.
    pub position: usize,
    /// Why it was refused.
    pub error: Error,
}

impl TaskStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(&Limits::USUAL)
    }

    fn with_limits(limits: &'static Limits) -> Self {
        Self {
            shards: (0..SHARD_COUNT).map(|_| RwLock::default()).collect(),
            hasher: std::hash::RandomState::new(),
            ended_revision_max: AtomicU64::new(0),
            ended_sequence_max: AtomicU64::new(0),
            limits,
            memory: CacheMemory::new(CacheMemory::BYTES_MAX),
        }
    }

    /// An empty store with other limits than the usual ones.
    #[cfg(feature = "testkit")]
    pub(crate) fn cramped(limits: &'static Limits, cache_bytes_max: usize) -> Self {
        Self {
            memory: CacheMemory::new(cache_bytes_max),
            ..Self::with_limits(limits)
        }
    }

    /// What no answer shows of a project: for the test kit.
    #[cfg(feature = "testkit")]
    pub(crate) fn inner_state(&self, project: &ProjectId) -> InnerState {
        let form = self.find(project).map(|project| project.read().form());
        let (has_lists, epoch) = form.unwrap_or_default();
        InnerState {
            exists: form.is_some(),
            has_lists,
            epoch,
            evicted: self.memory.evicted(),
        }
    }

    /// Adds a task at the end of the project's order, and returns its version.
    ///
    /// A `DAY` schedule without a start date counts from the date of `now` in
    /// the task's zone, for as long as the task exists.
    ///
    /// O(length of the texts), amortised.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TaskExists`](crate::ErrorKind::TaskExists) where the project has a task of this id.
    /// - [`ErrorKind::ProjectFull`](crate::ErrorKind::ProjectFull) where the project has no number left for another task or
    ///   another change.
    #[expect(clippy::needless_pass_by_value, reason = "the store takes tasks over")]
    pub fn add(
        &self,
        project: &ProjectId,
        task: Task,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
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
    /// - [`ErrorKind::TaskExists`](crate::ErrorKind::TaskExists) for the first task whose id the project, or the batch before
    ///   it, has already.
    /// - [`ErrorKind::ProjectFull`](crate::ErrorKind::ProjectFull) for the first task for which the project has no number left,
    ///   or for the one at position 0 where there is none for another change.
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
    pub fn add_all(
        &self,
        project: &ProjectId,
        tasks: Vec<Task>,
        now: DateTime<Utc>,
    ) -> Result<Revision, BatchError> {
        if tasks.is_empty() {
            return Ok(self.revision(project));
        }
        let version = self.change_or_create(project, |project| project.add_all(&tasks, now));
        let count = tasks.len();
        deallocate(tasks, count);
        version
    }

    /// Makes the project hold exactly these tasks, as one change: the refresh of a mirror.
    ///
    /// A task whose id the project has keeps its place and the date of its
    /// first adding, and its version too where it is the same already. The
    /// others are added at the end, in their order, and tasks that are not
    /// given are removed. Queries see all of this or nothing.
    ///
    /// Returns the one version of every task that was added or changed: the
    /// project's revision. Where nothing differs, nothing changes, and that is
    /// the [revision](Self::revision) that was. No tasks at all end the
    /// project, and the revision is that of its end.
    ///
    /// O(n) for n tasks, given or there, beside the readers of the project.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TaskExists`](crate::ErrorKind::TaskExists) for the first task whose id the batch before it has already.
    /// - [`ErrorKind::ProjectFull`](crate::ErrorKind::ProjectFull), at position 0, where the project has no number left for
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
    /// assert!(store.get(&project, "t-1", now).is_none());
    /// assert_eq!(store.get(&project, "t-2", now).unwrap().version(), first);
    /// assert_eq!(store.get(&project, "t-3", now).unwrap().version(), second);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn sync(
        &self,
        project: &ProjectId,
        tasks: Vec<Task>,
        now: DateTime<Utc>,
    ) -> Result<Revision, BatchError> {
        if tasks.is_empty() {
            let ended = self.end(project).map(|(_, revision)| revision);
            return Ok(ended.unwrap_or_else(|| self.ended_revision_max()));
        }
        let version = self.change_or_create(project, |project| project.sync(&tasks, now));
        let count = tasks.len();
        deallocate(tasks, count);
        version
    }

    /// Replaces the task of the same id, in its place, and returns its version.
    ///
    /// A `DAY` schedule without a start date goes on counting from the date of
    /// the task's first adding.
    ///
    /// O(length of the texts), amortised.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TaskNotFound`](crate::ErrorKind::TaskNotFound) where the project has no task of this id.
    /// - [`ErrorKind::ProjectFull`](crate::ErrorKind::ProjectFull) where the project has no number left for another change.
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
    /// let edited = task.to_builder().description("Saves power.").build()?;
    /// let version = store.replace(&project, edited, now)?;
    /// let listed = store.get(&project, "t-1", now).unwrap();
    /// assert_eq!(listed.version(), version);
    /// assert_eq!(listed.task().description(), Some("Saves power."));
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "the store takes tasks over")]
    pub fn replace(
        &self,
        project: &ProjectId,
        task: Task,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        self.change(project, task.id(), Change::Replace(&task), now)
    }

    /// Renames a task, in its place, and returns its version. O(length of the texts), amortised.
    ///
    /// `now` is the instant of the change, which every change takes; this one does not depend
    /// on it today.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TaskNotFound`](crate::ErrorKind::TaskNotFound) where the project has no task of this id.
    /// - [`ErrorKind::ProjectFull`](crate::ErrorKind::ProjectFull) where the project has no number left for another change.
    pub fn rename(
        &self,
        project: &ProjectId,
        id: impl AsRef<str>,
        task_name: &TaskName,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        self.change(project, id.as_ref(), Change::Rename(task_name), now)
    }

    /// Sets how a task's latest execution ended, and returns the task's version. O(1).
    ///
    /// `now` is the instant of the change, which every change takes; this one does not depend
    /// on it today.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TaskNotFound`](crate::ErrorKind::TaskNotFound) where the project has no task of this id.
    /// - [`ErrorKind::ProjectFull`](crate::ErrorKind::ProjectFull) where the project has no number left for another change.
    pub fn set_last_status(
        &self,
        project: &ProjectId,
        id: impl AsRef<str>,
        last_status: Option<LastStatus>,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        let change = Change::SetLastStatus(last_status);
        self.change(project, id.as_ref(), change, now)
    }

    /// Enables or disables a task, and returns its version. O(1).
    ///
    /// `now` is the instant of the change, which every change takes; this one does not depend
    /// on it today.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TaskNotFound`](crate::ErrorKind::TaskNotFound) where the project has no task of this id.
    /// - [`ErrorKind::ProjectFull`](crate::ErrorKind::ProjectFull) where the project has no number left for another change.
    pub fn set_enabled(
        &self,
        project: &ProjectId,
        id: impl AsRef<str>,
        enabled: bool,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        self.change(project, id.as_ref(), Change::SetEnabled(enabled), now)
    }

    /// Removes a task, and returns the project's revision.
    ///
    /// O(1), amortised: the call after which more than half of the project's places are empty
    /// puts the rest together, in O(tasks). Readers go on meanwhile; others that change the
    /// project wait.
    ///
    /// `now` is the instant of the change, which every change takes; this one does not depend
    /// on it today.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::TaskNotFound`](crate::ErrorKind::TaskNotFound) where the project has no task of this id.
    /// - [`ErrorKind::ProjectFull`](crate::ErrorKind::ProjectFull) where the project has no number left for another change.
    pub fn remove(
        &self,
        project: &ProjectId,
        id: impl AsRef<str>,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        self.change(project, id.as_ref(), Change::Remove, now)
    }

    /// A task with its version and its first execution after `now`. O(length of the texts).
    #[must_use]
    pub fn get(
        &self,
        project: &ProjectId,
        id: impl AsRef<str>,
        now: DateTime<Utc>,
    ) -> Option<ScheduledTask> {
        self.find(project)?.get(id.as_ref(), now)
    }

    /// Answers a query, with next executions as of `now`.
    ///
    /// O(limit) where no name is asked for, whatever the offset and the number of tasks. A name
    /// costs a search of the project's name index, unless its answer is remembered.
    #[must_use]
    pub fn list(&self, project: &ProjectId, query: &ListQuery, now: DateTime<Utc>) -> Page {
        match self.find(project) {
            Some(project) => project.list(query, now, &self.memory),
            None => Page::new(Vec::new(), self.summary_of_nothing()),
        }
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
        match self.find(project) {
            Some(project) => project.for_each_listed(query, now, &self.memory, each),
            None => self.summary_of_nothing(),
        }
    }

    /// What the page of a project that does not exist says beside its tasks.
    fn summary_of_nothing(&self) -> PageSummary {
        PageSummary::new(0, self.ended_revision_max(), None)
    }

    /// The total of a query, and how many tasks its page has: for benchmarks.
    #[doc(hidden)]
    #[must_use]
    pub fn positions(&self, project: &ProjectId, query: &ListQuery) -> (u32, usize) {
        self.find(project).map_or((0, 0), |project| {
            let selected = project.select(&project.read(), query, &self.memory);
            (selected.total, selected.slots().len())
        })
    }

    /// For every value of every filter, how many tasks the query would match with it.
    ///
    /// Offset, limit and cursor do not matter. O(1) for each value; where a name is asked for,
    /// the cost of two searches, which are remembered, and O(n / 64) for each value.
    #[must_use]
    pub fn facets(&self, project: &ProjectId, query: &ListQuery) -> Facets {
        self.find(project).map_or_else(Facets::default, |project| {
            project.facets(query, &self.memory)
        })
    }

    /// How [`list`](Self::list) would answer a query. O(1): the query is not run,
    /// unless a name is asked for.
    #[must_use]
    pub fn explain(&self, project: &ProjectId, query: &ListQuery) -> Explanation {
        self.find(project)
            .map_or(Explanation::Nothing, |project| project.explain(query))
    }

    /// The revision of the project's latest change.
    ///
    /// It only ever grows, also where the project ends and begins again. For a project without
    /// tasks it is no less than any revision it had; it may grow when other projects end. O(1).
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
        match self.find(project) {
            Some(project) => project.read().revision(),
            None => self.ended_revision_max(),
        }
    }

    /// How many tasks the project has, triggered and disabled ones included. O(1).
    #[must_use]
    pub fn task_count(&self, project: &ProjectId) -> u64 {
        self.find(project)
            .map_or(0, |project| u64::from(project.read().len()))
    }

    /// How many projects there are. O(1) for each of a fixed number of parts.
    #[must_use]
    pub fn project_count(&self) -> u64 {
        self.shards
            .iter()
            .map(|shard| read(shard).len() as u64)
            .sum()
    }

    /// All projects that have tasks, in the order of their ids.
    ///
    /// O(n log n) for n projects. Projects that begin or end meanwhile may be missed or seen.
    #[must_use]
    pub fn projects(&self) -> Vec<ProjectId> {
        let mut projects = Vec::new();
        for shard in &self.shards {
            projects.extend(read(shard).iter().map(|(id, _)| id.clone()));
        }
        projects.sort_unstable();
        projects
    }

    /// Removes a project with all its tasks, and returns how many they were. O(tasks), none of
    /// it while anybody waits.
    pub fn remove_project(&self, project: &ProjectId) -> u64 {
        self.end(project).map_or(0, |(count, _)| count)
    }

    /// Checks every invariant of the store. O(number of tasks), and slow: for tests.
    ///
    /// # Errors
    ///
    /// What is wrong.
    #[doc(hidden)]
    pub fn validate(&self) -> Result<(), String> {
        self.memory.validate()?;
        for shard in &self.shards {
            let projects: Vec<_> = read(shard).iter().cloned().collect();
            for (id, project) in projects {
                let writer = project.lock_writer();
                let index = project.read();
                project
                    .validate_name_cache(&index)
                    .map_err(|fault| format!("project {id}: {fault}"))?;
                if index.compacted_lists().is_some() {
                    return Err(format!("project {id}: lists were left sparse"));
                }
                if !writer.retired && index.len() == 0 {
                    return Err(format!("project {id} is empty"));
                }
                index
                    .validate()
                    .map_err(|fault| format!("project {id}: {fault}"))?;
            }
        }
        Ok(())
    }

    /// Ends a project with all its tasks, in one step, and returns how many they were and the
    /// revision of the end; none where the project does not exist.
    fn end(&self, id: &ProjectId) -> Option<(u64, Revision)> {
        let project = self.find(id)?;
        let mut writer = project.lock_writer();
        if writer.retired {
            return None;
        }
        let revision = self.retire(id, &project, &mut writer);
        let count = project.read().len();
        drop(writer);
        deallocate(project, count as usize);
        Some((u64::from(count), revision))
    }

    /// Changes one task of a project that exists, and ends the project if it has no tasks left.
    fn change(
        &self,
        id: &ProjectId,
        task_id: &str,
        change: Change<'_>,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        let not_found = || Error::task_not_found(task_id);
        let project = self.find(id).ok_or_else(not_found)?;
        let mut writer = project.lock_writer();
        if writer.retired {
            // It ended after it was found, so it has no tasks.
            return Err(not_found());
        }
        let result = project.apply(task_id, change, now);
        self.retire_if_empty(id, &project, &mut writer);
        result
    }

    /// Runs `change` on a project, which begins if it does not exist.
    fn change_or_create<R>(&self, id: &ProjectId, change: impl FnOnce(&Project) -> R) -> R {
        loop {
            let project = self.find(id).unwrap_or_else(|| self.begin(id));
            let mut writer = project.lock_writer();
            if writer.retired {
                continue;
            }
            let result = change(&project);
            self.retire_if_empty(id, &project, &mut writer);
            return result;
        }
    }

    fn find(&self, project: &ProjectId) -> Option<Arc<Project>> {
        let (hash, shard) = self.shard(project)?;
        let shard = read(shard);
        let (_, found) = shard.find(hash, |(id, _)| id == project)?;
        Some(Arc::clone(found))
    }

    fn begin(&self, id: &ProjectId) -> Arc<Project> {
        let fresh = || {
            let sequence_next = self.ended_sequence_max.load(Ordering::Relaxed);
            Arc::new(Project::new(
                self.ended_revision_max(),
                sequence_next,
                self.limits,
            ))
        };
        let Some((hash, shard)) = self.shard(id) else {
            return fresh();
        };
        let mut shard = write(shard);
        let project = shard
            .entry(hash, |(other, _)| other == id, |(id, _)| self.hash(id))
            .or_insert_with(|| (id.clone(), fresh()));
        Arc::clone(&project.get().1)
    }

    fn retire_if_empty(&self, id: &ProjectId, project: &Project, writer: &mut Writer) {
        if project.read().len() == 0 {
            self.retire(id, project, writer);
        }
    }

    /// Takes a project out of the store, and returns the revision of its end.
    ///
    /// Its writer's lock is held, and no shard's lock is ever held where a
    /// project's is waited for, so the two cannot wait for each other.
    fn retire(&self, id: &ProjectId, project: &Project, writer: &mut Writer) -> Revision {
        writer.retired = true;
        let (revision, sequence_next) = {
            let index = project.read();
            // Ending a project that has tasks is a change of its own.
            let revision = match index.len() {
                0 => index.revision(),
                _ => index.revision().next(),
            };
            (revision, index.sequence_next())
        };
        // Before the project can be found no more, so that one that begins
        // afterwards goes on from here.
        self.ended_revision_max
            .fetch_max(revision.get(), Ordering::Relaxed);
        self.ended_sequence_max
            .fetch_max(sequence_next, Ordering::Relaxed);
        if let Some((hash, shard)) = self.shard(id)
            && let Ok(found) = write(shard).find_entry(hash, |(other, _)| other == id)
        {
            found.remove();
        }
        revision
    }

    fn hash(&self, project: &ProjectId) -> u64 {
        self.hasher.hash_one(project.as_str())
    }

    /// Where a project is, and its hash there. Tables look at the lowest and the highest bits.
    fn shard(&self, project: &ProjectId) -> Option<(u64, &RwLock<Shard>)> {
        let hash = self.hash(project);
        let position = usize::try_from((hash >> 32) % SHARD_COUNT as u64).ok()?;
        Some((hash, self.shards.get(position)?))
    }

    fn ended_revision_max(&self) -> Revision {
        Revision::new(self.ended_revision_max.load(Ordering::Relaxed))
    }
}

impl Default for TaskStore {
    fn default() -> Self {
        Self::new()
    }
}

// Nothing can panic while a shard's lock is held, save for an allocation that
// fails: a poisoned lock still guards a whole map.

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
