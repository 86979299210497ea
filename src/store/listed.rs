//! From rows to what callers get: owned pages, with next executions.

use chrono::{DateTime, Utc};

use crate::index::{Index, Known, Moment, Next, Row, RowView, Selected, Slot};
use crate::query::{Cursor, Page, Revision, ScheduledTask};
use crate::schedule::{Execution, Schedule};
use crate::task::{Task, TaskView};

/// What a listing found out about a row's next execution.
#[derive(Debug)]
pub(super) struct Learnt {
    pub(super) slot: Slot,
    pub(super) sequence: u64,
    pub(super) version: Revision,
    pub(super) next: Next,
}

/// The page of the rows that a query selects, and what was learnt on the way.
pub(super) fn page(index: &Index, selected: &Selected, now: DateTime<Utc>) -> (Page, Vec<Learnt>) {
    let rows = index.page(selected);
    let rows = || rows.iter().flatten().copied();
    let mut learnt = Vec::new();
    let mut tasks = Vec::with_capacity(selected.slots().len());
    for (row, &slot) in rows().zip(selected.slots()) {
        let task = Task::without_texts(*row.row.attributes());
        let next_execution = learn(row, slot, now, &mut learnt);
        tasks.push(ScheduledTask::new(task, row.row.version(), next_execution));
        // Written where they stay: a task that is moved there costs twice as much.
        if let Some(listed) = tasks.last_mut() {
            listed.set_texts(row.task().texts());
        }
    }
    let cursor = rows()
        .last()
        .map(|row| Cursor::after_sequence(row.sequence));
    let page = Page::new(tasks, u64::from(selected.total), index.revision()).with_cursor(cursor);
    (page, learnt)
}

/// Shows each task of the rows that a query selects, and returns what was learnt on the way.
pub(super) fn for_each(
    index: &Index,
    selected: &Selected,
    now: DateTime<Utc>,
    mut each: impl FnMut(TaskView<'_>, Option<Execution>),
) -> Vec<Learnt> {
    let rows = index.page(selected);
    let mut learnt = Vec::new();
    for (row, &slot) in rows.iter().flatten().zip(selected.slots()) {
        let next_execution = learn(*row, slot, now, &mut learnt);
        each(row.task(), next_execution);
    }
    learnt
}

/// The first execution of a row after `now`, with what the row should know of it.
fn learn(
    row: RowView<'_>,
    slot: Slot,
    now: DateTime<Utc>,
    learnt: &mut Vec<Learnt>,
) -> Option<Execution> {
    let (next_execution, news) = next_execution(row.row, now);
    if let Some(next) = news {
        learnt.push(Learnt {
            slot,
            sequence: row.sequence,
            version: row.row.version(),
            next,
        });
    }
    next_execution
}

/// The first execution of a row after `now`; and, if the row did not know it,
/// what it should know.
pub(super) fn next_execution(row: &Row, now: DateTime<Utc>) -> (Option<Execution>, Option<Next>) {
    if !row.attributes().is_enabled() {
        return (None, None);
    }
    let second = now.timestamp();
    match row.next().at(second) {
        Known::Next(moment) => (Some(execution(moment)), None),
        Known::None => (None, None),
        Known::Nothing => {
            let schedule = row.attributes().schedule();
            let next = next_around(schedule, row.added(), now);
            match next.at(second) {
                Known::Next(moment) => (Some(execution(moment)), Some(next)),
                Known::None => (None, Some(next)),
                // Too far apart to be kept.
                Known::Nothing => {
                    let execution = schedule
                        .and_then(|schedule| anchored(schedule, row.added()).next_execution(now));
                    (execution, None)
                }
            }
        }
    }
}

/// The next execution after `now` of a task first added at the second `added`,
/// with the span for which it holds.
pub(super) fn next_around(schedule: Option<&Schedule>, added: i64, now: DateTime<Utc>) -> Next {
    let Some(schedule) = schedule else {
        return Next::NEVER;
    };
    let (last, next) = anchored(schedule, added).neighbours(now);
    Next::between(
        last.map(Execution::unix_seconds),
        next.map(|next| Moment {
            instant: next.unix_seconds(),
            offset: next.offset_seconds(),
        }),
    )
}

fn anchored(schedule: &Schedule, added: i64) -> Schedule {
    // The second is one of chrono's: it was taken from an instant.
    schedule.counting_from(DateTime::from_timestamp(added, 0).unwrap_or_default())
}

fn execution(moment: Moment) -> Execution {
    Execution::new(moment.instant, moment.offset)
}
