//! What is due: pending executions of all projects, for schedulers.
//!
//! Each watched project keeps what is pending in its index. The agenda of the store holds the
//! earliest second of each project, and how far executions were taken.
//!
//! # Locks, in the order in which they are taken
//!
//! 1. `turn`: one thread takes, or begins to watch, at a time.
//! 2. The lock of a project's writer.
//! 3. The lock of a project's readers.
//! 4. `agenda`: innermost, and held for a few steps.
//!
//! A change does not know whether others were taken from meanwhile. So it puts what it makes
//! pending into its project's queue, and before the agenda has that, what is not after the
//! `passed` of that moment moves on ([`Due::update`]). Only a change of a project's earliest
//! second needs that: behind it, what is pending is after `passed` in any case. As the agenda is
//! one lock, no thread sees a `passed` behind which something becomes pending later.

mod forecast;
mod missed;
mod take;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};

use super::TaskStore;
use super::project::{Project, next_of};
use crate::error::Error;
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::index::{CachedNext, DueQueue, Index, Slot, b_tree_bytes};
use crate::sync::{Arc, Mutex, MutexGuard, PoisonError, rank};
use crate::task::ProjectId;
use crate::trace::call;
pub use missed::{Missed, MissedPolicy};
pub use take::{DueBatch, DueExecution};

/// Rows of which the next executions are set in one step, while readers wait.
const STEP_ROWS: usize = 256;

/// What a watched store keeps beside its projects.
#[derive(Debug, Default)]
pub(super) struct Due {
    turn: Mutex<(), { rank::TURN }>,
    /// `None` before watching began.
    agenda: Mutex<Option<Agenda>, { rank::AGENDA }>,
    on_earlier_wakeup: Option<OnEarlierWakeup>,
}

/// What a store calls when the next wake-up is earlier than it was.
#[derive(Clone)]
pub(super) struct OnEarlierWakeup(pub(super) Arc<dyn Fn(DateTime<Utc>) + Send + Sync>);

impl fmt::Debug for OnEarlierWakeup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnEarlierWakeup")
    }
}

/// The projects by their earliest pending second, and how far executions were taken.
#[derive(Debug)]
struct Agenda {
    projects: BTreeMap<(i64, ProjectId), Arc<Project>>,
    /// The least that `passed` can be.
    passed_min: i64,
    /// The greatest `now` of a taking, in seconds.
    now_max: i64,
}

impl Agenda {
    fn new(passed: i64) -> Self {
        Self {
            projects: BTreeMap::new(),
            passed_min: passed,
            now_max: passed,
        }
    }

    fn earliest(&self) -> Option<i64> {
        self.projects
            .first_key_value()
            .map(|(&(second, _), _)| second)
    }

    /// The second up to which every execution was given out or left out.
    fn passed(&self) -> i64 {
        let reached = match self.earliest() {
            Some(earliest) => self.now_max.min(earliest - 1),
            None => self.now_max,
        };
        self.passed_min.max(reached)
    }

    /// Moves a project. Returns the earliest second of all where it is earlier than before.
    fn move_project(
        &mut self,
        id: &ProjectId,
        project: &Arc<Project>,
        before: Option<i64>,
        after: Option<i64>,
    ) -> Option<i64> {
        self.passed_min = self.passed();
        let earliest = self.earliest();
        if let Some(second) = before {
            self.projects.remove(&(second, id.clone()));
        }
        if let Some(second) = after {
            let project = Arc::clone(project);
            self.projects.insert((second, id.clone()), project);
        }
        let is_earlier = |now: &i64| earliest.is_none_or(|before| *now < before);
        self.earliest().filter(is_earlier)
    }
}

impl Due {
    pub(super) fn new(on_earlier_wakeup: Option<OnEarlierWakeup>) -> Self {
        Self {
            on_earlier_wakeup,
            ..Self::default()
        }
    }

    // Nothing can panic while one of these locks is held, save for an allocation that fails.

    fn turn(&self) -> MutexGuard<'_, (), { rank::TURN }> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn agenda(&self) -> MutexGuard<'_, Option<Agenda>, { rank::AGENDA }> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask<T>(&self, call: &'static str, ask: impl FnOnce(&mut Agenda) -> T) -> Result<T, Error> {
        let mut agenda = self.agenda();
        let agenda = agenda.as_mut().ok_or_else(|| Error::not_watching(call))?;
        Ok(ask(agenda))
    }

    /// The second from which a project that begins is watched.
    pub(super) fn watched_from(&self) -> Option<i64> {
        self.agenda().as_ref().map(Agenda::passed)
    }

    /// Updates the agenda after a change of a project, with its writer's lock held. Returns the
    /// next wake-up where it is earlier than before.
    pub(super) fn update(&self, id: &ProjectId, project: &Arc<Project>) -> Option<i64> {
        if project.read().due().is_none_or(DueQueue::is_published) {
            return None;
        }
        self.publish(id, project, &mut project.write())
    }

    /// Enters a project's first second in the agenda. Returns the next wake-up where it is earlier
    /// than before.
    fn publish(&self, id: &ProjectId, project: &Arc<Project>, index: &mut Index) -> Option<i64> {
        let mut agenda = self.agenda();
        let agenda = agenda.as_mut()?;
        let passed = agenda.passed();
        while let Some((second, slot)) = index.due().and_then(|due| due.iter().next())
            && second <= passed
        {
            let row = index.row(slot);
            let next = row.map_or(CachedNext::NEVER, |row| {
                next_of(row.task(), instant_of(passed))
            });
            index.set_pending(slot, next);
        }
        let (before, after) = index.publish_due();
        agenda.move_project(id, project, before, after)
    }

    /// Takes a project that ends out of the agenda, with its writer's lock held.
    pub(super) fn remove_project(&self, id: &ProjectId, project: &Arc<Project>) {
        let published = project.read().due().and_then(DueQueue::published);
        if published.is_some()
            && let Some(agenda) = &mut *self.agenda()
        {
            agenda.move_project(id, project, published, None);
        }
    }

    /// Bytes of heap memory.
    pub(super) fn heap_bytes(&self) -> usize {
        let agenda = self.agenda();
        let projects = agenda.as_ref().map_or(0, |agenda| agenda.projects.len());
        b_tree_bytes::<((i64, ProjectId), Arc<Project>)>(projects)
    }

    /// Calls the callback for an earlier wake-up. No lock is held.
    pub(super) fn tell(&self, earlier: Option<i64>) {
        if let (Some(second), Some(OnEarlierWakeup(call))) = (earlier, &self.on_earlier_wakeup) {
            call(instant_of(second));
        }
    }

    /// Begins to watch a project in the store, with its writer's lock held. Readers go on.
    pub(super) fn watch(&self, id: &ProjectId, project: &Arc<Project>, passed: i64) -> Option<i64> {
        project.begin_watching(passed);
        self.publish(id, project, &mut project.write())
    }

    /// Checks that the agenda has these seconds and no others.
    pub(super) fn validate(&self, published: &BTreeSet<(i64, ProjectId)>) -> Result<(), String> {
        match &*self.agenda() {
            Some(agenda) if !agenda.projects.keys().eq(published) => {
                let count = agenda.projects.len();
                Err(format!("{count} projects are due, not {}", published.len()))
            }
            Some(_) => Ok(()),
            None if published.is_empty() => Ok(()),
            None => Err("a project is watched in a store that is not".into()),
        }
    }
}

/// What is due, over all projects: for schedulers.
///
/// [`watch_due`](Self::watch_due) says which calls a scheduler makes, and when.
impl TaskStore {
    /// Begins to watch what is due, and returns the next wake-up if there is one.
    ///
    /// `passed` is the instant up to which executions were handed on: what
    /// [`passed`](Self::passed) said, stored by the caller before a crash, or now for a scheduler
    /// that begins. From then on each enabled task with a schedule has a *pending* execution, the
    /// first one after
    ///
    /// - the later of `passed` and the task's time of adding, for a task that is there, or is
    ///   restored while watching (then the `passed` of that moment);
    /// - the later of the change's `now` and the `passed` of that moment, for one that is added,
    ///   enabled, or given another schedule while watching. A rename, a description or a status
    ///   moves nothing;
    /// - what was taken or left out, once something of it was [taken](Self::take_due).
    ///
    /// A disabled task has no pending execution, and enabling it makes up for nothing: these are
    /// decisions of this crate, so that a paused task that is resumed does not run at once.
    ///
    /// Watching again begins anew. A store that is not watched pays nothing for it; a watched one
    /// keeps some 10 bytes a task, and changes of pending executions take about a microsecond
    /// more.
    ///
    /// O(n log n) for n tasks of all projects. Their readers go on, and writers of a project wait
    /// while its tasks are gone through. Until it returns, other threads see a part of it.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use taskdex::{ProjectId, Schedule, Task, TaskStore, TaskType};
    ///
    /// let store = TaskStore::new();
    /// let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    /// let nightly = Schedule::daily(1, "02:00:00".parse().unwrap(), "Asia/Shanghai".parse()?)?;
    /// let task = Task::builder("t-1", "Restart", TaskType::Reboot, nightly).build()?;
    /// store.add(&ProjectId::new("p-1")?, task, at("2026-12-01T00:00:00Z"))?;
    ///
    /// let wakeup = store.watch_due(at("2026-12-01T00:00:00Z"));
    /// assert_eq!(wakeup, Some(at("2026-12-01T18:00:00Z")));
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn watch_due(&self, passed: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let _call = call!("watch_due");
        let _turn = self.due.turn();
        let passed = passed.timestamp();
        *self.due.agenda() = Some(Agenda::new(passed));
        // A project that begins from here on is watched from its beginning.
        for (id, project) in self.shards.projects() {
            let writer = project.lock_writer();
            if !writer.retired {
                self.due.watch(&id, &project, passed);
            }
        }
        let earliest = self.due.agenda().as_ref().and_then(Agenda::earliest);
        earliest.map(instant_of)
    }

    /// The instant of the earliest pending execution, to the second. O(1).
    ///
    /// It is exact: [`take_due`](Self::take_due) at this instant finds something pending.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotWatching`] before [`watch_due`](Self::watch_due).
    pub fn next_wakeup(&self) -> Result<Option<DateTime<Utc>>, Error> {
        let _call = call!("next_wakeup");
        let earliest = self.due.ask("next_wakeup", |agenda| agenda.earliest())?;
        Ok(earliest.map(instant_of))
    }

    /// The instant up to which every execution was given out or left out. O(1).
    ///
    /// That is the earlier of the greatest `now` taken with, in whole seconds, and the second
    /// before the earliest pending execution, but never before what it was. A scheduler stores it
    /// after it handed on what it took, and gives it to [`watch_due`](Self::watch_due) after a
    /// crash.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotWatching`] before [`watch_due`](Self::watch_due).
    pub fn passed(&self) -> Result<DateTime<Utc>, Error> {
        let _call = call!("passed");
        let passed = self.due.ask("passed", |agenda| agenda.passed())?;
        Ok(instant_of(passed))
    }

    /// How many tasks have a pending execution that is not after `now`.
    ///
    /// O(n / 100) for the n tasks of each project that has such a one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotWatching`] before [`watch_due`](Self::watch_due).
    pub fn due_count(&self, now: DateTime<Utc>) -> Result<u64, Error> {
        let _call = call!("due_count");
        let now = now.timestamp();
        let projects: Vec<Arc<Project>> = self.due.ask("due_count", |agenda| {
            let due = agenda.projects.iter();
            let due = due.take_while(|&(&(second, _), _)| second <= now);
            due.map(|(_, project)| Arc::clone(project)).collect()
        })?;
        let counts = projects.iter().map(|project| {
            let index = project.read();
            index.due().map_or(0, |due| due.count_until(now) as u64)
        });
        Ok(counts.sum())
    }
}

// With the writer's lock held.
impl Project {
    /// Makes the first execution of each task pending: after a second, and after it was added.
    fn begin_watching(&self, passed: i64) {
        self.write().begin_watching(passed);
        let mut nexts: Vec<(Slot, CachedNext)> = Vec::new();
        for (slot, row) in self.read().iter() {
            let after = row.added_at().max(instant_of(passed));
            let is_known = row.next().at(after.timestamp()).is_known();
            if row.task().is_enabled() && !is_known {
                nexts.push((slot, next_of(row.task(), after)));
            }
        }
        for step in nexts.chunks(STEP_ROWS) {
            let slots = step.iter().map(|&(slot, _)| slot);
            let copied = self.read().copied_chunks(slots);
            self.let_readers_in();
            let mut index = self.write();
            index.replace_chunks(copied);
            index.set_nexts(step);
        }
        let built = self.read().due_built();
        let mut index = self.write();
        let former = built.and_then(|due| index.replace_due(due));
        index.put_rows_into_due();
        drop(index);
        drop(former);
    }
}

/// The instant of a second; the first or last of chrono's for one that is beyond.
fn instant_of(second: i64) -> DateTime<Utc> {
    let beyond = if second < 0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    };
    DateTime::from_timestamp(second, 0).unwrap_or(beyond)
}
