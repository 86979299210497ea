//! The documented listing over the same tasks in six engines.

mod bitmaps;
mod cases;
mod composable;
mod contest;
mod scan;
mod sqlite;
mod taskdex;

use std::hint::black_box;

use ::taskdex::{LastStatus, LifeCycleType, ListQuery, NameMatch, Order, ScheduledType, Task};
use ::taskdex::{TaskType, testkit::Workload};
use memchr::memmem::Finder;
use serde::Serialize;

pub use self::bitmaps::Bitmaps;
pub use self::cases::{Case, cases};
pub use self::composable::Composable;
pub use self::contest::run;
pub use self::scan::Scan;
pub use self::sqlite::Sqlite;
pub use self::taskdex::Taskdex;

use crate::rows::Change;

/// Tasks on a page: the most that the listing gives.
pub const LIMIT: usize = 50;

/// What is done with the fields of each row.
pub type Visit<'a> = &'a mut dyn FnMut(&Fields<'_>);

/// What an engine is asked: the documented filters, an order and an offset.
#[derive(Debug, Clone, Copy, Default)]
pub struct Question {
    /// `task_name`, as a substring.
    pub task_name: Option<&'static str>,
    /// `task_type`.
    pub task_type: Option<TaskType>,
    /// `scheduled_type`.
    pub scheduled_type: Option<ScheduledType>,
    /// `life_cycle_type`.
    pub life_cycle_type: Option<LifeCycleType>,
    /// `last_status`.
    pub last_status: Option<LastStatus>,
    /// By next execution instead of by adding.
    pub by_next: bool,
    /// `offset`.
    pub offset: usize,
}

impl Question {
    /// Tells whether a task matches: the name is looked at last.
    pub fn matcher(self) -> impl Fn(&Task) -> bool {
        let finder = self.task_name.map(|text| Finder::new(text.as_bytes()));
        move |task| {
            let is_in_scope = match self.scheduled_type {
                Some(asked) => asked == task.scheduled_type(),
                None => task.scheduled_type().is_timed(),
            };
            is_in_scope
                && self.task_type.is_none_or(|it| it == task.task_type())
                && (self.last_status).is_none_or(|it| Some(it) == task.last_status())
                && (self.life_cycle_type).is_none_or(|it| Some(it) == task.life_cycle_type())
                && (finder.as_ref()).is_none_or(|it| it.find(task.task_name().as_bytes()).is_some())
        }
    }

    /// The query in taskdex's own words.
    #[must_use]
    pub fn query(&self) -> ListQuery {
        let name = |text| NameMatch::contains(text).expect("a short text");
        let order = if self.by_next {
            Order::NextExecution
        } else {
            Order::OldestFirst
        };
        ListQuery::new(self.offset as u64, 50)
            .expect("a limit of at most 50")
            .with_task_name(self.task_name.map(name))
            .with_task_type(self.task_type)
            .with_scheduled_type(self.scheduled_type)
            .with_life_cycle_type(self.life_cycle_type)
            .with_last_status(self.last_status)
            .with_order(order)
    }
}

/// The twelve documented fields of a task, borrowed. As JSON they are the documented record.
#[derive(Debug, Clone, Serialize)]
#[serde(bound(serialize = ""))]
pub struct Fields<'a> {
    /// `id`.
    pub id: &'a str,
    /// `task_name`.
    pub task_name: &'a str,
    /// `task_type`.
    pub task_type: TaskType,
    /// `scheduled_type`.
    pub scheduled_type: ScheduledType,
    /// `life_cycle_type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub life_cycle_type: Option<LifeCycleType>,
    /// `last_status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_status: Option<LastStatus>,
    /// `next_execution_time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_execution_time: Option<&'a str>,
    /// `enable`.
    pub enable: bool,
    /// `description`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    /// `priority`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u32>,
    /// `time_zone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<&'a str>,
    /// `wait_time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_time: Option<u32>,
}

impl<'a> Fields<'a> {
    /// The fields of a task, and the text of its next execution.
    #[must_use]
    pub fn of(task: &'a Task, next: Option<&'a [u8; 19]>) -> Self {
        Self {
            id: task.id(),
            task_name: task.task_name(),
            task_type: task.task_type(),
            scheduled_type: task.scheduled_type(),
            life_cycle_type: task.life_cycle_type(),
            last_status: task.last_status(),
            next_execution_time: next.map(|it| str::from_utf8(it).expect("ASCII")),
            enable: task.is_enabled(),
            description: task.description(),
            priority: task.priority(),
            time_zone: task.time_zone(),
            wait_time: task.wait_time(),
        }
    }

    /// Appends the record as JSON.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        serde_json::to_writer(out, self).expect("a Vec takes all");
    }
}

/// Tasks that stay as they are.
pub trait Records {
    /// Hands over all of them in the order of adding, triggered ones too.
    fn for_each(&self, each: Visit<'_>);
}

/// A store of tasks that answers the listing and is changed.
pub trait Engine {
    /// Hands over the fields of a page's tasks, and returns the total.
    fn list(&self, question: &Question, each: Visit<'_>) -> usize;

    /// Appends the documented body. `query` is the question as a query string, for an engine
    /// that reads one; the others are given the question, which favours them.
    fn list_json(&self, question: &Question, _query: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"scheduled_tasks\":[");
        let begin = out.len();
        let total = self.list(question, &mut |fields| {
            if out.len() > begin {
                out.push(b',');
            }
            fields.write_json(out);
        });
        out.extend_from_slice(format!("],\"total_count\":{total}}}").as_bytes());
    }

    /// Carries out a change, visible at once.
    fn change(&mut self, change: &Change);

    /// All tasks as they are, unmoved by later changes.
    fn snapshot(&self) -> Box<dyn Records>;
}

/// The total and the page, as text that is equal where all fields are.
#[must_use]
pub fn answer(engine: &dyn Engine, question: &Question) -> (usize, Vec<String>) {
    let mut page = Vec::new();
    let total = engine.list(question, &mut |fields| page.push(format!("{fields:?}")));
    (total, page)
}

/// Asks, and reads every field of the page.
pub fn read(engine: &dyn Engine, question: &Question) {
    black_box(engine.list(black_box(question), &mut |fields| {
        black_box(fields);
    }));
}

/// The seeded tasks that every engine holds, and those after them that are added.
#[must_use]
pub fn workload(count: usize) -> Workload {
    Workload::new(0x0c41, count)
}

/// The seeded tasks that every engine holds.
#[must_use]
pub fn tasks(count: usize) -> Vec<Task> {
    workload(count).tasks().collect()
}
