//! Rows by their next execution: a listing read from the due queue where that tells it.

use super::{DueQueue, Index, RowNumber, RowSet, Selected, Slot};
use crate::query::{ListKey, ListQuery};

/// What a listing by next execution selects.
#[derive(Debug)]
pub(crate) enum ByNext {
    /// The page.
    Page(Box<Selected>),
    /// All rows that match, in order: their next executions are still to be found.
    Rows(Vec<Slot>),
}

impl Index {
    /// The rows of a query by next execution after a second, where no name is searched for.
    pub(crate) fn select_by_next(&self, query: &ListQuery, now: i64) -> ByNext {
        let Some(key) = ListKey::of(query.filters.list) else {
            return ByNext::Page(Box::new(Selected::none(0)));
        };
        if let Some(lookups) = &self.lookups {
            return self.select_by_next_among(query, lookups.answers.list(key), now);
        }
        let rows = self.scan(key, query.filters.task_name.as_ref());
        self.select_by_next_among(query, &rows, now)
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
            return ByNext::Page(Box::new(Selected::none(total)));
        }
        match &self.due {
            Some(due) if due.tells_next(now) => {
                ByNext::Page(Box::new(self.select_pending(query, rows, due, total)))
            }
            _ => ByNext::Rows(rows.rows(Slot::FIRST..self.visible_end)),
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
        let mut visit = |slot| {
            match left.checked_sub(1) {
                Some(fewer) => left = fewer,
                None => selected.push(slot),
            }
            selected.slots().len() < query.limit() as usize
        };
        let all = || {
            let steps = (0..self.visible_end.get()).step_by(STEP_ROWS as usize);
            steps.flat_map(|begin| {
                let end = begin.saturating_add(STEP_ROWS).min(self.visible_end.get());
                rows.rows(Slot::new(begin)..Slot::new(end))
            })
        };
        let bits = self
            .is_worth_bits(query, total)
            .then(|| Bits::of(self.visible_end, all()));
        let is_wanted = |slot: Slot| match &bits {
            Some(bits) => bits.contains(slot),
            None => rows.contains(slot),
        };
        let scopes = ListKey::of(query.filters.list).map_or(0, ListKey::scope_bits);
        let pending = || due.iter_of(scopes).map(|(_, slot)| slot);
        if pending().all(|slot| !is_wanted(slot) || visit(slot)) {
            let pending = Bits::of(self.visible_end, pending());
            all().all(|slot| pending.contains(slot) || visit(slot));
        }
        selected
    }

    /// Whether so many rows are asked for among so few that bits are sooner made of those than
    /// each is searched for.
    fn is_worth_bits(&self, query: &ListQuery, total: u32) -> bool {
        let rows = u64::from(self.visible_end.get());
        let total = u64::from(total);
        let passed_over = (query.offset() + u64::from(query.limit())) * rows / total.max(1);
        total * ROWS_TO_EACH_SEARCHED < rows && passed_over * ROWS_TO_BITS_A_SEARCH > total
    }
}

/// Row numbers of which those in a set are read at once, as a page may need few of them.
const STEP_ROWS: u32 = 1 << 14;
/// A set of rows has lists, which are searched, where so many rows are not in it for each that is.
const ROWS_TO_EACH_SEARCHED: u64 = 16;
/// So many rows are put among bits in the time of one search.
const ROWS_TO_BITS_A_SEARCH: u64 = 8;

/// One bit for each row.
struct Bits(Vec<u64>);

impl Bits {
    fn of(end: Slot, rows: impl Iterator<Item = Slot>) -> Self {
        let mut bits = vec![0; end.get() as usize / 64 + 1];
        for slot in rows {
            if let Some(word) = bits.get_mut(slot.get() as usize / 64) {
                *word |= 1 << (slot.get() % 64);
            }
        }
        Self(bits)
    }

    fn contains(&self, slot: Slot) -> bool {
        let word = self.0.get(slot.get() as usize / 64);
        word.is_some_and(|word| word >> (slot.get() % 64) & 1 != 0)
    }
}
