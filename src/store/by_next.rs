//! The listing by next execution.

use chrono::{DateTime, Utc};

use super::listed;
use super::project::Project;
use super::search_cache::CacheBudget;
use crate::index::{ByNext, RowView, SharedRows, Slot};
use crate::query::{ListQuery, PageSummary};
use crate::schedule::Execution;

impl Project {
    /// Shows each row of a query's page by next execution, and returns the rest of what the page
    /// says.
    ///
    /// Where the due queue does not tell the order, next executions of all that match are found in
    /// a snapshot, under no lock.
    pub(super) fn for_each_by_next(
        &self,
        query: &ListQuery,
        now: DateTime<Utc>,
        budget: &CacheBudget,
        mut each: impl FnMut(RowView<'_>, Option<Execution>),
    ) -> PageSummary {
        let index = self.read();
        let revision = index.revision();
        let second = now.timestamp();
        let (found, strategy) = match index.name_search(&query.filters) {
            None => (index.select_by_next(query, second), None),
            Some(search) => {
                let (found, strategy) = self.name_cache().find(budget, &search, |rows| {
                    search.index.select_by_next_among(query, rows, second)
                });
                (found, Some(strategy))
            }
        };
        let explanation = index.explain(&query.filters, strategy);
        let total = match found {
            ByNext::Page(selected) => {
                for (_, row) in index.page(&selected) {
                    each(row, listed::next_execution(row, now, |_| {}));
                }
                u64::from(selected.total)
            }
            ByNext::Rows(rows) => {
                let shared = index.share();
                drop(index);
                for slot in page_by_next(&shared, &rows, query, now) {
                    if let Some(row) = shared.row(slot) {
                        each(row, listed::next_execution(row, now, |_| {}));
                    }
                }
                rows.len() as u64
            }
        };
        PageSummary::new(total, revision, None, explanation)
    }
}

/// The rows of a page, by next execution and then as they are; those without one last. O(rows).
fn page_by_next(
    shared: &SharedRows,
    rows: &[Slot],
    query: &ListQuery,
    now: DateTime<Utc>,
) -> Vec<Slot> {
    let mut timed: Vec<(i64, Slot)> = Vec::with_capacity(rows.len());
    let mut others = Vec::new();
    for &slot in rows {
        let row = shared.row(slot);
        match row.and_then(|row| listed::next_execution(row, now, |_| {})) {
            Some(execution) => timed.push((execution.unix_seconds(), slot)),
            None => others.push(slot),
        }
    }
    let offset = usize::try_from(query.offset()).unwrap_or(usize::MAX);
    let limit = query.limit() as usize;
    let start = offset.min(timed.len());
    // What is before the page is not sorted, nor what is behind it.
    if start < timed.len() {
        timed.select_nth_unstable(start);
    }
    let mut page = timed.split_off(start);
    if limit < page.len() {
        page.select_nth_unstable(limit);
        page.truncate(limit);
    }
    page.sort_unstable();
    let mut page: Vec<Slot> = page.into_iter().map(|(_, slot)| slot).collect();
    let rest = others.into_iter().skip(offset - start);
    page.extend(rest.take(limit - page.len()));
    page
}
