//! A store in figures, for those who watch a server.

use super::TaskStore;
use crate::query::Revision;
use crate::trace::call;

/// Counts over a whole store, which [`TaskStore::statistics`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct StoreStatistics {
    /// The projects that have tasks.
    pub projects: u64,
    /// The tasks of all projects, triggered and disabled ones included.
    pub tasks: u64,
    /// The greatest revision of a project that has tasks.
    pub revision_max: Revision,
    /// How many cached name searches were evicted for want of memory, since the store was made.
    pub searches_evicted: u64,
}

impl TaskStore {
    /// The store in figures: what a server shows to those who watch it, beside the
    /// [memory](Self::memory) in use.
    ///
    /// Projects are looked at one after the other, so figures of changes that are made meanwhile
    /// may be in it or not. O(projects), a few dozen nanoseconds each.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use taskdex::{LifeCycleType, ProjectId, Task, TaskStore, TaskType};
    ///
    /// let store = TaskStore::new();
    /// let event = LifeCycleType::PostDesktopDisconnected;
    /// for project in ["p-1", "p-2"] {
    ///     let task = Task::builder("t-1", "Stop", TaskType::Stop, event).build()?;
    ///     store.add(&ProjectId::new(project)?, task, DateTime::UNIX_EPOCH)?;
    /// }
    /// let statistics = store.statistics();
    /// assert_eq!((statistics.projects, statistics.tasks), (2, 2));
    /// assert_eq!(statistics.revision_max, store.revision(&ProjectId::new("p-1")?));
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[must_use]
    pub fn statistics(&self) -> StoreStatistics {
        let _call = call!("statistics");
        let mut statistics = StoreStatistics {
            searches_evicted: self.search_cache.evicted(),
            ..StoreStatistics::default()
        };
        for (_, project) in self.shards.projects() {
            let index = project.read();
            // One without tasks begins, or ends.
            if index.len() > 0 {
                statistics.projects += 1;
                statistics.tasks += u64::from(index.len());
                statistics.revision_max = statistics.revision_max.max(index.revision());
            }
        }
        statistics
    }
}
