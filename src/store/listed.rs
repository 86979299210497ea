//! From rows to what callers get: owned pages, with next executions.

use chrono::{DateTime, Utc};

use crate::index::{CachedNext, Index, Known, Moment, RowView, Selected, Slot};
use crate::query::{Cursor, ListQuery, Page, PageSummary, Revision, ScheduledTask};
use crate::schedule::{Execution, Schedule};
use crate::task::Task;

/// The next execution of a row, which a listing computed.
#[derive(Debug)]
pub(super) struct ComputedNext {
    pub(super) slot: Slot,
    pub(super) sequence: u64,
    pub(super) version: Revision,
    pub(super) next: CachedNext,
}

/// The page of the rows that a query selects, and the next executions that it computed.
pub(super) fn page(
    index: &Index,
    query: &ListQuery,
    selected: &Selected,
    now: DateTime<Utc>,
) -> (Page, Vec<ComputedNext>) {
    let mut computed = Vec::new();
    let mut tasks = Vec::with_capacity(selected.slots().len());
    for (slot, row) in index.page(selected) {
        let next_execution = next_noted(row, slot, now, &mut computed);
        push(&mut tasks, row, next_execution);
    }
    (Page::new(tasks, summary(index, query, selected)), computed)
}

/// Adds a row's task to a page.
#[inline]
pub(super) fn push(
    tasks: &mut Vec<ScheduledTask>,
    row: RowView<'_>,
    next_execution: Option<Execution>,
) {
    let task = Task::without_texts(*row.task().attributes());
    tasks.push(listed(row, task, next_execution));
    // Texts are written where they stay: moving them there takes a sixth of a page's time.
    if let Some(listed) = tasks.last_mut() {
        listed.task_mut().clone_texts_from(row.task());
    }
}

/// A row's task as it is listed.
#[inline]
pub(super) fn listed(
    row: RowView<'_>,
    task: Task,
    next_execution: Option<Execution>,
) -> ScheduledTask {
    let head = row.head();
    ScheduledTask::new(
        task,
        head.version(),
        next_execution,
        head.sequence,
        head.added(),
    )
}

/// Calls `each` with the tasks that a query selects, and returns the next executions that it
/// computed.
pub(super) fn for_each(
    index: &Index,
    selected: &Selected,
    now: DateTime<Utc>,
    mut each: impl FnMut(&Task, Option<Execution>),
) -> Vec<ComputedNext> {
    let mut computed = Vec::new();
    for (slot, row) in index.page(selected) {
        let next_execution = next_noted(row, slot, now, &mut computed);
        each(row.task(), next_execution);
    }
    computed
}

/// What the page of the rows that a query selects says beside its tasks.
pub(super) fn summary(index: &Index, query: &ListQuery, selected: &Selected) -> PageSummary {
    let last = selected.slots().last().and_then(|&slot| index.row(slot));
    let cursor = last.map(|row| Cursor::after_sequence(row.sequence()));
    PageSummary::new(
        u64::from(selected.total),
        index.revision(),
        cursor,
        index.explain(&query.filters, selected.strategy),
    )
}

/// The first execution of a row after `now`. One that the row does not hold yet is computed, and
/// `keep` is called with it.
#[inline]
pub(super) fn next_execution(
    row: RowView<'_>,
    now: DateTime<Utc>,
    keep: impl FnOnce(CachedNext),
) -> Option<Execution> {
    if !row.task().is_enabled() {
        return None;
    }
    match row.next().at(now.timestamp()) {
        Known::Next(moment) => Some(execution(moment)),
        Known::Never => None,
        Known::Unknown => {
            let (next_execution, next) = computed_execution(row, now);
            next.map(keep);
            next_execution
        }
    }
}

#[inline]
fn next_noted(
    row: RowView<'_>,
    slot: Slot,
    now: DateTime<Utc>,
    computed: &mut Vec<ComputedNext>,
) -> Option<Execution> {
    next_execution(row, now, |next| {
        computed.push(ComputedNext {
            slot,
            sequence: row.sequence(),
            version: row.version(),
            next,
        });
    })
}

/// The first execution of a row after `now`, and the form in which the row can hold it.
#[cold]
fn computed_execution(
    row: RowView<'_>,
    now: DateTime<Utc>,
) -> (Option<Execution>, Option<CachedNext>) {
    let schedule = row.task().schedule();
    let next = next_around(schedule, now);
    match next.at(now.timestamp()) {
        Known::Next(moment) => (Some(execution(moment)), Some(next)),
        Known::Never => (None, Some(next)),
        // Too long a span for a row.
        Known::Unknown => {
            let execution = schedule.and_then(|schedule| schedule.next_execution(now));
            (execution, None)
        }
    }
}

/// The next execution of a schedule after `now`, with the span for which it holds.
pub(super) fn next_around(schedule: Option<&Schedule>, now: DateTime<Utc>) -> CachedNext {
    let Some(schedule) = schedule else {
        return CachedNext::NEVER;
    };
    next_between(schedule.neighbours(now))
}

/// The next execution for the span between two neighbours.
pub(super) fn next_between((last, next): (Option<Execution>, Option<Execution>)) -> CachedNext {
    CachedNext::between(
        last.map(Execution::unix_seconds),
        next.map(|next| Moment {
            instant: next.unix_seconds(),
            offset: next.offset_seconds(),
        }),
    )
}

fn execution(moment: Moment) -> Execution {
    Execution::new(moment.instant, moment.offset)
}
