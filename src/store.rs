//! Many projects, many threads: the facade of the crate.

mod project;

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use chrono::{DateTime, Utc};

use crate::error::Error;
use crate::query::{ListQuery, Page, Revision, ScheduledTask};
use crate::task::{LastStatus, ProjectId, Task, TaskName};
use project::Project;

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
}

type Shard = HashMap<ProjectId, Arc<RwLock<Project>>>;

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
    /// The position of the refused task in the batch, counted from 0.
    pub position: usize,
    /// Why it was refused.
    pub error: Error,
}

impl TaskStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shards: (0..SHARD_COUNT).map(|_| RwLock::default()).collect(),
            hasher: std::hash::RandomState::new(),
            ended_revision_max: AtomicU64::new(0),
        }
    }

    /// Adds a task at the end of the project's order, and returns its version.
    ///
    /// A `DAY` schedule without a start date counts from the date of `now` in
    /// the task's zone, for as long as the task exists.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskExists`](crate::ErrorKind::TaskExists) where the project has a task of this id.
    pub fn add(
        &self,
        project: &ProjectId,
        task: Task,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        self.change_or_create(project, |project| {
            if project.contains(task.id()) {
                return Err(Error::task_exists(task.id()));
            }
            Ok(project.add([task], now))
        })
    }

    /// Adds all tasks, in their order, as one change of the project, or none of them.
    ///
    /// No query ever sees a part of the batch. An empty batch changes nothing.
    ///
    /// # Errors
    ///
    /// The first task whose id the project, or the batch before it, has already.
    pub fn add_all(
        &self,
        project: &ProjectId,
        tasks: Vec<Task>,
        now: DateTime<Utc>,
    ) -> Result<Revision, BatchError> {
        if tasks.is_empty() {
            return Ok(self.revision(project));
        }
        self.change_or_create(project, |project| {
            let mut ids = HashSet::with_capacity(tasks.len());
            for (position, task) in tasks.iter().enumerate() {
                if project.contains(task.id()) || !ids.insert(task.id()) {
                    let error = Error::task_exists(task.id());
                    return Err(BatchError { position, error });
                }
            }
            drop(ids);
            Ok(project.add(tasks, now))
        })
    }

    /// Replaces the task of the same id, in its place, and returns its version.
    ///
    /// A `DAY` schedule without a start date goes on counting from the date of
    /// the task's first adding.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskNotFound`](crate::ErrorKind::TaskNotFound) where the project has no task of this id.
    pub fn replace(
        &self,
        project: &ProjectId,
        task: Task,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        let id: Box<str> = task.id().into();
        self.change(project, &id, now, |_| task)
    }

    /// Renames a task, in its place, and returns its version.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskNotFound`](crate::ErrorKind::TaskNotFound) where the project has no task of this id.
    pub fn rename(
        &self,
        project: &ProjectId,
        id: &str,
        task_name: &TaskName,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        self.change(project, id, now, |task| task.with_task_name(task_name))
    }

    /// Sets how a task's latest execution ended, and returns the task's version.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskNotFound`](crate::ErrorKind::TaskNotFound) where the project has no task of this id.
    pub fn set_last_status(
        &self,
        project: &ProjectId,
        id: &str,
        last_status: Option<LastStatus>,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        self.change(project, id, now, |task| task.with_last_status(last_status))
    }

    /// Enables or disables a task, and returns its version.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskNotFound`](crate::ErrorKind::TaskNotFound) where the project has no task of this id.
    pub fn set_enabled(
        &self,
        project: &ProjectId,
        id: &str,
        enabled: bool,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        self.change(project, id, now, |task| task.with_enabled(enabled))
    }

    /// Removes a task, and returns the project's revision.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskNotFound`](crate::ErrorKind::TaskNotFound) where the project has no task of this id.
    pub fn remove(
        &self,
        project: &ProjectId,
        id: &str,
        _now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        self.change_existing(project, |project| project.remove(id))
            .unwrap_or_else(|| Err(Error::task_not_found(id)))
    }

    /// A task with its version and its first execution after `now`.
    #[must_use]
    pub fn get(&self, project: &ProjectId, id: &str, now: DateTime<Utc>) -> Option<ScheduledTask> {
        let cell = self.find(project)?;
        read(&cell).get(id, now)
    }

    /// Answers a query, with next executions as of `now`.
    #[must_use]
    pub fn list(&self, project: &ProjectId, query: &ListQuery, now: DateTime<Utc>) -> Page {
        match self.find(project) {
            Some(cell) => read(&cell).list(query, now),
            None => Page::new(Vec::new(), 0, self.ended_revision_max()),
        }
    }

    /// The revision of the project's latest change.
    ///
    /// It only ever grows, also where the project ends and begins again.
    #[must_use]
    pub fn revision(&self, project: &ProjectId) -> Revision {
        match self.find(project) {
            Some(cell) => read(&cell).revision(),
            None => self.ended_revision_max(),
        }
    }

    /// How many tasks the project has, triggered and disabled ones included.
    #[must_use]
    pub fn task_count(&self, project: &ProjectId) -> u64 {
        self.find(project)
            .map_or(0, |cell| read(&cell).len() as u64)
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
        let mut projects: Vec<ProjectId> = self
            .shards
            .iter()
            .flat_map(|shard| read(shard).keys().cloned().collect::<Vec<_>>())
            .collect();
        projects.sort_unstable();
        projects
    }

    /// Removes a project with all its tasks, and returns how many they were.
    pub fn remove_project(&self, project: &ProjectId) -> u64 {
        let Some(cell) = self.find(project) else {
            return 0;
        };
        let mut guard = write(&cell);
        if guard.retired {
            return 0;
        }
        let revision = guard.revision().next();
        self.retire(project, &mut guard, revision);
        guard.len() as u64
    }

    /// Changes a task in its place.
    fn change(
        &self,
        project: &ProjectId,
        id: &str,
        _now: DateTime<Utc>,
        change: impl FnOnce(Task) -> Task,
    ) -> Result<Revision, Error> {
        self.change_existing(project, |project| project.change(id, change))
            .unwrap_or_else(|| Err(Error::task_not_found(id)))
    }

    /// Runs `change` on a project that exists, and ends the project if it has no tasks left.
    fn change_existing<R>(
        &self,
        project: &ProjectId,
        change: impl FnOnce(&mut Project) -> R,
    ) -> Option<R> {
        let cell = self.find(project)?;
        let mut guard = write(&cell);
        if guard.retired {
            // It ended after it was found, so it has no tasks.
            return None;
        }
        let result = change(&mut guard);
        if guard.len() == 0 {
            let revision = guard.revision();
            self.retire(project, &mut guard, revision);
        }
        Some(result)
    }

    /// Runs `change` on a project, which begins if it does not exist.
    fn change_or_create<R>(
        &self,
        project: &ProjectId,
        change: impl FnOnce(&mut Project) -> R,
    ) -> R {
        loop {
            let cell = self.find(project).unwrap_or_else(|| self.begin(project));
            let mut guard = write(&cell);
            if guard.retired {
                continue;
            }
            let result = change(&mut guard);
            if guard.len() == 0 {
                // The change was refused, so the revision is still that of before.
                let revision = guard.revision();
                self.retire(project, &mut guard, revision);
            }
            return result;
        }
    }

    fn find(&self, project: &ProjectId) -> Option<Arc<RwLock<Project>>> {
        read(self.shard(project)?).get(project).cloned()
    }

    fn begin(&self, project: &ProjectId) -> Arc<RwLock<Project>> {
        let fresh = || Arc::new(RwLock::new(Project::new(self.ended_revision_max())));
        let Some(shard) = self.shard(project) else {
            return fresh();
        };
        Arc::clone(write(shard).entry(project.clone()).or_insert_with(fresh))
    }

    /// Takes a project out of the store, at its last revision. Its lock is held, and no shard's lock
    /// is ever held where a project's is waited for, so the two cannot wait
    /// for each other.
    fn retire(&self, id: &ProjectId, project: &mut Project, revision: Revision) {
        project.retired = true;
        self.ended_revision_max
            .fetch_max(revision.get(), Ordering::Relaxed);
        if let Some(shard) = self.shard(id) {
            write(shard).remove(id);
        }
    }

    fn shard(&self, project: &ProjectId) -> Option<&RwLock<Shard>> {
        let hash = self.hasher.hash_one(project.as_str());
        let position = usize::try_from(hash % SHARD_COUNT as u64).ok()?;
        self.shards.get(position)
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

// A change of a project cannot panic half-way: what callers provide is taken
// before a lock is. So a poisoned lock still guards whole data.

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
