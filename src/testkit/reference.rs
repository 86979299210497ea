//! The listing by the plainest means, as a check on the engine.

mod due;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::error::ErrorKind;
use crate::query::{ListQuery, NameMatch, NameMatchMode, Order, Revision};
use crate::schedule::Execution;
use crate::store::{Applied, ChangeSet, Edit, EditAction, Expectation, Synced};
use crate::task::{
    LastStatus, LifeCycleType, ProjectId, Record, ReportedTiming, ScheduledType, Task, TaskBuilder,
    TaskId, TaskName, TaskType, Timing, Trigger,
};

/// The operations of [`TaskStore`](crate::TaskStore), by a scan of a list.
///
/// It shares no code with the engine: filters, order, pages, changes and the change feed are
/// written anew over the public accessors, and a changed task is built from its parts. Only the
/// schedule's own [`next_execution`](crate::Schedule::next_execution) is the engine's, since a
/// store does not decide what a schedule means.
///
/// Every operation is O(tasks of the project) or more.
///
/// ```
/// use taskdex::testkit::{ReferenceStore, Workload};
/// use taskdex::{ListQuery, ProjectId, Record, ScheduledType};
///
/// let mut reference = ReferenceStore::new();
/// let project = ProjectId::new("p-1")?;
/// let tasks: Vec<_> = Workload::new(1, 50).tasks().map(Record::from).collect();
/// let timed = tasks.iter().filter(|it| it.task.life_cycle_type().is_none()).count();
/// assert_eq!(reference.add_all(&project, &tasks, Workload::NOW).unwrap(), 1);
///
/// let page = reference.list(&project, &ListQuery::new(0, 10)?, Workload::NOW);
/// assert_eq!(page.total_count, timed as u64);
/// assert_eq!(page.tasks.len(), 10);
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ReferenceStore {
    /// All that were ever named in a change. One without entries is not there.
    projects: BTreeMap<ProjectId, Listing>,
    task_count_max: Option<usize>,
    log_capacity: usize,
    watched: Option<due::Watched>,
}

/// A project.
#[derive(Debug, Clone, Default)]
struct Listing {
    /// In the order of adding.
    entries: Vec<Entry>,
    /// Of the latest change.
    revision: u64,
    /// Of the task that is added next.
    place_next: u64,
    log: Log,
}

#[derive(Debug, Clone)]
struct Entry {
    task: Task,
    version: u64,
    added: DateTime<Utc>,
    /// In the order of all that were ever added: what a cursor names.
    place: u64,
    /// The revisions with which it came to this project, and was last changed in it: of a
    /// copy, those that it stood at.
    came: u64,
    changed: u64,
}

/// What happened since the project began.
#[derive(Debug, Clone, Default)]
struct Log {
    /// The revision before the first change.
    begin: u64,
    /// The revision of each change of one task, in their order.
    changes: Vec<u64>,
    gone: Vec<Gone>,
}

/// A task that was removed.
#[derive(Debug, Clone)]
struct Gone {
    id: String,
    place: u64,
    /// The revisions with which it came and went.
    came: u64,
    went: u64,
}

/// A task as the reference lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceTask {
    /// The record.
    pub task: Task,
    /// The revision of the task's latest change.
    pub version: u64,
    /// The documented `next_execution_time`.
    pub next_execution_time: Option<String>,
}

/// A page of the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencePage {
    /// The tasks of the page.
    pub tasks: Vec<ReferenceTask>,
    /// How many tasks match, on this page or not.
    pub total_count: u64,
    /// The text of the cursor behind the page's last task.
    pub next_cursor: Option<String>,
}

/// All of a project, as the reference has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceSnapshot {
    /// The project's revision.
    pub revision: u64,
    /// The sequence of the task that would be added next.
    pub next_sequence: u64,
    /// Every task, in order.
    pub records: Vec<Record>,
}

/// Why the reference refused a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferenceRefusal {
    /// What kind of error the engine gives.
    pub kind: ErrorKind,
    /// The position of the refused edit or task in its batch; 0 outside batches.
    pub position: usize,
}

/// Revisions end here.
const REVISION_MAX: u64 = (1 << 48) - 1;

impl ReferenceRefusal {
    fn at(position: usize) -> impl FnOnce(ErrorKind) -> Self {
        move |kind| Self { kind, position }
    }
}

impl From<ErrorKind> for ReferenceRefusal {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, position: 0 }
    }
}

impl ReferenceStore {
    /// An empty store, without a change log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same store, whose projects are full with so many tasks.
    #[must_use]
    pub fn with_task_count_max(self, task_count_max: usize) -> Self {
        Self {
            task_count_max: Some(task_count_max),
            ..self
        }
    }

    /// The same store with a change log of so many entries a project.
    #[must_use]
    pub fn with_change_log(self, entries: usize) -> Self {
        Self {
            log_capacity: entries,
            ..self
        }
    }

    /// Adds a task at the end of the project's order; gives its version.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskExists`], [`ErrorKind::OutOfRange`] or [`ErrorKind::ProjectFull`].
    pub fn add(
        &mut self,
        project: &ProjectId,
        task: &Record,
        now: DateTime<Utc>,
    ) -> Result<u64, ReferenceRefusal> {
        self.add_all(project, std::slice::from_ref(task), now)
    }

    /// Adds all tasks as one change, or none; an empty batch changes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`add`](Self::add), at the first task that is refused.
    pub fn add_all(
        &mut self,
        project: &ProjectId,
        tasks: &[Record],
        now: DateTime<Utc>,
    ) -> Result<u64, ReferenceRefusal> {
        let max = self.task_count_max;
        self.change(project, None, |listing| {
            for (position, record) in tasks.iter().enumerate() {
                // Of two faults, the engine names this one here, and the other in other batches.
                let kept = kept(&record.task, second_of(record.added_at.unwrap_or(now)));
                let added = kept.and_then(|_| listing.add(record, now, max));
                added.map_err(ReferenceRefusal::at(position))?;
            }
            Ok(())
        })
    }

    /// Carries out edits as one change, or none of them; gives the project's revision.
    ///
    /// # Errors
    ///
    /// Those of the first edit that is refused, [`ErrorKind::VersionMismatch`] among them.
    pub fn apply(
        &mut self,
        project: &ProjectId,
        edits: &[Edit],
        now: DateTime<Utc>,
    ) -> Result<u64, ReferenceRefusal> {
        self.apply_under(project, None, edits, now)
    }

    /// The same, under a given revision.
    ///
    /// # Errors
    ///
    /// Those of [`apply`](Self::apply).
    pub fn apply_at(
        &mut self,
        project: &ProjectId,
        revision: u64,
        edits: &[Edit],
        now: DateTime<Utc>,
    ) -> Result<Applied, ReferenceRefusal> {
        let before = self.revision(project);
        if revision <= before {
            return Ok(Applied::Already);
        }
        let after = self.apply_under(project, Some(revision), edits, now)?;
        Ok(if after == before {
            Applied::Unchanged
        } else {
            Applied::Changed
        })
    }

    /// Whether [`apply`](Self::apply) would accept these edits.
    ///
    /// # Errors
    ///
    /// Those of [`apply`](Self::apply).
    pub fn check(
        &self,
        project: &ProjectId,
        edits: &[Edit],
        now: DateTime<Utc>,
    ) -> Result<(), ReferenceRefusal> {
        self.clone().apply(project, edits, now).map(|_| ())
    }

    fn apply_under(
        &mut self,
        project: &ProjectId,
        revision: Option<u64>,
        edits: &[Edit],
        now: DateTime<Utc>,
    ) -> Result<u64, ReferenceRefusal> {
        let max = self.task_count_max;
        let before = self.listing(project);
        self.change(project, revision, |listing| {
            for (position, edit) in edits.iter().enumerate() {
                let done = listing.carry_out(&before, edit, now, max);
                done.map_err(ReferenceRefusal::at(position))?;
            }
            Ok(())
        })
    }

    /// Makes the project hold exactly these tasks, and says what changed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskExists`] or [`ErrorKind::OutOfRange`], at the first task that is refused;
    /// [`ErrorKind::ProjectFull`], at the first one, where they are too many.
    pub fn sync(
        &mut self,
        project: &ProjectId,
        tasks: &[Record],
        now: DateTime<Utc>,
    ) -> Result<Synced, ReferenceRefusal> {
        let before = self.listing(project);
        let max = self.task_count_max;
        let revision = self.change(project, None, |listing| {
            let mut ids = BTreeSet::new();
            for (position, record) in tasks.iter().enumerate() {
                let refused = ReferenceRefusal::at(position);
                let id = record.task.id();
                if !ids.insert(id) {
                    return Err(refused(ErrorKind::TaskExists));
                }
                let put = match listing.position(id) {
                    Some(_) => listing.replace(&record.task),
                    None => listing.add(record, now, None),
                };
                put.map_err(refused)?;
            }
            listing.entries.retain(|it| ids.contains(it.task.id()));
            if max.is_some_and(|max| listing.entries.len() > max) {
                return Err(ErrorKind::ProjectFull.into());
            }
            Ok(())
        })?;
        let after = self.listing(project);
        let (mut added, mut changed, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        for entry in &after.entries {
            match before.at(entry.place) {
                None => added.extend(entry.id()),
                Some(former) if former.task != entry.task => changed.extend(entry.id()),
                Some(_) => {}
            }
        }
        for entry in &before.entries {
            if after.at(entry.place).is_none() {
                removed.extend(entry.id());
            }
        }
        Ok(Synced {
            revision: Revision::new(revision),
            added,
            changed,
            removed,
        })
    }

    /// Replaces the task of the same id, in its place; gives its version and the task that was.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskNotFound`] or [`ErrorKind::OutOfRange`].
    pub fn replace(
        &mut self,
        project: &ProjectId,
        task: &Task,
    ) -> Result<(u64, Task), ReferenceRefusal> {
        let previous = self.listing(project).task(task.id())?;
        self.change(project, None, |listing| Ok(listing.replace(task)?))?;
        Ok((self.version_of(project, task.id())?, previous))
    }

    /// Renames a task, in its place; gives its version.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskNotFound`].
    pub fn rename(
        &mut self,
        project: &ProjectId,
        id: &str,
        task_name: &TaskName,
    ) -> Result<u64, ReferenceRefusal> {
        self.change(project, None, |listing| Ok(listing.rename(id, task_name)?))?;
        self.version_of(project, id)
    }

    /// Sets how a task's latest execution ended; gives the task's version.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskNotFound`].
    pub fn set_last_status(
        &mut self,
        project: &ProjectId,
        id: &str,
        last_status: Option<LastStatus>,
    ) -> Result<u64, ReferenceRefusal> {
        self.change(project, None, |listing| {
            Ok(listing.edit(id, |it| it.with_last_status(last_status))?)
        })?;
        self.version_of(project, id)
    }

    /// Enables or disables a task; gives its version.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskNotFound`].
    pub fn set_enabled(
        &mut self,
        project: &ProjectId,
        id: &str,
        enabled: bool,
    ) -> Result<u64, ReferenceRefusal> {
        self.change(project, None, |listing| {
            Ok(listing.edit(id, |it| it.with_enabled(enabled))?)
        })?;
        self.version_of(project, id)
    }

    /// Removes a task; gives the project's revision and the task that was.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskNotFound`].
    pub fn remove(
        &mut self,
        project: &ProjectId,
        id: &str,
    ) -> Result<(u64, Task), ReferenceRefusal> {
        let previous = self.listing(project).task(id)?;
        let revision = self.change(project, None, |listing| Ok(listing.remove(id)?))?;
        Ok((revision, previous))
    }

    /// Removes a project, and tells how many tasks it had.
    pub fn remove_project(&mut self, project: &ProjectId) -> u64 {
        let count = self.task_count(project);
        let cleared = self.change(project, None, |listing| {
            listing.entries.clear();
            Ok(())
        });
        cleared.map_or(0, |_| count)
    }

    /// All of a project as it is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ProjectNotFound`] where it has no tasks.
    pub fn snapshot(&self, project: &ProjectId) -> Result<ReferenceSnapshot, ReferenceRefusal> {
        let listing = self.listing(project);
        if listing.entries.is_empty() {
            return Err(ErrorKind::ProjectNotFound.into());
        }
        Ok(ReferenceSnapshot {
            revision: listing.revision,
            next_sequence: listing.place_next,
            records: listing.entries.iter().map(Entry::to_record).collect(),
        })
    }

    /// Puts the whole of a project into one that is not there; gives the revision.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ProjectExists`].
    pub fn restore(
        &mut self,
        project: &ProjectId,
        snapshot: &ReferenceSnapshot,
    ) -> Result<u64, ReferenceRefusal> {
        if self.task_count(project) > 0 {
            return Err(ErrorKind::ProjectExists.into());
        }
        let revision = snapshot.revision;
        let entries = snapshot.records.iter();
        let listing = Listing {
            entries: entries.filter_map(|it| Entry::of(it, revision)).collect(),
            revision,
            place_next: snapshot.next_sequence,
            log: Log {
                begin: revision,
                ..Log::default()
            },
        };
        self.projects.insert(project.clone(), listing);
        Ok(revision)
    }

    /// What leads from the project at a revision to the project as it is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::RevisionOutOfReach`].
    pub fn changes_since(
        &self,
        project: &ProjectId,
        since: u64,
    ) -> Result<ChangeSet, ReferenceRefusal> {
        let listing = self.listing(project);
        if since < self.oldest_since(project) || since > listing.revision {
            return Err(ErrorKind::RevisionOutOfReach.into());
        }
        let gone = listing.log.gone.iter();
        let mut removed: Vec<&Gone> = gone
            .filter(|it| it.came <= since && since < it.went)
            .collect();
        removed.sort_by_key(|it| it.place);
        let removed = removed.iter().filter_map(|it| TaskId::new(&it.id).ok());
        let entries = listing.entries.iter();
        let puts = entries.filter(|it| it.changed > since);
        Ok(ChangeSet {
            from: Revision::new(since),
            to: Revision::new(listing.revision),
            next_sequence: listing.place_next,
            removed: removed.collect(),
            puts: puts.map(Entry::to_record).collect(),
        })
    }

    /// The oldest revision that [`changes_since`](Self::changes_since) reaches back to.
    #[must_use]
    pub fn oldest_since(&self, project: &ProjectId) -> u64 {
        let Listing {
            entries,
            revision,
            log,
            ..
        } = self.listing(project);
        if entries.is_empty() || self.log_capacity == 0 {
            return revision;
        }
        let dropped = log.changes.len().checked_sub(self.log_capacity + 1);
        let latest_dropped = dropped.and_then(|position| log.changes.get(position));
        latest_dropped.copied().unwrap_or(log.begin)
    }

    /// Whether the change log has dropped changes of the project.
    #[must_use]
    pub fn has_overrun_log(&self, project: &ProjectId) -> bool {
        let changes = self.listing(project).log.changes.len();
        self.log_capacity > 0 && changes > self.log_capacity
    }

    /// Leads a copy of a project on; gives its revision.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::VersionMismatch`], [`ErrorKind::DamagedExport`] or
    /// [`ErrorKind::ProjectFull`].
    pub fn apply_changes(
        &mut self,
        project: &ProjectId,
        changes: &ChangeSet,
    ) -> Result<u64, ReferenceRefusal> {
        let before = self.listing(project);
        let to = changes.to.get();
        if before.revision >= to {
            return Ok(before.revision);
        }
        if before.revision != changes.from.get() {
            return Err(ErrorKind::VersionMismatch.into());
        }
        let mut after = before.clone();
        for id in &changes.removed {
            let removed = after.remove(id.as_str());
            removed.map_err(|_| ErrorKind::DamagedExport)?;
        }
        let mut place_min = 0;
        for record in &changes.puts {
            let put = Entry::of(record, to).filter(|it| it.place >= place_min && it.version <= to);
            let mut put = put.ok_or(ErrorKind::DamagedExport)?;
            place_min = put.place + 1;
            let id = put.task.id();
            let found = after.entries.iter_mut().find(|it| it.task.id() == id);
            match found {
                Some(entry) if entry.place == put.place => {
                    put.added = entry.added;
                    put.came = entry.came;
                    *entry = put;
                }
                None if put.place >= before.place_next => after.entries.push(put),
                _ => return Err(ErrorKind::DamagedExport.into()),
            }
        }
        if changes.next_sequence < before.place_next.max(place_min) {
            return Err(ErrorKind::DamagedExport.into());
        }
        if self
            .task_count_max
            .is_some_and(|max| after.entries.len() > max)
        {
            return Err(ErrorKind::ProjectFull.into());
        }
        after.place_next = changes.next_sequence;
        let puts = changes.puts.iter().map(|it| it.task.id());
        let ids = changes.removed.iter().map(TaskId::as_str).chain(puts);
        let ids: BTreeSet<&str> = ids.collect();
        after.close(&before, to, ids.len());
        self.projects.insert(project.clone(), after);
        Ok(to)
    }

    /// A task as of `now`.
    #[must_use]
    pub fn get(&self, project: &ProjectId, id: &str, now: DateTime<Utc>) -> Option<ReferenceTask> {
        let entry = self
            .entries(project)
            .iter()
            .find(|entry| entry.task.id() == id)?;
        Some(entry.listed(now))
    }

    /// Answers a query as of `now`.
    #[must_use]
    pub fn list(
        &self,
        project: &ProjectId,
        query: &ListQuery,
        now: DateTime<Utc>,
    ) -> ReferencePage {
        let mut matching: Vec<&Entry> = self
            .entries(project)
            .iter()
            .filter(|entry| is_listed(query, &entry.task))
            .collect();
        match query.order() {
            Order::OldestFirst => {}
            Order::NewestFirst => matching.reverse(),
            Order::NextExecution => matching.sort_by_key(|entry| {
                let next = entry.next_execution(now);
                (next.is_none(), next.map(Execution::unix_seconds))
            }),
        }
        let total_count = matching.len() as u64;
        if let Some(place) = query.cursor().and_then(|it| place_of(&it.to_string())) {
            matching.retain(|entry| match query.order() {
                Order::NewestFirst => entry.place < place,
                Order::OldestFirst => entry.place > place,
                Order::NextExecution => true,
            });
        }
        let page: Vec<&Entry> = (0_u64..)
            .zip(matching)
            .skip_while(|(position, _)| *position < query.offset())
            .take(query.limit() as usize)
            .map(|(_, entry)| entry)
            .collect();
        ReferencePage {
            tasks: page.iter().map(|entry| entry.listed(now)).collect(),
            total_count,
            next_cursor: page
                .last()
                .filter(|_| query.order() != Order::NextExecution)
                .map(|entry| cursor_at(entry.place)),
        }
    }

    /// The documented body, put together by hand.
    #[must_use]
    pub fn list_json(&self, project: &ProjectId, query: &ListQuery, now: DateTime<Utc>) -> String {
        let page = self.list(project, query, now);
        let records: Vec<String> = page.tasks.iter().map(ReferenceTask::to_json).collect();
        let (records, total_count) = (records.join(","), page.total_count);
        format!("{{\"scheduled_tasks\":[{records}],\"total_count\":{total_count}}}")
    }

    /// For every value of every filter, the total with it, by the value's spelling.
    ///
    /// `-` are those that were never executed, which no filter asks for.
    #[must_use]
    pub fn facets(&self, project: &ProjectId, query: &ListQuery) -> BTreeMap<&'static str, u64> {
        let total = |query: ListQuery| {
            let tasks = self.entries(project).iter().map(|entry| &entry.task);
            tasks.filter(|task| is_listed(&query, task)).count() as u64
        };
        let never = |query: ListQuery| {
            let tasks = self.entries(project).iter().map(|entry| &entry.task);
            tasks
                .filter(|task| is_listed(&query, task) && task.last_status().is_none())
                .count() as u64
        };
        let mut counts = BTreeMap::from([("-", never(query.clone().with_last_status(None)))]);
        for value in TaskType::ALL {
            counts.insert(value.as_str(), total(query.clone().with_task_type(*value)));
        }
        for value in ScheduledType::ALL {
            counts.insert(
                value.as_str(),
                total(query.clone().with_scheduled_type(*value)),
            );
        }
        for value in LifeCycleType::ALL {
            counts.insert(
                value.as_str(),
                total(query.clone().with_life_cycle_type(*value)),
            );
        }
        for value in LastStatus::ALL {
            counts.insert(
                value.as_str(),
                total(query.clone().with_last_status(*value)),
            );
        }
        counts
    }

    /// All projects that have tasks, in the order of their ids.
    #[must_use]
    pub fn projects(&self) -> Vec<ProjectId> {
        let projects = self.projects.iter();
        let there = projects.filter(|(_, listing)| !listing.entries.is_empty());
        there.map(|(id, _)| id.clone()).collect()
    }

    /// The revision of a project's latest change.
    #[must_use]
    pub fn revision(&self, project: &ProjectId) -> u64 {
        self.projects.get(project).map_or(0, |it| it.revision)
    }

    /// How many tasks a project has, triggered and disabled ones included.
    #[must_use]
    pub fn task_count(&self, project: &ProjectId) -> u64 {
        self.entries(project).len() as u64
    }

    /// The ids of a project's tasks in the order of adding, of every kind.
    #[must_use]
    pub fn ids(&self, project: &ProjectId) -> Vec<String> {
        let id = |entry: &Entry| entry.task.id().to_owned();
        self.entries(project).iter().map(id).collect()
    }

    fn entries(&self, project: &ProjectId) -> &[Entry] {
        let listing = self.projects.get(project);
        listing.map_or(&[], |listing| &listing.entries)
    }

    /// A copy of a project; nothing of one that never was.
    fn listing(&self, project: &ProjectId) -> Listing {
        self.projects.get(project).cloned().unwrap_or_default()
    }

    fn version_of(&self, project: &ProjectId, id: &str) -> Result<u64, ReferenceRefusal> {
        let mut entries = self.entries(project).iter();
        let entry = entries.find(|entry| entry.task.id() == id);
        Ok(entry.ok_or(ErrorKind::TaskNotFound)?.version)
    }

    /// Makes a change under the next revision or a given one, and gives the project's revision:
    /// another one only if the project is another.
    fn change(
        &mut self,
        project: &ProjectId,
        revision: Option<u64>,
        change: impl FnOnce(&mut Listing) -> Result<(), ReferenceRefusal>,
    ) -> Result<u64, ReferenceRefusal> {
        let before = self.listing(project);
        let version = revision.unwrap_or(before.revision + 1);
        let mut after = before.clone();
        if before.entries.is_empty() {
            after.place_next = after.place_next.max(version << 16);
        }
        change(&mut after)?;
        let mut ids = BTreeSet::new();
        for entry in &mut after.entries {
            let former = before.at(entry.place);
            if former.is_none_or(|former| former.task != entry.task) {
                ids.insert(entry.task.id().to_owned());
                entry.version = version;
                entry.changed = version;
                entry.came = former.map_or(version, |former| former.came);
            }
        }
        for entry in &before.entries {
            if after.at(entry.place).is_none() {
                ids.insert(entry.task.id().to_owned());
            }
        }
        if ids.is_empty() {
            return Ok(before.revision);
        }
        if version > REVISION_MAX {
            return Err(ErrorKind::ProjectFull.into());
        }
        // What was added and removed again has no place.
        let last = after.entries.last().map_or(0, |it| it.place + 1);
        after.place_next = before.place_next.max(last);
        after.close(&before, version, ids.len());
        self.projects.insert(project.clone(), after);
        Ok(version)
    }
}

/// The task as a store keeps it: a `DAY` schedule counts from the date of adding if from no other.
fn kept(task: &Task, added: DateTime<Utc>) -> Result<Task, ErrorKind> {
    let schedule = task.schedule().filter(|it| it.start_date().is_none());
    let schedule = schedule.filter(|_| task.scheduled_type() == ScheduledType::Day);
    let Some(schedule) = schedule else {
        return Ok(task.clone());
    };
    let offset = schedule.time_zone().offset_seconds(added);
    let date = (added.naive_utc() + TimeDelta::seconds(offset.into())).date();
    let first = NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default();
    let schedule = schedule.with_start_date(date.max(first));
    let schedule = schedule.map_err(|error| error.kind())?;
    built(builder_of(task, task.task_name(), schedule.into()))
}

/// The second of an instant, in the years 1 to 9999.
fn second_of(instant: DateTime<Utc>) -> DateTime<Utc> {
    let end = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    let first = end(1, 1, 1).and_hms_opt(0, 0, 0).unwrap_or_default();
    let last = end(9999, 12, 31)
        .and_hms_opt(23, 59, 59)
        .unwrap_or_default();
    let instant = instant.clamp(first.and_utc(), last.and_utc());
    DateTime::from_timestamp(instant.timestamp(), 0).unwrap_or_default()
}

/// The parts of a valid task make one. Did they not, that were a fault of the kit.
fn built(builder: TaskBuilder) -> Result<Task, ErrorKind> {
    builder.build().map_err(|error| error.kind())
}

/// A builder with the parts of a task, under a name and a timing.
fn builder_of(task: &Task, task_name: &str, timing: Timing) -> TaskBuilder {
    Task::builder(task.id(), task_name, task.task_type(), timing)
        .with_last_status(task.last_status())
        .with_enabled(task.is_enabled())
        .with_description(task.description().unwrap_or_default())
        .with_priority(task.priority())
        .with_wait_time(task.wait_time())
}

/// When a task runs, put together from its parts.
fn timing_of(task: &Task) -> Result<Timing, ErrorKind> {
    let zone = task.time_zone();
    if let Some(life_cycle_type) = task.life_cycle_type() {
        let trigger = Trigger::on(life_cycle_type);
        return Ok(match zone {
            Some(zone) => {
                let zone = zone.parse().map_err(|error: crate::Error| error.kind())?;
                trigger.with_time_zone(zone).into()
            }
            None => trigger.into(),
        });
    }
    if let Some(schedule) = task.schedule() {
        return Ok((*schedule).into());
    }
    let reported = ReportedTiming::new(task.scheduled_type()).map_err(|error| error.kind())?;
    let reported = reported.with_time_zone(zone.unwrap_or_default());
    Ok(match task.reported_time() {
        Some(time) => reported.with_next_execution_time(time).into(),
        None => reported.into(),
    })
}

impl Listing {
    fn position(&self, id: &str) -> Option<usize> {
        self.entries.iter().position(|it| it.task.id() == id)
    }

    /// The entry of a place.
    fn at(&self, place: u64) -> Option<&Entry> {
        let position = self.entries.binary_search_by_key(&place, |it| it.place);
        self.entries.get(position.ok()?)
    }

    fn task(&self, id: &str) -> Result<Task, ErrorKind> {
        let entry = self.position(id).and_then(|it| self.entries.get(it));
        Ok(entry.ok_or(ErrorKind::TaskNotFound)?.task.clone())
    }

    /// Carries out one edit of a batch that found the project as it was `before`.
    fn carry_out(
        &mut self,
        before: &Self,
        edit: &Edit,
        now: DateTime<Utc>,
        max: Option<usize>,
    ) -> Result<(), ErrorKind> {
        let mut found = before.entries.iter().filter(|it| it.task.id() == edit.id());
        let found = found.next().map(|it| it.version);
        let is_met = match edit.expectation {
            None => true,
            Some(Expectation::Absent) => found.is_none(),
            Some(Expectation::Version(version)) => found == Some(version.get()),
        };
        if !is_met {
            return Err(ErrorKind::VersionMismatch);
        }
        match &edit.action {
            EditAction::Add(record) => self.add(record, now, max),
            EditAction::Put(record) => match self.position(edit.id()) {
                Some(_) => self.replace(&record.task),
                None => self.add(record, now, max),
            },
            EditAction::Replace(record) => self.replace(&record.task),
            EditAction::Rename { id, task_name } => self.rename(id.as_str(), task_name),
            EditAction::SetLastStatus { id, last_status } => {
                self.edit(id.as_str(), |it| it.with_last_status(*last_status))
            }
            EditAction::SetEnabled { id, enabled } => {
                self.edit(id.as_str(), |it| it.with_enabled(*enabled))
            }
            EditAction::Remove { id } => self.remove(id.as_str()),
        }
    }

    fn add(
        &mut self,
        record: &Record,
        now: DateTime<Utc>,
        max: Option<usize>,
    ) -> Result<(), ErrorKind> {
        if self.position(record.task.id()).is_some() {
            return Err(ErrorKind::TaskExists);
        }
        let added = second_of(record.added_at.unwrap_or(now));
        let task = kept(&record.task, added)?;
        if max.is_some_and(|max| self.entries.len() >= max) {
            return Err(ErrorKind::ProjectFull);
        }
        self.entries.push(Entry {
            task,
            version: 0,
            added,
            place: self.place_next,
            came: 0,
            changed: 0,
        });
        self.place_next += 1;
        Ok(())
    }

    fn replace(&mut self, task: &Task) -> Result<(), ErrorKind> {
        self.put(task.id(), |former| kept(task, former.added))
    }

    fn rename(&mut self, id: &str, task_name: &TaskName) -> Result<(), ErrorKind> {
        self.put(id, |Entry { task, .. }| {
            built(builder_of(task, task_name.as_str(), timing_of(task)?))
        })
    }

    fn edit(
        &mut self,
        id: &str,
        edit: impl FnOnce(TaskBuilder) -> TaskBuilder,
    ) -> Result<(), ErrorKind> {
        self.put(id, |Entry { task, .. }| {
            let builder = builder_of(task, task.task_name(), timing_of(task)?);
            built(edit(builder))
        })
    }

    fn put(
        &mut self,
        id: &str,
        task: impl FnOnce(&Entry) -> Result<Task, ErrorKind>,
    ) -> Result<(), ErrorKind> {
        let mut entries = self.entries.iter_mut();
        let entry = entries.find(|it| it.task.id() == id);
        let entry = entry.ok_or(ErrorKind::TaskNotFound)?;
        entry.task = task(entry)?;
        Ok(())
    }

    fn remove(&mut self, id: &str) -> Result<(), ErrorKind> {
        let position = self.position(id).ok_or(ErrorKind::TaskNotFound)?;
        self.entries.remove(position);
        Ok(())
    }

    /// Ends a change of so many tasks, under its revision.
    fn close(&mut self, before: &Self, revision: u64, changed: usize) {
        self.revision = revision;
        if before.entries.is_empty() {
            self.log = Log {
                begin: before.revision,
                ..Log::default()
            };
        }
        for entry in &before.entries {
            if self.at(entry.place).is_none() {
                self.log.gone.push(Gone {
                    id: entry.task.id().to_owned(),
                    place: entry.place,
                    came: entry.came,
                    went: revision,
                });
            }
        }
        self.log.changes.extend(vec![revision; changed]);
    }
}

impl ReferenceTask {
    /// The documented record, its fields one after the other.
    fn to_json(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let task = &self.task;
        let fields = [
            ("id", Some(quoted(task.id()))),
            ("task_name", Some(quoted(task.task_name()))),
            ("task_type", Some(quoted(task.task_type().as_str()))),
            (
                "scheduled_type",
                Some(quoted(task.scheduled_type().as_str())),
            ),
            (
                "life_cycle_type",
                task.life_cycle_type().map(|value| quoted(value.as_str())),
            ),
            (
                "last_status",
                task.last_status().map(|value| quoted(value.as_str())),
            ),
            (
                "next_execution_time",
                self.next_execution_time.as_deref().map(quoted),
            ),
            ("enable", Some(task.is_enabled().to_string())),
            ("description", task.description().map(quoted)),
            ("priority", task.priority().map(|number| number.to_string())),
            ("time_zone", task.time_zone().map(quoted)),
            (
                "wait_time",
                task.wait_time().map(|number| number.to_string()),
            ),
        ];
        let fields: Vec<String> = fields
            .into_iter()
            .filter_map(|(name, value)| Some(format!("\"{name}\":{}", value?)))
            .collect();
        format!("{{{}}}", fields.join(","))
    }
}

impl Entry {
    fn next_execution(&self, now: DateTime<Utc>) -> Option<Execution> {
        let schedule = self.task.schedule().filter(|_| self.task.is_enabled())?;
        schedule.next_execution(now)
    }

    fn listed(&self, now: DateTime<Utc>) -> ReferenceTask {
        let task = &self.task;
        let next_execution_time = match self.next_execution(now) {
            Some(execution) => Some(execution.to_string()),
            None => task.reported_time().map(|time| time.to_string()),
        };
        ReferenceTask {
            task: task.clone(),
            version: self.version,
            next_execution_time,
        }
    }

    fn id(&self) -> Option<TaskId> {
        TaskId::new(self.task.id()).ok()
    }

    /// The full record.
    fn to_record(&self) -> Record {
        Record::new(self.task.clone())
            .with_added_at(self.added)
            .with_sequence(self.place)
            .with_version(Revision::new(self.version))
    }

    /// The entry of a full record that came with a revision.
    fn of(record: &Record, revision: u64) -> Option<Self> {
        Some(Self {
            task: record.task.clone(),
            version: record.version?.get(),
            added: record.added_at?,
            place: record.sequence?,
            came: revision,
            changed: revision,
        })
    }
}

/// The rules of the documented listing, one after the other.
fn is_listed(query: &ListQuery, task: &Task) -> bool {
    let is_triggered = task.life_cycle_type().is_some();
    let asks_for_triggered = query.scheduled_type() == Some(ScheduledType::LifeCycle);
    if is_triggered != asks_for_triggered {
        return false;
    }
    if let Some(scheduled_type) = query.scheduled_type()
        && task.scheduled_type() != scheduled_type
    {
        return false;
    }
    if let Some(task_type) = query.task_type()
        && task.task_type() != task_type
    {
        return false;
    }
    if let Some(life_cycle_type) = query.life_cycle_type()
        && task.life_cycle_type() != Some(life_cycle_type)
    {
        return false;
    }
    if let Some(last_status) = query.last_status()
        && task.last_status() != Some(last_status)
    {
        return false;
    }
    match query.task_name() {
        Some(filter) => name_passes(filter, task.task_name()),
        None => true,
    }
}

fn name_passes(filter: &NameMatch, name: &str) -> bool {
    let text: Vec<char> = filter.text().chars().collect();
    let name: Vec<char> = name.chars().collect();
    let folded = |characters: &[char]| -> Vec<char> {
        characters
            .iter()
            .map(|&character| fold(character))
            .collect()
    };
    match filter.mode() {
        NameMatchMode::Exactly => name == text,
        NameMatchMode::Contains => occurs(&text, &name),
        NameMatchMode::ContainsIgnoringCase => occurs(&folded(&text), &folded(&name)),
    }
}

fn occurs(text: &[char], name: &[char]) -> bool {
    text.is_empty() || name.windows(text.len()).any(|window| window == text)
}

/// Simple case folding, from Unicode's table as another crate has it.
fn fold(character: char) -> char {
    match unicode_case_mapping::case_folded(character) {
        Some(folded) => char::from_u32(folded.get()).unwrap_or(character),
        None => character,
    }
}

/// The digits of cursors, least first: no letter that is taken for another.
const CURSOR_DIGITS: &str = "0123456789abcdefghjkmnpqrstvwxyz";

/// The place that a cursor's text names; `None` for a text that is no cursor.
pub(super) fn place_of(cursor: &str) -> Option<u64> {
    let digits = cursor.strip_prefix('c')?;
    let place = digits.chars().try_fold(0_u64, |place, digit| {
        let value = CURSOR_DIGITS.chars().position(|known| known == digit)?;
        place.checked_mul(32)?.checked_add(value as u64)
    })?;
    // One text for each place: no zeros in front.
    (cursor_at(place) == cursor).then_some(place)
}

/// The text of the cursor at a place.
fn cursor_at(place: u64) -> String {
    let mut digits = Vec::new();
    let mut rest = place;
    while rest > 0 || digits.is_empty() {
        digits.extend(CURSOR_DIGITS.chars().nth((rest % 32) as usize));
        rest /= 32;
    }
    digits.push('c');
    digits.iter().rev().collect()
}
