//! The listing by the plainest means, as a check on the engine.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::error::ErrorKind;
use crate::query::{ListQuery, NameMatch, NameMatchMode, Order};
use crate::task::{LastStatus, LifeCycleType, ProjectId, ScheduledType, Task, TaskName, TaskType};

/// The operations of [`TaskStore`](crate::TaskStore), by a scan of a list.
///
/// It shares no code with the engine: filters, order and pages are written anew
/// over the public accessors. Only the schedule's own
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
    /// A project is here while it has tasks; they are in the order of adding.
    projects: BTreeMap<ProjectId, Vec<Entry>>,
    changes: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    task: Task,
    change: u64,
    added: DateTime<Utc>,
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

    /// Adds a task at the end of the project's order; gives the change's number.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskExists`].
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
    /// [`ErrorKind::TaskExists`], at the first task whose id is taken.
    pub fn add_all(
        &mut self,
        project: &ProjectId,
        tasks: Vec<Task>,
        now: DateTime<Utc>,
    ) -> Result<u64, ReferenceRefusal> {
        if tasks.is_empty() {
            return Ok(self.changes);
        }
        let mut entries = self.entries(project).to_vec();
        let mut ids: std::collections::BTreeSet<String> = entries
            .iter()
            .map(|entry| entry.task.id().to_owned())
            .collect();
        let change = self.changes + 1;
        for (position, task) in tasks.into_iter().enumerate() {
            if !ids.insert(task.id().to_owned()) {
                let kind = ErrorKind::TaskExists;
                return Err(ReferenceRefusal { kind, position });
            }
            entries.push(Entry {
                task,
                change,
                added: now,
            });
        }
        self.changes = change;
        self.projects.insert(project.clone(), entries);
        Ok(change)
    }

    /// Makes the project hold exactly these tasks; none where it did already.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskExists`], at the first task whose id the batch has before.
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
        let before = self.entries(project).to_vec();
        let mut differs = false;
        let mut after = Vec::new();
        for mut entry in before.clone() {
            match tasks.iter().find(|task| task.id() == entry.task.id()) {
                None => differs = true,
                Some(task) if *task == entry.task => after.push(entry),
                Some(task) => {
                    differs = true;
                    entry.task = task.clone();
                    entry.change = change;
                    after.push(entry);
                }
            }
        }
        for task in tasks {
            if !before.iter().any(|entry| entry.task.id() == task.id()) {
                differs = true;
                after.push(Entry {
                    task,
                    change,
                    added: now,
                });
            }
        }
        if !differs {
            return Ok(None);
        }
        self.changes = change;
        if after.is_empty() {
            self.projects.remove(project);
        } else {
            self.projects.insert(project.clone(), after);
        }
        Ok(Some(change))
    }

    /// Replaces the task of the same id, in its place.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskNotFound`].
    pub fn replace(&mut self, project: &ProjectId, task: Task) -> Result<u64, ReferenceRefusal> {
        let id = task.id().to_owned();
        self.change(project, &id, |_| task)
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
        self.change(project, id, |task| task.with_task_name(task_name))
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
        self.change(project, id, |task| task.with_last_status(last_status))
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
        self.change(project, id, |task| task.with_enabled(enabled))
    }

    /// Removes a task.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TaskNotFound`].
    pub fn remove(&mut self, project: &ProjectId, id: &str) -> Result<u64, ReferenceRefusal> {
        let mut entries = self.entries(project).to_vec();
        entries.retain(|entry| entry.task.id() != id);
        if entries.len() == self.entries(project).len() {
            return Err(NOT_FOUND);
        }
        self.changes += 1;
        if entries.is_empty() {
            self.projects.remove(project);
        } else {
            self.projects.insert(project.clone(), entries);
        }
        Ok(self.changes)
    }

    /// Removes a project, and tells how many tasks it had.
    pub fn remove_project(&mut self, project: &ProjectId) -> u64 {
        let Some(entries) = self.projects.remove(project) else {
            return 0;
        };
        self.changes += 1;
        entries.len() as u64
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
        if query.listed_order() == Order::NewestFirst {
            matching.reverse();
        }
        let total_count = matching.len() as u64;
        let tasks = (0_u64..)
            .zip(matching)
            .skip_while(|(position, _)| *position < query.offset())
            .take(query.limit() as usize)
            .map(|(_, entry)| entry.listed(now))
            .collect();
        ReferencePage { tasks, total_count }
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
        let mut counts = BTreeMap::from([("-", never(query.clone().last_status(None)))]);
        for value in TaskType::ALL {
            counts.insert(value.as_str(), total(query.clone().task_type(*value)));
        }
        for value in ScheduledType::ALL {
            counts.insert(value.as_str(), total(query.clone().scheduled_type(*value)));
        }
        for value in LifeCycleType::ALL {
            counts.insert(value.as_str(), total(query.clone().life_cycle_type(*value)));
        }
        for value in LastStatus::ALL {
            counts.insert(value.as_str(), total(query.clone().last_status(*value)));
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
        self.projects.get(project).map_or(&[], Vec::as_slice)
    }

    fn change(
        &mut self,
        project: &ProjectId,
        id: &str,
        change: impl FnOnce(Task) -> Task,
    ) -> Result<u64, ReferenceRefusal> {
        let entries = self.projects.get_mut(project);
        let entry = entries
            .into_iter()
            .flatten()
            .find(|entry| entry.task.id() == id)
            .ok_or(NOT_FOUND)?;
        self.changes += 1;
        entry.task = change(entry.task.clone());
        entry.change = self.changes;
        Ok(self.changes)
    }
}

const NOT_FOUND: ReferenceRefusal = ReferenceRefusal {
    kind: ErrorKind::TaskNotFound,
    position: 0,
};

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
    let asks_for_triggered = query.scheduled_type_filter() == Some(ScheduledType::LifeCycle);
    if is_triggered != asks_for_triggered {
        return false;
    }
    if let Some(scheduled_type) = query.scheduled_type_filter()
        && task.scheduled_type() != scheduled_type
    {
        return false;
    }
    if let Some(task_type) = query.task_type_filter()
        && task.task_type() != task_type
    {
        return false;
    }
    if let Some(life_cycle_type) = query.life_cycle_type_filter()
        && task.life_cycle_type() != Some(life_cycle_type)
    {
        return false;
    }
    if let Some(last_status) = query.last_status_filter()
        && task.last_status() != Some(last_status)
    {
        return false;
    }
    match query.task_name_filter() {
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
