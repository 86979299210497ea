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

    /// Puts rows that were read oldest first in an order.
    fn put_in(&mut self, order: Order) {
        if order == Order::NewestFirst {
            let count = self.count;
            self.slots.get_mut(..count).unwrap_or_default().reverse();
        }
    }
}

impl Index {
    /// The total of a query, and the rows of its page. O(1) for a project with
    /// lists where the query asks for no name.
    pub(crate) fn select(&self, query: &ListQuery) -> Selected {
        let mut selected = Selected::none(0);
        let Some(key) = ListKey::of(query.filters.list) else {
            return selected;
        };
        let name = query.filters.task_name.as_ref();
        let Some(lookups) = &self.lookups else {
            self.select_by_scan(key, name, query, &mut selected);
            return selected;
        };
        debug_assert!(name.is_none(), "names are searched first");
        let list = lookups.answers.list(key);
        selected.total = list.len();
        let window = self.window(query, list.len(), |slot| list.rank(slot));
        if let Some(out) = selected.slots.get_mut(..window.len()) {
            selected.count = list.read(window.start, out);
        }
        selected.put_in(query.order());
        selected
    }

    /// The total of a query, and the rows of its page, where `rows` are all that match.
    pub(crate) fn select_among(&self, query: &ListQuery, rows: &RowSet) -> Selected {
        let mut selected = Selected::none(rows.len());
        let window = self.window(query, rows.len(), |slot| rows.rank(slot));
        if let Some(out) = selected.slots.get_mut(..window.len()) {
            selected.count = rows.read(window.start, out);
        }
        selected.put_in(query.order());
        selected
    }

    fn select_by_scan(
        &self,
        key: ListKey,
        name: Option<&NameMatch>,
        query: &ListQuery,
        selected: &mut Selected,
    ) {
        let (mask, wanted) = key.comparison();
        let after = query.after_sequence();
        let first = query.offset();
        let end = first.saturating_add(u64::from(query.limit()));
        let mut position = 0;
        let mut see = |slot, row: RowView<'_>| {
            let matches = row.code().masked(mask) == wanted
                && name.is_none_or(|name| name.matches(row.task().task_name()));
            if !matches {
                return;
            }
            selected.total += 1;
            let follows = after.is_none_or(|after| match query.order() {
                Order::OldestFirst => row.sequence() > after,
                Order::NewestFirst => row.sequence() < after,
                Order::NextExecution => true,
            });
            if follows {
                if (first..end).contains(&position) {
                    selected.push(slot);
                }
                position += 1;
            }
        };
        match query.order() {
            Order::OldestFirst | Order::NextExecution => {
                self.iter().for_each(|(slot, row)| see(slot, row));
            }
            Order::NewestFirst => self.iter().rev().for_each(|(slot, row)| see(slot, row)),
        }
    }

    /// Which of `total` positions, counted from the oldest, a query's page holds.
    fn window(&self, query: &ListQuery, total: u32, rank: impl Fn(Slot) -> u32) -> Range<u32> {
        let offset = u32::try_from(query.offset()).unwrap_or(u32::MAX);
        let limit = query.limit();
        match query.order() {
            Order::OldestFirst | Order::NextExecution => {
                let begin = query.after_sequence().map_or(0, |after| {
                    rank(self.rows.first_from_sequence(after.saturating_add(1)))
                });
                let start = begin.saturating_add(offset).min(total);
                start..start.saturating_add(limit).min(total)
            }
            Order::NewestFirst => {
                let end = query
                    .after_sequence()
                    .map_or(total, |after| rank(self.rows.first_from_sequence(after)));
                let end = end.saturating_sub(offset);
                end.saturating_sub(limit)..end
            }
        }
    }
}
