use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::{DateTime, Utc};
use taskdex::Task;

use super::{Entries, Queue};

/// A `BinaryHeap` whose entries grow stale: one that is no longer pending is left where it is,
/// and passed over once it is on top.
#[derive(Debug)]
pub struct Heap {
    entries: Entries,
    pending: BinaryHeap<Reverse<(i64, u32)>>,
}

impl Queue for Heap {
    const NAME: &str = "BinaryHeap";
    type Tasks = Entries;

    fn tasks(_: &[Task], entries: &Entries) -> Entries {
        entries.clone()
    }

    fn begin(entries: Entries) -> Self {
        let pending = entries.iter().map(Reverse).collect();
        Self { entries, pending }
    }

    fn take(&mut self, now: DateTime<Utc>, each: &mut dyn FnMut(&str, i64)) {
        while let Some(&Reverse((second, position))) = self.pending.peek()
            && second <= now.timestamp()
        {
            self.pending.pop();
            if self.entries.pending(position) == Some(second) {
                each(self.entries.id(position), second);
                let next = self.entries.put_back(position, now);
                self.pending
                    .extend(next.map(|second| Reverse((second, position))));
            }
        }
    }

    fn add(&mut self, task: Task, now: DateTime<Utc>) {
        let (position, next) = self.entries.add(&task, now);
        self.pending
            .extend(next.map(|second| Reverse((second, position))));
    }

    fn disable(&mut self, id: &str, _: DateTime<Utc>) {
        self.entries.disable(id);
    }
}
