//! One project: its index behind the locks of readers and writers.

use chrono::{DateTime, Utc};

use super::batch::added_at;
use super::edit::NewTask;
use crate::error::Error;
use crate::index::{CachedNext, Index, NoRoom, NotAdded, RowSet, RowView, Selected, Slot};
use crate::query::{
    Explanation, Facets, ListQuery, Order, Page, PageSummary, Revision, ScheduledTask,
};
use crate::schedule::Execution;
use crate::store::deallocate::deallocate;
use crate::store::listed;
use crate::store::search_cache::{CacheBudget, NameCache};
use crate::sync::{
    AtomicU32, Mutex, MutexGuard, Ordering, ReadGuard, RwLock, WriteGuard, rank, reached, yield_now,
};
use crate::task::{LastStatus, Task, TaskName};

/// A project's index behind two locks.
///
/// A change holds `writer` throughout, so that changes come one after the
/// other; and `index` for writing only for the steps that must not be seen
/// half-done, each of them short. What takes long is prepared beside the
/// index while readers go on.
#[derive(Debug)]
pub(super) struct Project {
    writer: Mutex<Writer, { rank::WRITER }>,
    index: RwLock<Index, { rank::INDEX }>,
    /// Every access is relaxed: it publishes nothing, as what readers and writers see of each other
    /// goes through `index`. A writer that sees a count too late waits a step later, or at most
    /// [`YIELDS_MAX`] yields too many.
    readers_waiting: AtomicU32,
    name_cache: NameCache,
}

/// Most yields between two steps; waiting readers usually wake after one or two.
const YIELDS_MAX: u32 = 1_000;

/// What is under the writer's lock alone.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// Set when the project leaves the store: a thread that still holds it must look it up again.
    pub(super) retired: bool,
}

pub(super) type WriterGuard<'a> = MutexGuard<'a, Writer, { rank::WRITER }>;

impl Project {
    pub(super) fn new(index: Index) -> Self {
        Self {
            writer: Mutex::default(),
            index: RwLock::new(index),
            readers_waiting: AtomicU32::new(0),
            name_cache: NameCache::default(),
        }
    }

    // Code of callers runs before a lock is taken, so that a change cannot panic
    // half-way: a poisoned lock guards whole data, except for rows left staged.

    pub(super) fn lock_writer(&self) -> WriterGuard<'_> {
        self.writer.lock().unwrap_or_else(|poisoned| {
            self.discard_staged();
            self.writer.clear_poison();
            poisoned.into_inner()
        })
    }

    pub(super) fn read(&self) -> ReadGuard<'_, Index, { rank::INDEX }> {
        if let Some(index) = self.index.try_read() {
            return index;
        }
        reached("a reader waits");
        self.readers_waiting.fetch_add(1, Ordering::Relaxed);
        let index = self.index.read();
        self.readers_waiting.fetch_sub(1, Ordering::Relaxed);
        index
    }

    /// Lets waiting readers go first, between two steps of a change.
    ///
    /// The lock is not fair: a writer takes it again before a reader wakes up, and readers would
    /// wait for the end of a long import (240 ms at the longest for a quarter of a million tasks,
    /// and 4 ms so).
    pub(super) fn let_readers_in(&self) {
        for _ in 0..YIELDS_MAX {
            if self.readers_waiting.load(Ordering::Relaxed) == 0 {
                return;
            }
            reached("a writer lets readers in");
            yield_now();
        }
    }

    pub(super) fn write(&self) -> WriteGuard<'_, Index, { rank::INDEX }> {
        self.index.write()
    }

    // Reading.

    pub(super) fn get(&self, id: &str, now: DateTime<Utc>) -> Option<ScheduledTask> {
        let index = self.read();
        let row = index.row(index.find(id)?)?;
        let next_execution = listed::next_execution(row, now, |_| {});
        let task = row.task().clone();
        Some(listed::listed(row, task, next_execution))
    }

    pub(super) fn list(&self, query: &ListQuery, now: DateTime<Utc>, budget: &CacheBudget) -> Page {
        if query.order() == Order::NextExecution {
            let mut tasks = Vec::with_capacity(query.limit() as usize);
            let summary = self.for_each_by_next(query, now, budget, |row, next_execution| {
                listed::push(&mut tasks, row, next_execution);
            });
            return Page::new(tasks, summary);
        }
        let index = self.read();
        let selected = self.select(&index, query, budget);
        let (page, computed) = listed::page(&index, query, &selected, now);
        drop(index);
        self.keep(computed);
        page
    }

    /// The total of a query, and the rows of its page.
    pub(super) fn select(
        &self,
        index: &Index,
        query: &ListQuery,
        budget: &CacheBudget,
    ) -> Selected {
        match index.name_search(&query.filters) {
            None => index.select(query),
            Some(search) => {
                let (mut selected, strategy) = self.name_cache.find(budget, &search, |rows| {
                    search.index.select_among(query, rows)
                });
                selected.strategy = Some(strategy);
                selected
            }
        }
    }

    pub(super) fn name_cache(&self) -> &NameCache {
        &self.name_cache
    }

    pub(super) fn facets(&self, query: &ListQuery, budget: &CacheBudget) -> Facets {
        self.read().facets(&query.filters, |search| {
            self.name_cache.find(budget, search, RowSet::clone).0
        })
    }

    pub(super) fn explain(&self, query: &ListQuery) -> Explanation {
        let index = self.read();
        let search = index.name_search(&query.filters);
        let strategy = search.map(|search| self.name_cache.strategy(&search));
        index.explain(&query.filters, strategy)
    }

    pub(super) fn validate_name_cache(&self, index: &Index) -> Result<(), String> {
        self.name_cache.validate(index)
    }

    pub(super) fn for_each_listed(
        &self,
        query: &ListQuery,
        now: DateTime<Utc>,
        budget: &CacheBudget,
        mut each: impl FnMut(&Task, Option<Execution>),
    ) -> PageSummary {
        if query.order() == Order::NextExecution {
            return self.for_each_by_next(query, now, budget, |row, next| each(row.task(), next));
        }
        let index = self.read();
        let selected = self.select(&index, query, budget);
        let computed = listed::for_each(&index, &selected, now, each);
        let summary = listed::summary(&index, query, &selected);
        drop(index);
        self.keep(computed);
        summary
    }

    /// Keeps next executions that a listing computed, unless it would have to wait.
    fn keep(&self, computed: Vec<listed::ComputedNext>) {
        if computed.is_empty() {
            return;
        }
        if let Some(mut index) = self.index.try_write() {
            reached("next executions are kept");
            for it in computed {
                index.set_next(it.slot, it.sequence, it.version, it.next);
            }
        }
    }

    // Changing one task, with the writer's lock held. Each gives the task's version, or the
    // project's revision where the task is gone.

    pub(super) fn add(&self, new: &impl NewTask, now: DateTime<Utc>) -> Result<Revision, Error> {
        let added_at = added_at(new, now);
        let task = new.task().first_added(added_at)?;
        let next = next_of(&task, now);
        loop {
            let mut index = self.write();
            match index.add(&task, next, added_at.timestamp()) {
                Ok(version) => return Ok(version),
                Err(NotAdded::IdTaken) => return Err(Error::task_exists(task.id())),
                Err(NotAdded::NoRoom) if index.has_holes() => drop(index),
                Err(NotAdded::NoRoom) => return Err(Error::project_full(task.id())),
            }
            self.renumber()
                .map_err(|_| Error::project_full(task.id()))?;
        }
    }

    pub(super) fn replace(
        &self,
        task: &Task,
        now: DateTime<Utc>,
    ) -> Result<(Revision, Task), Error> {
        let replaced = self.change(task.id(), |index, slot| {
            let full = |NoRoom| Error::project_full(task.id());
            let row = index.row(slot).ok_or(NoRoom).map_err(full)?;
            let previous = row.task().clone();
            let task = task.first_added(row.added_at())?;
            if *task == previous {
                return Ok((row.version(), previous));
            }
            let next = next_instead(index, row, &task, now);
            let version = index.replace(slot, &task, next).map_err(full)?;
            Ok((version, previous))
        })?;
        self.tidy_names();
        Ok(replaced)
    }

    pub(super) fn rename(&self, id: &str, task_name: &TaskName) -> Result<Revision, Error> {
        let version = self.change(id, |index, slot| {
            let full = |NoRoom| Error::project_full(id);
            let row = index.row(slot).ok_or(NoRoom).map_err(full)?;
            if row.task().task_name() == task_name.as_str() {
                return Ok(row.version());
            }
            let renamed = row.task().clone().with_task_name(task_name);
            let next = row.next();
            index.replace(slot, &renamed, next).map_err(full)
        })?;
        self.tidy_names();
        Ok(version)
    }

    pub(super) fn set_last_status(
        &self,
        id: &str,
        last_status: Option<LastStatus>,
    ) -> Result<Revision, Error> {
        self.change(id, |index, slot| {
            let result = index.set_last_status(slot, last_status);
            result.map_err(|NoRoom| Error::project_full(id))
        })
    }

    pub(super) fn set_enabled(
        &self,
        id: &str,
        enabled: bool,
        now: DateTime<Utc>,
    ) -> Result<Revision, Error> {
        self.change(id, |index, slot| {
            let row = index.row(slot).filter(|_| enabled && index.due().is_some());
            let next = row.map(|row| next_of(row.task(), now));
            let result = index.set_enabled(slot, enabled, next);
            result.map_err(|NoRoom| Error::project_full(id))
        })
    }

    /// Removes a task, and renumbers the rows where too many are holes.
    pub(super) fn remove(&self, id: &str) -> Result<(Revision, Task), Error> {
        let (version, removed) = self.change(id, |index, slot| {
            let result = index.remove(slot);
            result.map_err(|NoRoom| Error::project_full(id))
        })?;
        let task = removed.into_task();
        if self.read().is_sparse() {
            // There is room for fewer rows where there was for more.
            let renumbered = self.renumber();
            debug_assert!(renumbered.is_ok(), "a renumbered project is smaller");
        }
        Ok((version, task))
    }

    fn change<T>(
        &self,
        id: &str,
        change: impl FnOnce(&mut Index, Slot) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut index = self.write();
        let slot = index.find(id).ok_or_else(|| Error::task_not_found(id))?;
        if index.is_shared(slot) {
            // A snapshot holds the row's chunk, which is copied while readers go on.
            drop(index);
            let copied = self.read().copied_chunks([slot]);
            reached("shared rows are copied");
            index = self.write();
            index.replace_chunks(copied);
        }
        change(&mut index, slot)
    }

    // Tidying, with the writer's lock held.

    /// Records all names again where many tasks were renamed. Readers go on meanwhile.
    pub(super) fn tidy_names(&self) {
        let index = self.read();
        let rows = index.len();
        let fresh = index.names_anew();
        drop(index);
        if let Some(fresh) = fresh {
            reached("names are recorded anew");
            let former = self.write().replace_names(fresh);
            deallocate(former, rows as usize);
        }
    }

    /// Renumbers all rows. Readers go on while the index is built beside.
    pub(super) fn renumber(&self) -> Result<(), NotAdded> {
        let fresh = self.read().renumbered()?;
        reached("rows are renumbered");
        self.replace_index(fresh, |_| {});
        Ok(())
    }

    /// Renumbers the project, if it has holes or former names.
    pub(super) fn compact(&self) {
        let is_compact = {
            let index = self.read();
            !index.has_holes() && !index.has_renamed()
        };
        if !is_compact {
            // There is room for fewer rows where there was for more.
            let renumbered = self.renumber();
            debug_assert!(renumbered.is_ok(), "a renumbered project is smaller");
        }
    }

    /// Puts another index in place of this one, and finishes it before readers see it.
    pub(super) fn replace_index(&self, fresh: Index, finish: impl FnOnce(&mut Index)) {
        let former = {
            let mut index = self.write();
            let former = index.replace_by(fresh);
            finish(&mut index);
            former
        };
        let rows = former.len();
        deallocate(former, rows as usize);
    }
}

/// The next execution of a task that is put in place of the one in a row. It stays what it was
/// where nothing moves it: a schedule that is another, or in a watched project its enabling.
pub(super) fn next_instead(
    index: &Index,
    row: RowView<'_>,
    task: &Task,
    now: DateTime<Utc>,
) -> CachedNext {
    let is_kept = row.task().schedule() == task.schedule()
        && (index.due().is_none() || row.task().is_enabled() == task.is_enabled());
    if is_kept {
        row.next()
    } else {
        next_of(task, now)
    }
}

/// The next execution of a task, with the span around `now` for which it holds.
pub(super) fn next_of(task: &Task, now: DateTime<Utc>) -> CachedNext {
    listed::next_around(task.schedule(), now)
}
