//! The builder of a store.

use std::fmt;

use chrono::{DateTime, Utc};

use super::TaskStore;
use super::due::{Due, OnEarlierWakeup};
use super::search_cache::CacheBudget;
use super::shards::Shards;
use crate::index::SizeLimits;
use crate::query::Revision;
use crate::sync::Arc;
use crate::task::ProjectId;

/// Configures a [`TaskStore`] and makes it.
///
/// ```
/// use taskdex::TaskStore;
///
/// let store = TaskStore::builder().with_change_log(10_000).build();
/// assert_eq!(store.project_count(), 0);
/// ```
#[derive(Debug)]
#[must_use]
pub struct TaskStoreBuilder {
    log_capacity: usize,
    on_change: Option<OnChange>,
    on_earlier_wakeup: Option<OnEarlierWakeup>,
    limits: &'static SizeLimits,
    cache_bytes_max: usize,
}

/// What a store calls when a project changed.
#[derive(Clone)]
pub(super) struct OnChange(Arc<Callback>);

type Callback = dyn Fn(&ProjectId, Revision) + Send + Sync;

impl OnChange {
    pub(super) fn call(&self, project: &ProjectId, revision: Revision) {
        (self.0)(project, revision);
    }
}

impl fmt::Debug for OnChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnChange")
    }
}

impl TaskStoreBuilder {
    pub(super) fn new() -> Self {
        Self {
            log_capacity: 0,
            on_change: None,
            on_earlier_wakeup: None,
            limits: &SizeLimits::USUAL,
            cache_bytes_max: CacheBudget::BYTES_MAX,
        }
    }

    /// Keeps the latest so many changes of each project for
    /// [`TaskStore::changes_since`]; 0, the default, keeps none.
    ///
    /// One change is one task that one batch changed: 24 bytes, and the ids of removed tasks.
    pub fn with_change_log(self, entries: usize) -> Self {
        Self {
            log_capacity: entries,
            ..self
        }
    }

    /// Calls `on_change` after a project changed, with the revision that it came to.
    ///
    /// It is called by the thread that made the change, which holds no lock, and may use the
    /// store. Threads that change one project at once may call in another order than their
    /// changes have, so a listener keeps the greatest revision; the latest is always told. A
    /// panic in it reaches the caller of the change, which is done.
    ///
    /// A listener that would wait turns this into a notification of its runtime. With tokio's
    /// `watch` channel, say, `sender.send_modify(|seen| *seen = revision.max(*seen))`.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use chrono::DateTime;
    /// use taskdex::{LifeCycleType, ProjectId, Task, TaskStore, TaskType};
    ///
    /// let (sender, receiver) = mpsc::channel();
    /// let store = TaskStore::builder()
    ///     .with_on_change(move |project, revision| {
    ///         // The receiver may be gone.
    ///         let _ = sender.send((project.clone(), revision));
    ///     })
    ///     .build();
    ///
    /// let project = ProjectId::new("p-1")?;
    /// let event = LifeCycleType::PostDesktopDisconnected;
    /// let task = Task::builder("t-1", "Stop", TaskType::Stop, event).build()?;
    /// let added = store.add(&project, task, DateTime::UNIX_EPOCH)?;
    /// assert_eq!(receiver.recv()?, (project, added));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_on_change(
        self,
        on_change: impl Fn(&ProjectId, Revision) + Send + Sync + 'static,
    ) -> Self {
        Self {
            on_change: Some(OnChange(Arc::new(on_change))),
            ..self
        }
    }

    /// Calls `on_earlier_wakeup` with the next wake-up, after a change made it earlier.
    ///
    /// A scheduler that [watches](TaskStore::watch_due) and sleeps until the next wake-up is woken
    /// by it. It is called by the thread that made the change, which holds no lock, and may use
    /// the store. Threads that change the store at once may call in another order than their
    /// changes have, so a listener asks for [`TaskStore::next_wakeup`], or keeps the earliest.
    /// [`TaskStore::watch_due`] and [`TaskStore::take_due`] do not call it.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use chrono::{DateTime, Utc};
    /// use taskdex::{ProjectId, Schedule, Task, TaskStore, TaskType};
    ///
    /// let (sender, receiver) = mpsc::channel();
    /// let store = TaskStore::builder()
    ///     .with_on_earlier_wakeup(move |wakeup| {
    ///         // The receiver may be gone.
    ///         let _ = sender.send(wakeup);
    ///     })
    ///     .build();
    /// let now: DateTime<Utc> = "2026-12-01T00:00:00Z".parse()?;
    /// assert_eq!(store.watch_due(now), None);
    ///
    /// let nightly = Schedule::daily(1, "02:00:00".parse()?, "UTC".parse()?)?;
    /// let task = Task::builder("t-1", "Restart", TaskType::Reboot, nightly).build()?;
    /// store.add(&ProjectId::new("p-1")?, task, now)?;
    /// assert_eq!(receiver.recv()?, "2026-12-01T02:00:00Z".parse::<DateTime<Utc>>()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_on_earlier_wakeup(
        self,
        on_earlier_wakeup: impl Fn(DateTime<Utc>) + Send + Sync + 'static,
    ) -> Self {
        Self {
            on_earlier_wakeup: Some(OnEarlierWakeup(Arc::new(on_earlier_wakeup))),
            ..self
        }
    }

    /// Other limits than the usual ones, and another size of the cache.
    #[cfg(any(test, feature = "testkit"))]
    pub(crate) fn with_limits(self, limits: &'static SizeLimits, cache_bytes_max: usize) -> Self {
        Self {
            limits,
            cache_bytes_max,
            ..self
        }
    }

    /// The store.
    #[must_use]
    pub fn build(self) -> TaskStore {
        TaskStore {
            shards: Shards::new(),
            limits: self.limits,
            search_cache: CacheBudget::new(self.cache_bytes_max),
            log_capacity: self.log_capacity,
            on_change: self.on_change,
            due: Due::new(self.on_earlier_wakeup),
        }
    }
}
