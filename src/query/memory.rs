//! Memory in use, as a value.

use std::ops::AddAssign;

use serde::Serialize;

/// Heap memory in use, by what it is for, in bytes.
///
/// [`TaskStore::memory`](crate::TaskStore::memory) gives that of a whole store,
/// [`TaskStore::project_memory`](crate::TaskStore::project_memory) that of one project. Room that
/// was reserved counts, what an allocator adds to each allocation does not. Rows that a
/// [`Snapshot`](crate::Snapshot) shares with its project count once; those that it alone still
/// holds do not count.
///
/// ```
/// use chrono::DateTime;
/// use taskdex::query::MemoryUse;
/// use taskdex::{LifeCycleType, ProjectId, Task, TaskStore, TaskType};
///
/// let store = TaskStore::new();
/// let project = ProjectId::new("p-1")?;
/// assert_eq!(store.project_memory(&project), MemoryUse::default());
///
/// let now = DateTime::UNIX_EPOCH;
/// let event = LifeCycleType::PostDesktopDisconnected;
/// store.add(&project, Task::builder("t-1", "Stop", TaskType::Stop, event).build()?, now)?;
/// let used = store.project_memory(&project);
/// assert!(used.rows >= 160, "a task takes 160 bytes, texts of up to 88 included");
/// assert_eq!(used.lists, 0, "a small project has no lists");
/// assert!(store.memory().total() > used.total());
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct MemoryUse {
    /// The tasks: rows of 160 bytes, and texts of more than 88.
    pub rows: u64,
    /// The answer lists: which rows match each combination of filters.
    pub lists: u64,
    /// The hash tables from ids to rows.
    pub ids: u64,
    /// The name index.
    pub names: u64,
    /// The cached answers of name searches.
    pub cache: u64,
    /// The change log.
    pub log: u64,
    /// What is pending, where the store is watched.
    pub due: u64,
    /// The projects themselves, and the table in which the store finds them by their ids; of
    /// projects that ended, the id and where their history goes on.
    pub projects: u64,
}

impl MemoryUse {
    /// The sum of all parts.
    #[must_use]
    pub fn total(&self) -> u64 {
        let Self {
            rows,
            lists,
            ids,
            names,
            cache,
            log,
            due,
            projects,
        } = *self;
        rows + lists + ids + names + cache + log + due + projects
    }
}

impl AddAssign for MemoryUse {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.lists += other.lists;
        self.ids += other.ids;
        self.names += other.names;
        self.cache += other.cache;
        self.log += other.log;
        self.due += other.due;
        self.projects += other.projects;
    }
}
