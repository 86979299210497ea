use std::collections::HashMap;

use chrono::{DateTime, Utc};
use taskdex::testkit::Workload;
use taskdex::{Execution, Schedule, Task};

/// Tasks as queues need them that keep positions only: what is pending of each, and its schedule.
#[derive(Debug, Default, Clone)]
pub struct Entries {
    entries: Vec<Entry>,
    positions: HashMap<Box<str>, u32>,
}

#[derive(Debug, Clone)]
struct Entry {
    id: Box<str>,
    /// `None` for a task that is disabled, or has none.
    schedule: Option<Schedule>,
    pending: Option<i64>,
}

impl Entries {
    /// Tasks that were added at [`Workload::NOW`].
    #[must_use]
    pub fn load(tasks: &[Task]) -> Self {
        let mut entries = Self::default();
        for task in tasks {
            entries.add(task, Workload::NOW);
        }
        entries
    }

    /// Adds a task; returns its position and what is pending.
    pub fn add(&mut self, task: &Task, now: DateTime<Utc>) -> (u32, Option<i64>) {
        let position = u32::try_from(self.entries.len()).expect("fewer than 2^32 tasks");
        let schedule = task.schedule().filter(|_| task.is_enabled());
        self.entries.push(Entry {
            id: task.id().into(),
            schedule: schedule.map(|it| it.counting_from(now)),
            pending: None,
        });
        self.positions.insert(task.id().into(), position);
        (position, self.put_back(position, now))
    }

    /// Disables a task; returns its position and what was pending.
    pub fn disable(&mut self, id: &str) -> (u32, Option<i64>) {
        let position = self.positions[id];
        let entry = &mut self.entries[position as usize];
        entry.schedule = None;
        (position, entry.pending.take())
    }

    /// Makes the first execution after `now` the pending one.
    pub fn put_back(&mut self, position: u32, now: DateTime<Utc>) -> Option<i64> {
        let entry = &mut self.entries[position as usize];
        let next = entry.schedule.and_then(|it| it.next_execution(now));
        entry.pending = next.map(Execution::unix_seconds);
        entry.pending
    }

    /// What is pending of a task.
    #[must_use]
    pub fn pending(&self, position: u32) -> Option<i64> {
        self.entries[position as usize].pending
    }

    /// The id of a task.
    #[must_use]
    pub fn id(&self, position: u32) -> &str {
        &self.entries[position as usize].id
    }

    /// Whether there are no tasks.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many tasks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// All that is pending, with positions.
    pub fn iter(&self) -> impl Iterator<Item = (i64, u32)> {
        (0..)
            .zip(&self.entries)
            .filter_map(|(position, it)| Some((it.pending?, position)))
    }
}
