//! The listing by the plainest means, as a check on the engine.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::error::ErrorKind;
use crate::query::{ListQuery, NameMatch, NameMatchMode, Order};
use crate::task::{
    LastStatus, LifeCycleType, ProjectId, ReportedTiming, ScheduledType, Task, TaskBuilder,
    TaskName, TaskType, Timing, Trigger,
};

/// The operations of [`TaskStore`](crate::TaskStore), by a scan of a list.
///
/// It shares no code with the engine: filters, order, pages and changes are written anew over
/// the public accessors, and a changed task is built from its parts. Only the schedule's own
/// [`next_execution`](crate::Schedule::next_execution) is the engine's, since a
/// store does not decide what a schedule means.
///
/// Every operation is O(tasks of the project).
///
/// ```
/// use taskdex::testkit::{ReferenceStore, Workload};
/// use taskdex::{ListQuery, ProjectId, ScheduledType};
///
/// let mut reference = ReferenceStore::new();
/// let project = ProjectId::new("p-1")?;
/// let tasks: Vec<_> = Workload::new(1, 50).tasks().collect();
/// let timed = tasks.iter().filter(|task| task.life_cycle_type().is_none()).count();
/// reference.add_all(&project, tasks, Workload::NOW).unwrap();
///
/// let page = reference.list(&project, &ListQuery::new(0, 10)?, Workload::NOW);
/// assert_eq!(page.total_count, timed as u64);
/// assert_eq!(page.tasks.len(), 10);
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ReferenceStore {
    /// A project is here while it has tasks.
    projects: BTreeMap<ProjectId, Listing>,
    changes: u64,
    /// No task of a project that ended had this place or a later one.
    ended_place_max: u64,
    task_count_max: Option<usize>,
}

#[derive(Debug, Clone, Default)]
struct Listing {
    /// In the order of adding.
    entries: Vec<Entry>,
    /// Of the task that is added next.
    place_next: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    task: Task,
    change: u64,
    added: DateTime<Utc>,
    /// In the order of all that were ever added: what a cursor names.
    place: u64,
}

/// A task as the reference lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceTask {
    /// The record.
    pub task: Task,
    /// Which change of the whole store was the task's latest, counted from 1.
    pub change: u64,
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

/// Why the reference refused a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferenceRefusal {
    /// What kind of error the engine gives.
    pub kind: ErrorKind,
    /// The position of the refused task in its batch; 0 outside batches.
    pub position: usize,
}

impl ReferenceStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store whose projects are full with so many tasks.
    #[must_use]
    pub fn with_task_count_max(task_count_max: usize) -> Self {
        Self {
            task_count_max: Some(task_count_max),
            ..Self::default()
        }
    }

    /// Adds a task at the end of the project's order; gives the change's number.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskExists`], or [`ErrorKind::ProjectFull`].
    pub fn add(
        &mut self,
        project: &ProjectId,
        task: Task,
        now: DateTime<Utc>,
    ) -> Result<u64, ReferenceRefusal> {
        self.add_all(project, vec![task], now)
    }

    /// Adds all tasks as one change, or none; an empty batch changes nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskExists`], at the first task whose id is taken; or
    /// [`ErrorKind::ProjectFull`], at the first that is too many.
    pub fn add_all(
        &mut self,
        project: &ProjectId,
        tasks: Vec<Task>,
        now: DateTime<Utc>,
    ) -> Result<u64, ReferenceRefusal> {
        if tasks.is_empty() {
            return Ok(self.changes);
        }
        let mut listing = self.listing(project);
        let mut ids: std::collections::BTreeSet<String> = self.ids(project).into_iter().collect();
        let change = self.changes + 1;
        for (position, task) in tasks.into_iter().enumerate() {
            if !ids.insert(task.id().to_owned()) {
                let kind = ErrorKind::TaskExists;
                return Err(ReferenceRefusal { kind, position });
            }
            if self.is_too_long(listing.entries.len() + 1) {
                let kind = ErrorKind::ProjectFull;
                return Err(ReferenceRefusal { kind, position });
            }
            listing.push(task, change, now);
        }
        self.changes = change;
        self.projects.insert(project.clone(), listing);
        Ok(change)
    }

    /// Makes the project hold exactly these tasks; none where it did already.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskExists`], at the first task whose id the batch has before; or
    /// [`ErrorKind::ProjectFull`], at the first one, where they are too many.
    pub fn sync(
        &mut self,
        project: &ProjectId,
        tasks: Vec<Task>,
        now: DateTime<Utc>,
    ) -> Result<Option<u64>, ReferenceRefusal> {
        let ids: Vec<&str> = tasks.iter().map(Task::id).collect();
        for (position, id) in ids.iter().enumerate() {
            if ids.iter().take(position).any(|earlier| earlier == id) {
                let kind = ErrorKind::TaskExists;
                return Err(ReferenceRefusal { kind, position });
            }
        }
        let change = self.changes + 1;
        let before = self.listing(project);
        let mut after = Listing {
            entries: Vec::new(),
            place_next: before.place_next,
        };
        let mut differs = false;
        for mut entry in before.entries.iter().cloned() {
            match tasks.iter().find(|task| task.id() == entry.task.id()) {
                None => differs = true,
                Some(task) if *task == entry.task => after.entries.push(entry),
                Some(task) => {
                    differs = true;
                    entry.task = task.clone();
                    entry.change = change;
                    after.entries.push(entry);
                }
            }
        }
        for task in tasks {
            let is_known = |entry: &Entry| entry.task.id() == task.id();
            if !before.entries.iter().any(is_known) {
                differs = true;
                after.push(task, change, now);
            }
        }
        if !differs {
            return Ok(None);
        }
        if self.is_too_long(after.entries.len()) {
            let kind = ErrorKind::ProjectFull;
            return Err(ReferenceRefusal { kind, position: 0 });
        }
        self.changes = change;
        self.put(project, after);
        Ok(Some(change))
    }

    /// Replaces the task of the same id, in its place.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskNotFound`].
    pub fn replace(&mut self, project: &ProjectId, task: Task) -> Result<u64, ReferenceRefusal> {
        let id = task.id().to_owned();
        self.change(project, &id, |_| Some(task))
    }

    /// Renames a task, in its place.
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
        self.change(project, id, |task| {
            let changed = builder_of(task, task_name.as_str())?;
            changed.build().ok()
        })
    }

    /// Sets how a task's latest execution ended.
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
        self.change(project, id, |task| {
            let changed = builder_of(task, task.task_name())?;
            changed.with_last_status(last_status).build().ok()
        })
    }

    /// Enables or disables a task.
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
        self.change(project, id, |task| {
            let changed = builder_of(task, task.task_name())?;
            changed.with_enabled(enabled).build().ok()
        })
    }

    /// Removes a task.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskNotFound`].
    pub fn remove(&mut self, project: &ProjectId, id: &str) -> Result<u64, ReferenceRefusal> {
        let mut listing = self.listing(project);
        listing.entries.retain(|entry| entry.task.id() != id);
        if listing.entries.len() == self.entries(project).len() {
            return Err(NOT_FOUND);
        }
        self.changes += 1;
        self.put(project, listing);
        Ok(self.changes)
    }

    /// Removes a project, and tells how many tasks it had.
    pub fn remove_project(&mut self, project: &ProjectId) -> u64 {
        let mut listing = self.listing(project);
        let count = listing.entries.len() as u64;
        if count > 0 {
            self.changes += 1;
            listing.entries.clear();
            self.put(project, listing);
        }
        count
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
        if query.order() == Order::NewestFirst {
            matching.reverse();
        }
        let total_count = matching.len() as u64;
        if let Some(place) = query.cursor().and_then(|it| place_of(&it.to_string())) {
            matching.retain(|entry| match query.order() {
                Order::NewestFirst => entry.place < place,
                Order::OldestFirst => entry.place > place,
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
            next_cursor: page.last().map(|entry| cursor_at(entry.place)),
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
        self.projects.keys().cloned().collect()
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

    /// A copy of a project; an empty one goes on where those that ended were.
    fn listing(&self, project: &ProjectId) -> Listing {
        self.projects.get(project).cloned().unwrap_or(Listing {
            entries: Vec::new(),
            place_next: self.ended_place_max,
        })
    }

    fn put(&mut self, project: &ProjectId, listing: Listing) {
        if listing.entries.is_empty() {
            self.projects.remove(project);
            self.ended_place_max = self.ended_place_max.max(listing.place_next);
        } else {
            self.projects.insert(project.clone(), listing);
        }
    }

    fn is_too_long(&self, task_count: usize) -> bool {
        self.task_count_max.is_some_and(|max| task_count > max)
    }

    fn change(
        &mut self,
        project: &ProjectId,
        id: &str,
        change: impl FnOnce(&Task) -> Option<Task>,
    ) -> Result<u64, ReferenceRefusal> {
        let listing = self.projects.get_mut(project).ok_or(NOT_FOUND)?;
        let mut entries = listing.entries.iter_mut();
        let entry = entries
            .find(|entry| entry.task.id() == id)
            .ok_or(NOT_FOUND)?;
        self.changes += 1;
        // The parts of a valid task make one. Did they not, it would stay as it was, and differ.
        if let Some(changed) = change(&entry.task) {
            entry.task = changed;
        }
        entry.change = self.changes;
        Ok(self.changes)
    }
}

const NOT_FOUND: ReferenceRefusal = ReferenceRefusal {
    kind: ErrorKind::TaskNotFound,
    position: 0,
};

/// A builder with the parts of a task, under a name of its own.
fn builder_of(task: &Task, task_name: &str) -> Option<TaskBuilder> {
    let zone = task.time_zone();
    let timing: Timing = if let Some(life_cycle_type) = task.life_cycle_type() {
        let trigger = Trigger::on(life_cycle_type);
        match zone {
            Some(zone) => trigger.with_time_zone(zone.parse().ok()?).into(),
            None => trigger.into(),
        }
    } else if let Some(schedule) = task.schedule() {
        (*schedule).into()
    } else {
        let reported = ReportedTiming::new(task.scheduled_type()).ok()?;
        let reported = reported.with_time_zone(zone.unwrap_or_default());
        match task.reported_time() {
            Some(time) => reported.with_next_execution_time(time).into(),
            None => reported.into(),
        }
    };
    let builder = Task::builder(task.id(), task_name, task.task_type(), timing)
        .with_last_status(task.last_status())
        .with_enabled(task.is_enabled())
        .with_description(task.description().unwrap_or_default())
        .with_priority(task.priority())
        .with_wait_time(task.wait_time());
    Some(builder)
}

impl Listing {
    fn push(&mut self, task: Task, change: u64, added: DateTime<Utc>) {
        self.entries.push(Entry {
            task,
            change,
            added,
            place: self.place_next,
        });
        self.place_next += 1;
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
    fn listed(&self, now: DateTime<Utc>) -> ReferenceTask {
        let task = &self.task;
        let next_execution_time = match task.schedule() {
            Some(schedule) if task.is_enabled() => schedule
                .counting_from(self.added)
                .next_execution(now)
                .map(|execution| execution.to_string()),
            Some(_) => None,
            None => task.reported_time().map(|time| time.to_string()),
        };
        ReferenceTask {
            task: task.clone(),
            change: self.change,
            next_execution_time,
        }
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

/// The place that a cursor's text names; none for a text that is no cursor.
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
