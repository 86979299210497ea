//! How many tasks each value of a filter would leave, counted without reading a page.

use super::{Index, NameSearch, RowSet, RowView};
use crate::query::{Facets, Filters, ListKey};
use crate::task::Code;

impl Index {
    /// For every value of every filter, how many tasks match with it; `search` gives the rows
    /// that a search for names finds. O(1), or where a name is asked for, O(length of the
    /// answer lists) and two searches.
    pub(crate) fn facets(
        &self,
        filters: &Filters,
        mut search: impl FnMut(&NameSearch<'_>) -> RowSet,
    ) -> Facets {
        let Some(lookups) = &self.lookups else {
            let name = filters.task_name.as_ref();
            let named = self
                .iter()
                .map(|(_, row)| row)
                .filter(|row| name.is_none_or(|name| name.matches(row.task().task_name())));
            let codes: Vec<Code> = named.map(RowView::code).collect();
            return Facets::count(filters.list, |key| {
                let held = codes.iter().filter(|&&code| key.holds(code));
                held.fold(0, |count, _| count + 1)
            });
        };
        let Some(name) = &filters.task_name else {
            let count = |key| self.visible_count(lookups.answers.list(key));
            return Facets::count(filters.list, count);
        };
        // Every list is a part of one of these two.
        let [timed, triggered] = [ListKey::ANY_TIMED, ListKey::ANY_TRIGGERED].map(|key| {
            let found = self.search(key, name);
            found.map_or_else(RowSet::default, |found| search(&found))
        });
        Facets::count(filters.list, |key| {
            let rows = if key.is_timed() { &timed } else { &triggered };
            rows.common_count(lookups.answers.list(key))
        })
    }
}
