//! One project's cell: its index, and who may read and change it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{
    Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError,
};
use std::thread;

use chrono::{DateTime, Utc};

use crate::error::Error;
use crate::index::{Addition, Index, Limits, Next, NoRoom, NotAdded, RowSet, Selected, Slot};
use crate::query::{Explanation, Facets, ListQuery, Page, PageSummary, Revision, ScheduledTask};
use crate::schedule::Execution;
use crate::store::deallocate::deallocate;
use crate::store::listed;
use crate::store::search_cache::{CacheMemory, NameCache};
use crate::task::{LastStatus, Task, TaskName};

/// A project's index behind two locks.
///
/// Whoever changes the project holds `writer` throughout, so that changes come
/// one after the other; and `index` for writing only for the steps that must
/// not be seen half-done, each of them short. What takes long is prepared
/// beside the index while readers go on.
#[derive(Debug)]
pub(super) struct Project {
    writer: Mutex<Writer>,
    index: RwLock<Index>,
    readers_waiting: AtomicU32,
    name_cache: NameCache,
}

/// So often a writer gives its turn away for readers that wait: they need one or two to wake up.
const TURNS_GIVEN_MAX: u32 = 1_000;

/// What only those who change the project see.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// Set once the project is taken out of the store: whoever still holds it
    /// must look again.
    pub(super) retired: bool,
}

/// A change of one task that is there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change<'a> {
    Replace(&'a Task),
    Rename(&'a TaskName),
    SetLastStatus(Option<LastStatus>),
    SetEnabled(bool),
    Remove,
}

impl Project {
    pub(super) fn new(revision: Revision, sequence_next: u64, limits: &'static Limits) -> Self {
        Self {
            writer: Mutex::default(),
            index: RwLock::new(Index::new(revision, sequence_next, limits)),
            readers_waiting: AtomicU32::new(0),
            name_cache: NameCache::default(),
        }
    }

    // What callers provide is dealt with before a lock is taken, so that a
    // change cannot panic half-way: a poisoned lock still guards whole data,
    // save that a batch may have been left staged.

    pub(super) fn lock_writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(|poisoned| {
            self.discard_staged();
            self.writer.clear_poison();
            poisoned.into_inner()
        })
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Index> {
        match self.index.try_read() {
            Ok(index) => return index,
            Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {}
        }
        self.readers_waiting.fetch_add(1, Ordering::Relaxed);
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        self.readers_waiting.fetch_sub(1, Ordering::Relaxed);
        index
    }

    /// Lets readers that wait go first, between two steps of a change.
    ///
    /// The lock is not fair: a writer that takes it again at once is quicker than a reader that
    /// must wake up, so that readers of a long import would wait for its end (240 ms instead of
    /// 4 ms at the longest for a quarter of a million tasks).
    pub(super) fn let_readers_in(&self) {
        for _ in 0..TURNS_GIVEN_MAX {
            if self.readers_waiting.load(Ordering::Relaxed) == 0 {
                return;
            }
            thread::yield_now();
        }
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    // Reading.

    pub(super) fn get(&self, id: &str, now: DateTime<Utc>) -> Option<ScheduledTask> {
        let index = self.read();
        let row = index.row(index.find(id)?)?;
        let next_execution = listed::next_execution(row, now, |_| {});
        let task = row.task().clone();
        Some(ScheduledTask::new(task, row.version(), next_execution))
    }

    pub(super) fn list(&self, query: &ListQuery, now: DateTime<Utc>, memory: &CacheMemory) -> Page {
        let index = self.read();
        let selected = self.select(&index, query, memory);
        let (page, learnt) = listed::page(&index, &selected, now);
        drop(index);
        self.keep(learnt);
        page
    }

    /// The total of a query, and the rows of its page.
    pub(super) fn select(
        &self,
        index: &Index,
        query: &ListQuery,
        memory: &CacheMemory,
    ) -> Selected {
        match index.name_search(&query.filters) {
            None => index.select(query),
            Some(search) => self.name_cache.find(memory, &search, |rows| {
                search.index.select_among(query, rows)
            }),
        }
    }

    pub(super) fn facets(&self, query: &ListQuery, memory: &CacheMemory) -> Facets {
        self.read().facets(&query.filters, |search| {
            self.name_cache.find(memory, search, RowSet::clone)
        })
    }

    pub(super) fn explain(&self, query: &ListQuery) -> Explanation {
        let index = self.read();
        index.explain(&query.filters, |search| self.name_cache.strategy(search))
    }

    pub(super) fn validate_name_cache(&self, index: &Index) -> Result<(), String> {
        self.name_cache.validate(index)
    }

    pub(super) fn for_each_listed(
        &self,
        query: &ListQuery,
        now: DateTime<Utc>,
        memory: &CacheMemory,
        each: impl FnMut(&Task, Option<Execution>),
    ) -> PageSummary {
        let index = self.read();
        let selected = self.select(&index, query, memory);
        let learnt = listed::for_each(&index, &selected, now, each);
        let summary = listed::summary(&index, &selected);
        drop(index);
        self.keep(learnt);
        summary
    }

    /// Keeps what a listing found out about next executions, unless that would
    /// mean to wait.
    fn keep(&self, learnt: Vec<listed::Learnt>) {
        if learnt.is_empty() {
            return;
        }
        if let Ok(mut index) = self.index.try_write() {
            for it in learnt {
                index.set_next(it.slot, it.sequence, it.version, it.next);
            }
        }
    }

    // Changing, with the writer's lock held.

    pub(super) fn add(&self, task: &Task, now: DateTime<Utc>) -> Result<Revision, Error> {
        let addition = addition(task, now);
        loop {
            let mut index = self.write();
            match index.add(&addition) {
                Ok(version) => return Ok(version),
                Err(NotAdded::IdTaken) => return Err(Error::task_exists(task.id())),
                Err(NotAdded::NoRoom) if index.has_holes() => drop(index),
                Err(NotAdded::NoRoom) => return Err(Error::project_full(task.id())),
            }
            self.renumber()
                .map_err(|_| Error::project_full(task.id()))?;
        }
    }

    /// Makes a change of the task of this id.
    pub(super) fn apply(
        &self,
        id: &str,
        change: Change<'_>,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        match change {
            Change::Replace(task) => self.replace(task, now),
            Change::Rename(task_name) => self.rename(id, task_name),
            Change::SetLastStatus(last_status) => {
                self.change(id, |index, slot| index.set_last_status(slot, last_status))
            }
            Change::SetEnabled(enabled) => {
                self.change(id, |index, slot| index.set_enabled(slot, enabled))
            }
            Change::Remove => self.remove(id),
        }
    }

    fn replace(&self, task: &Task, now: DateTime<Utc>) -> Result<Revision, Error> {
        let version = self.change(task.id(), |index, slot| {
            let added = index.row(slot).ok_or(NoRoom)?.added();
            let next = next_of(task, added, now);
            index.replace(slot, task, next)
        })?;
        self.tidy_names();
        Ok(version)
    }

    fn rename(&self, id: &str, task_name: &TaskName) -> Result<Revision, Error> {
        let version = self.change(id, |index, slot| {
            let row = index.row(slot).ok_or(NoRoom)?;
            let renamed = row.task().clone().with_task_name(task_name);
            index.replace(slot, &renamed, row.next())
        })?;
        self.tidy_names();
        Ok(version)
    }

    /// Records all names anew where many tasks were renamed. Readers go on meanwhile.
    pub(super) fn tidy_names(&self) {
        let index = self.read();
        let rows = index.len();
        let fresh = index.names_anew();
        drop(index);
        if let Some(fresh) = fresh {
            let former = self.write().install_names(fresh);
            deallocate(former, rows as usize);
        }
    }

    /// Keeps blocks of answer lists that removals left sparse in less memory. Readers go on
    /// while that is prepared, and while the memory of before is given back.
    pub(super) fn compact_lists(&self) {
        let compacted = self.read().compacted_lists();
        if let Some(compacted) = compacted {
            let former = self.write().install_lists(compacted);
            // No reader has to wait for that.
            drop(former);
        }
    }

    /// Removes a task; what it leaves behind is tidied up when there is too much of it.
    fn remove(&self, id: &str) -> Result<Revision, Error> {
        let (version, removed) = self.change(id, Index::remove)?;
        drop(removed);
        if self.read().is_sparse() {
            // There is room for fewer rows where there was for more.
            let renumbered = self.renumber();
            debug_assert!(renumbered.is_ok(), "a renumbered project is smaller");
        }
        Ok(version)
    }

    fn change<T>(
        &self,
        id: &str,
        change: impl FnOnce(&mut Index, Slot) -> Result<T, NoRoom>,
    ) -> Result<T, Error> {
        let mut index = self.write();
        let slot = index.find(id).ok_or_else(|| Error::task_not_found(id))?;
        let changed = change(&mut index, slot).map_err(|NoRoom| Error::project_full(id))?;
        let has_sparse_lists = index.has_sparse_lists();
        drop(index);
        if has_sparse_lists {
            self.compact_lists();
        }
        Ok(changed)
    }

    /// Numbers all rows anew. Readers go on while that is prepared.
    pub(super) fn renumber(&self) -> Result<(), NotAdded> {
        let fresh = self.read().renumbered()?;
        self.install(fresh);
        Ok(())
    }

    /// Puts another index in place of this one.
    pub(super) fn install(&self, fresh: Index) {
        let former = std::mem::replace(&mut *self.write(), fresh);
        let rows = former.len();
        deallocate(former, rows as usize);
    }
}

/// The next execution of a task that was first added at the second `added`,
/// with the span around `now` for which it holds.
pub(super) fn next_of(task: &Task, added: i64, now: DateTime<Utc>) -> Next {
    listed::next_around(task.schedule(), added, now)
}

/// What a project is told of a task that is added now.
pub(super) fn addition(task: &Task, now: DateTime<Utc>) -> Addition<'_> {
    let added = now.timestamp();
    Addition {
        task,
        next: next_of(task, added, now),
        added,
    }
}
