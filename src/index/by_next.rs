//! Rows by their next execution: a listing read from the due queue where that tells it.

use super::rows::{RowView, Slot};
use super::{DueQueue, Index, PAGE_ROWS, RowSet, Selected};
use crate::query::{ListKey, ListQuery};

/// What a listing by next execution selects.
#[derive(Debug)]
pub(crate) enum ByNext {
    /// The page.
    Page(Selected),
    /// All rows that match, in order: their next executions are still to be found.
    Rows(Vec<Slot>),
}

impl Index {
    /// The rows of a query by next execution after a second, where no name is searched for.
    pub(crate) fn select_by_next(&self, query: &ListQuery, now: i64) -> ByNext {
        let Some(key) = ListKey::of(query.filters.list) else {
            return ByNext::Page(Selected::none(0));
        };
        if let Some(lookups) = &self.lookups {
            return self.select_by_next_among(query, lookups.answers.list(key).rows(), now);
        }
        let rows = self.iter();
        let matches = |row: RowView<'_>| query.matches(row.task());
        let rows = rows.filter(|&(_, row)| matches(row)).map(|(slot, _)| slot);
        ByNext::Rows(rows.collect())
    }

    /// The same where `rows` are all that match.
    pub(crate) fn select_by_next_among(
        &self,
        query: &ListQuery,
        rows: &RowSet,
        now: i64,
    ) -> ByNext {
        let total = rows.rank(self.visible_end);
        if query.limit() == 0 || query.offset() >= u64::from(total) {
            return ByNext::Page(Selected::none(total));
        }
        match &self.due {
            Some(due) if due.tells_next(now) => {
                ByNext::Page(self.select_pending(query, rows, due, total))
            }
            _ => ByNext::Rows(rows.rows(0..self.visible_end)),
        }
    }

    /// A page of the rows in the order of what is pending, those without it last.
    ///
    /// O(rows that are passed over), until the page is full.
    fn select_pending(
        &self,
        query: &ListQuery,
        rows: &RowSet,
        due: &DueQueue,
        total: u32,
    ) -> Selected {
        let mut selected = Selected::none(total);
        let mut left = query.offset();
        let mut see = |slot| {
            match left.checked_sub(1) {
                Some(fewer) => left = fewer,
                None => selected.push(slot),
            }
            selected.slots().len() < query.limit() as usize
        };
        let mut pending = vec![0_u64; self.visible_end as usize / 64 + 1];
        for (_, slot) in due.iter() {
            if let Some(word) = pending.get_mut(slot as usize / 64) {
                *word |= 1 << (slot % 64);
            }
            if rows.contains(slot) && !see(slot) {
                return selected;
            }
        }
        let is_pending = |slot: Slot| {
            let word = pending.get(slot as usize / 64);
            word.is_some_and(|word| word >> (slot % 64) & 1 != 0)
        };
        let mut others = rows.rows(0..self.visible_end).into_iter();
        others.all(|slot| is_pending(slot) || see(slot));
        selected
    }
}

impl Selected {
    /// An empty page of so many rows.
    fn none(total: u32) -> Self {
        Self {
            total,
            slots: [0; PAGE_ROWS],
            count: 0,
        }
    }

    fn push(&mut self, slot: Slot) {
        if let Some(place) = self.slots.get_mut(self.count) {
            *place = slot;
            self.count += 1;
        }
    }
}
