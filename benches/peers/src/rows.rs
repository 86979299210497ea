//! Tasks in a `Vec`, found by id: what the engines that are written by hand share.

use std::collections::HashMap;

use taskdex::testkit::Workload;
use taskdex::{Execution, LastStatus, Task, TaskName};

use crate::listing::{Fields, Records, Visit};

/// A task and its next execution after [`Workload::NOW`].
///
/// The rows are taskdex's own compact tasks, which favours the engines that hold them.
#[derive(Debug, Clone)]
pub struct Row {
    /// The task.
    pub task: Task,
    /// Computed when the task is added or changed, as if no time passed between listings.
    pub next: Option<Execution>,
}

impl From<Task> for Row {
    fn from(task: Task) -> Self {
        let schedule = task.schedule().filter(|_| task.is_enabled());
        let schedule = schedule.map(|it| it.counting_from(Workload::NOW));
        let next = schedule.and_then(|it| it.next_execution(Workload::NOW));
        Self { task, next }
    }
}

impl Row {
    /// Its place among rows by next execution: rows without one are last.
    #[must_use]
    pub fn next_second(&self) -> i64 {
        self.next.map_or(i64::MAX, Execution::unix_seconds)
    }

    /// Hands over its fields.
    pub fn visit(&self, each: Visit<'_>) {
        let text = self.next.map(Execution::to_ascii);
        each(&Fields::of(&self.task, text.as_ref()));
    }
}

/// A change of one task.
#[derive(Debug, Clone)]
pub enum Change {
    /// Sets how the latest execution ended.
    Status(String, LastStatus),
    /// Gives a task another name.
    Rename(String, TaskName),
    /// Puts a task in the place of the one with its id.
    Replace(Task),
    /// Adds a task at the end.
    Add(Task),
    /// Removes a task.
    Remove(String),
}

impl Change {
    /// The id of the task.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Status(id, _) | Self::Rename(id, _) | Self::Remove(id) => id,
            Self::Replace(task) | Self::Add(task) => task.id(),
        }
    }

    /// The row that the change makes of another, which an addition does not need.
    #[must_use]
    pub fn row(&self, old: Option<&Row>) -> Option<Row> {
        match self {
            Self::Add(task) | Self::Replace(task) => Some(Row::from(task.clone())),
            Self::Remove(_) => None,
            Self::Status(_, status) => old.cloned().map(|row| Row {
                task: row.task.with_last_status(Some(*status)),
                next: row.next,
            }),
            Self::Rename(_, name) => old.cloned().map(|row| Row {
                task: row.task.with_task_name(name),
                next: row.next,
            }),
        }
    }
}

/// Rows by position and by id. A removed row leaves a hole, so that no other one moves.
#[derive(Debug, Default)]
pub struct Rows {
    rows: Vec<Option<Row>>,
    positions: HashMap<Box<str>, u32>,
}

impl Rows {
    /// The rows of these tasks, in their order.
    #[must_use]
    pub fn load(tasks: Vec<Task>) -> Self {
        let positions = (0..).zip(&tasks).map(|(at, task)| (task.id().into(), at));
        Self {
            positions: positions.collect(),
            rows: tasks.into_iter().map(|task| Some(task.into())).collect(),
        }
    }

    /// The rows with their positions.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Row)> {
        (0..)
            .zip(&self.rows)
            .filter_map(|(at, row)| Some((at, row.as_ref()?)))
    }

    /// The row at a position that has one.
    #[must_use]
    pub fn at(&self, position: u32) -> &Row {
        self.rows[position as usize]
            .as_ref()
            .expect("a row that is indexed")
    }

    /// Carries out a change; returns the position, and the row before and after it.
    pub fn change(&mut self, change: &Change) -> (u32, Option<Row>, Option<&Row>) {
        let end = u32::try_from(self.rows.len()).expect("fewer than 2^32 rows");
        let position = match change {
            Change::Add(task) => {
                self.positions.insert(task.id().into(), end);
                self.rows.push(None);
                end
            }
            Change::Remove(id) => self.positions.remove(id.as_str()).expect("a known id"),
            other => self.positions[other.id()],
        };
        let row = &mut self.rows[position as usize];
        let new = change.row(row.as_ref());
        let old = std::mem::replace(row, new);
        (position, old, row.as_ref())
    }

    /// A copy of the rows.
    #[must_use]
    pub fn snapshot(&self) -> Box<dyn Records> {
        Box::new(self.rows.clone())
    }
}

impl Records for Vec<Option<Row>> {
    fn for_each(&self, each: Visit<'_>) {
        self.iter().flatten().for_each(|row| row.visit(each));
    }
}
