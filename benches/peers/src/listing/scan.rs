use taskdex::Task;

use super::{Engine, LIMIT, Question, Records, Visit};
use crate::rows::{Change, Row, Rows};

/// A `Vec` of tasks, every one of which is looked at, and a `HashMap` of their ids for changes.
///
/// What the other engines answer is compared with it.
#[derive(Debug)]
pub struct Scan(Rows);

impl Scan {
    /// The engine with these tasks.
    #[must_use]
    pub fn load(tasks: Vec<Task>) -> Self {
        Self(Rows::load(tasks))
    }
}

impl Engine for Scan {
    fn list(&self, question: &Question, each: Visit<'_>) -> usize {
        let matches = question.matcher();
        let matching = self.0.iter().filter(|(_, row)| matches(&row.task));
        let window = question.offset..question.offset + LIMIT;
        if question.by_next {
            return by_next(matching, window, each);
        }
        let mut total = 0;
        for (_, row) in matching {
            if window.contains(&total) {
                row.visit(each);
            }
            total += 1;
        }
        total
    }

    fn change(&mut self, change: &Change) {
        self.0.change(change);
    }

    fn snapshot(&self) -> Box<dyn Records> {
        self.0.snapshot()
    }
}

/// The rows of a window in the order of their next executions, of which no more are sorted.
fn by_next<'a>(
    rows: impl Iterator<Item = (u32, &'a Row)>,
    window: std::ops::Range<usize>,
    each: Visit<'_>,
) -> usize {
    let mut rows: Vec<_> = rows.map(|(at, row)| (row.next_second(), at, row)).collect();
    let key = |&(second, at, _): &(i64, u32, &Row)| (second, at);
    let total = rows.len();
    if window.end < total {
        rows.select_nth_unstable_by_key(window.end, key);
        rows.truncate(window.end);
    }
    rows.sort_unstable_by_key(key);
    for (_, _, row) in rows.iter().skip(window.start) {
        row.visit(each);
    }
    total
}
