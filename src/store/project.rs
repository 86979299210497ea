//! One project's tasks, in the order of adding.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::error::Error;
use crate::query::{ListQuery, Order, Page, Revision, ScheduledTask};
use crate::schedule::Execution;
use crate::task::Task;

/// The tasks of one project and their history.
#[derive(Debug)]
pub(super) struct Project {
    rows: Vec<Row>,
    positions: HashMap<Box<str>, usize>,
    revision: Revision,
    /// Set once the project is taken out of the store: whoever still holds it
    /// must look again.
    pub(super) retired: bool,
}

#[derive(Debug)]
struct Row {
    task: Task,
    version: Revision,
    /// A `DAY` schedule without a start date counts from here.
    added: DateTime<Utc>,
}

impl Row {
    fn next_execution(&self, now: DateTime<Utc>) -> Option<Execution> {
        if !self.task.is_enabled() {
            return None;
        }
        let schedule = self.task.schedule()?.counting_from(self.added);
        schedule.next_execution(now)
    }

    fn listed(&self, now: DateTime<Utc>) -> ScheduledTask {
        ScheduledTask::new(self.task.clone(), self.version, self.next_execution(now))
    }
}

impl Project {
    pub(super) fn new(revision: Revision) -> Self {
        Self {
            rows: Vec::new(),
            positions: HashMap::new(),
            revision,
            retired: false,
        }
    }

    pub(super) fn revision(&self) -> Revision {
        self.revision
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.positions.contains_key(id)
    }

    pub(super) fn get(&self, id: &str, now: DateTime<Utc>) -> Option<ScheduledTask> {
        let row = self.rows.get(*self.positions.get(id)?)?;
        Some(row.listed(now))
    }

    /// Adds tasks as one change. The caller has checked that their ids are free.
    pub(super) fn add(
        &mut self,
        tasks: impl IntoIterator<Item = Task>,
        now: DateTime<Utc>,
    ) -> Revision {
        let version = self.revision.next();
        for task in tasks {
            self.positions.insert(task.id().into(), self.rows.len());
            self.rows.push(Row {
                task,
                version,
                added: now,
            });
        }
        self.revision = version;
        version
    }

    /// Changes a task in its place.
    pub(super) fn change(
        &mut self,
        id: &str,
        change: impl FnOnce(Task) -> Task,
    ) -> Result<Revision, Error> {
        let row = self
            .positions
            .get(id)
            .and_then(|&position| self.rows.get_mut(position))
            .ok_or_else(|| Error::task_not_found(id))?;
        self.revision = self.revision.next();
        row.task = change(row.task.clone());
        row.version = self.revision;
        Ok(row.version)
    }

    pub(super) fn remove(&mut self, id: &str) -> Result<Revision, Error> {
        let position = self
            .positions
            .remove(id)
            .ok_or_else(|| Error::task_not_found(id))?;
        self.rows.remove(position);
        for later in self.positions.values_mut() {
            if *later > position {
                *later -= 1;
            }
        }
        self.revision = self.revision.next();
        Ok(self.revision)
    }

    pub(super) fn list(&self, query: &ListQuery, now: DateTime<Utc>) -> Page {
        let matching = || self.rows.iter().filter(|row| query.matches(&row.task));
        let total = matching().count();
        let offset = usize::try_from(query.offset()).unwrap_or(usize::MAX);
        let limit = usize::try_from(query.limit()).unwrap_or(usize::MAX);
        let listed = |row: &Row| row.listed(now);
        let tasks = match query.listed_order() {
            Order::OldestFirst => matching().skip(offset).take(limit).map(listed).collect(),
            Order::NewestFirst => matching()
                .rev()
                .skip(offset)
                .take(limit)
                .map(listed)
                .collect(),
        };
        Page::new(tasks, total as u64, self.revision)
    }
}
