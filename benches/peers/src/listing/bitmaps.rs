use std::collections::BTreeSet;

use memchr::memmem::Finder;
use roaring::RoaringBitmap;
use taskdex::{LastStatus, LifeCycleType, ScheduledType, Task, TaskType};

use super::{Engine, LIMIT, Question, Records, Visit};
use crate::rows::{Change, Row, Rows};

/// Rows, and a roaring bitmap of positions for each value of each filter, kept by hand.
///
/// Names are looked at one by one. A `BTreeSet` keeps the order of next executions.
#[derive(Debug)]
pub struct Bitmaps {
    rows: Rows,
    /// One for each place that [`places`] names.
    sets: Vec<RoaringBitmap>,
    by_next: BTreeSet<(i64, u32)>,
}

/// Where the bitmap of a value is: all timed tasks, then the values of each filter.
const TIMED: usize = 0;
const SCHEDULED: usize = TIMED + 1;
const TYPES: usize = SCHEDULED + ScheduledType::ALL.len();
const EVENTS: usize = TYPES + TaskType::ALL.len();
const STATUSES: usize = EVENTS + LifeCycleType::ALL.len();
const COUNT: usize = STATUSES + LastStatus::ALL.len();

/// The bitmaps that a row stands in.
fn places(row: &Row) -> [Option<usize>; 5] {
    let task = &row.task;
    [
        task.scheduled_type().is_timed().then_some(TIMED),
        Some(SCHEDULED + task.scheduled_type() as usize),
        Some(TYPES + task.task_type() as usize),
        task.life_cycle_type().map(|it| EVENTS + it as usize),
        task.last_status().map(|it| STATUSES + it as usize),
    ]
}

impl Bitmaps {
    /// The engine with these tasks.
    #[must_use]
    pub fn load(tasks: Vec<Task>) -> Self {
        let rows = Rows::load(tasks);
        let mut sets = vec![RoaringBitmap::new(); COUNT];
        let mut by_next = Vec::new();
        for (at, row) in rows.iter() {
            for place in places(row).into_iter().flatten() {
                sets[place].insert(at);
            }
            by_next.push((row.next_second(), at));
        }
        Self {
            rows,
            sets,
            by_next: by_next.into_iter().collect(),
        }
    }

    /// The bitmaps whose intersection answers a question, but for the name.
    fn asked(&self, question: &Question) -> Vec<&RoaringBitmap> {
        let scope = question
            .scheduled_type
            .map_or(TIMED, |it| SCHEDULED + it as usize);
        let places = [
            Some(scope),
            question.task_type.map(|it| TYPES + it as usize),
            question.life_cycle_type.map(|it| EVENTS + it as usize),
            question.last_status.map(|it| STATUSES + it as usize),
        ];
        places
            .into_iter()
            .flatten()
            .map(|place| &self.sets[place])
            .collect()
    }
}

/// The intersection, with its smallest bitmap first; no copy where there is but one.
fn intersect<'a>(
    mut bitmaps: Vec<&RoaringBitmap>,
    one: &'a mut RoaringBitmap,
) -> &'a RoaringBitmap {
    bitmaps.sort_unstable_by_key(|it| it.len());
    *one = bitmaps[0] & bitmaps[1];
    for bitmap in &bitmaps[2..] {
        *one &= *bitmap;
    }
    one
}

impl Engine for Bitmaps {
    fn list(&self, question: &Question, each: Visit<'_>) -> usize {
        let asked = self.asked(question);
        let mut found = RoaringBitmap::new();
        let mut found = match asked.as_slice() {
            [one] => *one,
            _ => intersect(asked, &mut found),
        };
        let named;
        if let Some(text) = question.task_name {
            let finder = Finder::new(text.as_bytes());
            let is_named = |&at: &u32| finder.find(self.rows.at(at).task.task_name().as_bytes());
            let positions = found.iter().filter(|at| is_named(at).is_some());
            named = RoaringBitmap::from_sorted_iter(positions).expect("ascending positions");
            found = &named;
        }
        if question.by_next {
            let positions = self.by_next.iter().map(|&(_, at)| at);
            let positions = positions.filter(|&at| found.contains(at));
            for at in positions.skip(question.offset).take(LIMIT) {
                self.rows.at(at).visit(each);
            }
        } else if let Ok(offset) = u32::try_from(question.offset)
            && let Some(first) = found.select(offset)
        {
            for at in found.range(first..).take(LIMIT) {
                self.rows.at(at).visit(each);
            }
        }
        usize::try_from(found.len()).expect("a count")
    }

    /// Touches the bitmaps of values that change, and no others.
    fn change(&mut self, change: &Change) {
        let (at, old, new) = self.rows.change(change);
        let left = old.as_ref().map(places).unwrap_or_default();
        let entered = new.map(places).unwrap_or_default();
        for (left, entered) in left.into_iter().zip(entered) {
            if left != entered {
                left.map(|place| self.sets[place].remove(at));
                entered.map(|place| self.sets[place].insert(at));
            }
        }
        let (old, new) = (old.map(|it| it.next_second()), new.map(Row::next_second));
        if old != new {
            old.map(|second| self.by_next.remove(&(second, at)));
            new.map(|second| self.by_next.insert((second, at)));
        }
    }

    fn snapshot(&self) -> Box<dyn Records> {
        self.rows.snapshot()
    }
}
