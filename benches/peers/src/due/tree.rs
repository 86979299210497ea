use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use taskdex::Task;

use super::{Entries, Queue};

/// A `BTreeSet` of instants and positions.
#[derive(Debug)]
pub struct Tree {
    entries: Entries,
    pending: BTreeSet<(i64, u32)>,
}

impl Queue for Tree {
    const NAME: &str = "BTreeSet";
    type Tasks = Entries;

    fn tasks(_: &[Task], entries: &Entries) -> Entries {
        entries.clone()
    }

    fn begin(entries: Entries) -> Self {
        let pending = entries.iter().collect();
        Self { entries, pending }
    }

    fn take(&mut self, now: DateTime<Utc>, each: &mut dyn FnMut(&str, i64)) {
        while let Some(&(second, position)) = self.pending.first()
            && second <= now.timestamp()
        {
            self.pending.pop_first();
            each(self.entries.id(position), second);
            let next = self.entries.put_back(position, now);
            next.map(|second| self.pending.insert((second, position)));
        }
    }

    fn add(&mut self, task: Task, now: DateTime<Utc>) {
        let (position, next) = self.entries.add(&task, now);
        next.map(|second| self.pending.insert((second, position)));
    }

    fn disable(&mut self, id: &str, _: DateTime<Utc>) {
        let (position, pending) = self.entries.disable(id);
        pending.map(|second| self.pending.remove(&(second, position)));
    }
}
