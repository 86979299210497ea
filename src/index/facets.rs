//! How many tasks each value of a filter would leave, counted without reading a page.

use super::{Index, NameSearch, RowSet, RowView};
use crate::query::{Facets, Filters, ListKey, NameMatch};
use crate::task::Code;

/// How many tasks there are of each code, as far as filters tell codes apart.
struct Tally([u32; Code::FILTERED_COUNT]);

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
            let tally = self.tally(filters.task_name.as_ref());
            return Facets::count(filters.list, |key| tally.count(key));
        };
        let Some(name) = &filters.task_name else {
            return Facets::count(filters.list, |key| lookups.answers.list(key).len());
        };
        // Every list is a part of one of these two.
        let [timed, triggered] = [ListKey::ANY_TIMED, ListKey::ANY_TRIGGERED].map(|key| {
            let found = self.search(key, name);
            found.map_or_else(RowSet::default, |found| search(&found))
        });
        Facets::count(filters.list, |key| {
            let rows = if key.is_timed() { &timed } else { &triggered };
            let list = lookups.answers.list(key).rows();
            rows.common_count(list)
        })
    }

    /// Counts the tasks whose name matches, one by one.
    fn tally(&self, name: Option<&NameMatch>) -> Tally {
        let mut tally = Tally([0; Code::FILTERED_COUNT]);
        let matches =
            |row: RowView<'_>| name.is_none_or(|name| name.matches(row.task().task_name()));
        for (_, row) in self.iter().filter(|&(_, row)| matches(row)) {
            tally.add(row.code());
        }
        tally
    }
}

impl Tally {
    fn add(&mut self, code: Code) {
        if let Some(count) = self.0.get_mut(usize::from(code.filtered())) {
            *count += 1;
        }
    }

    fn count(&self, key: ListKey) -> u32 {
        let (mask, wanted) = key.comparison();
        (0..=u16::MAX)
            .zip(&self.0)
            .filter(|(code, _)| code & mask == wanted)
            .map(|(_, count)| count)
            .sum()
    }
}
