//! Which rows a query selects: the total, and those of its page.

use std::ops::Range;

use super::{Index, PAGE_ROWS, RowSet, RowView, Slot};
use crate::query::{ListKey, ListQuery, NameMatch, NameStrategy, Order};

/// What a query selects: the total, and the rows of its page.
#[derive(Debug)]
pub(crate) struct Selected {
    pub(crate) total: u32,
    slots: [Slot; PAGE_ROWS],
    count: usize,
    /// How a name was searched, if the query has one.
    pub(crate) strategy: Option<NameStrategy>,
}

impl Selected {
    /// An empty page, where so many rows match.
    pub(super) fn none(total: u32) -> Self {
        Self {
            total,
            slots: [Slot::FIRST; PAGE_ROWS],
            count: 0,
            strategy: None,
        }
    }

    pub(super) fn push(&mut self, slot: Slot) {
        if let Some(place) = self.slots.get_mut(self.count) {
            *place = slot;
            self.count += 1;
        }
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        self.slots.get(..self.count).unwrap_or_default()
    }
}

impl Index {
    /// The total of a query, and the rows of its page. O(1) for a project with
    /// lists where the query asks for no name.
    pub(crate) fn select(&self, query: &ListQuery) -> Selected {
        let Some(key) = ListKey::of(query.filters.list) else {
            return Selected::none(0);
        };
        let name = query.filters.task_name.as_ref();
        let Some(lookups) = &self.lookups else {
            return self.select_among(query, &self.scan(key, name));
        };
        debug_assert!(name.is_none(), "names are searched first");
        self.select_among(query, lookups.answers.list(key))
    }

    /// The total of a query, and the rows of its page, where `rows` are all that match.
    pub(crate) fn select_among(&self, query: &ListQuery, rows: &RowSet) -> Selected {
        let mut selected = Selected::none(self.visible_count(rows));
        let window = self.window(query, selected.total, rows);
        if let Some(out) = selected.slots.get_mut(..window.len()) {
            selected.count = rows.read(window.start, out);
            if query.order() == Order::NewestFirst {
                out.reverse();
            }
        }
        selected
    }

    /// How many of these rows are visible: staged ones are behind all of those.
    pub(super) fn visible_count(&self, rows: &RowSet) -> u32 {
        if self.has_staged() {
            rows.rank(self.visible_end)
        } else {
            rows.len()
        }
    }

    /// The rows that match, found by a look at each task, as projects without lists are searched.
    pub(super) fn scan(&self, key: ListKey, name: Option<&NameMatch>) -> RowSet {
        let matches = |row: RowView<'_>| {
            key.holds(row.code()) && name.is_none_or(|it| it.matches(row.task().task_name()))
        };
        let matching = self.iter().filter(|&(_, row)| matches(row));
        let slots: Vec<Slot> = matching.map(|(slot, _)| slot).collect();
        let mut rows = RowSet::default();
        rows.insert_all(&slots);
        rows
    }

    /// Which of the first `total` positions in `rows` a query's page holds.
    fn window(&self, query: &ListQuery, total: u32, rows: &RowSet) -> Range<u32> {
        let rank = |sequence| rows.rank(self.rows.first_from_sequence(sequence));
        let offset = u32::try_from(query.offset()).unwrap_or(u32::MAX);
        let limit = query.limit();
        match query.order() {
            Order::OldestFirst | Order::NextExecution => {
                let after = query.after_sequence();
                let begin = after.map_or(0, |after| rank(after.saturating_add(1)));
                let start = begin.saturating_add(offset).min(total);
                start..start.saturating_add(limit).min(total)
            }
            Order::NewestFirst => {
                let end = query.after_sequence().map_or(total, rank).min(total);
                let end = end.saturating_sub(offset);
                end.saturating_sub(limit)..end
            }
        }
    }
}
