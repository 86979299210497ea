//! Which rows changed lately, so that what was found once can be kept true.

use std::collections::VecDeque;

use super::rows::Slot;
use super::{Index, ListKey, Lookups, RowSet};
use crate::query::{Filters, NameMatch, NameMatcher};

/// Of so many changes is known which rows they changed.
const LATEST_MAX: usize = 256;
/// So many rows are looked at to bring an answer up to date.
const CAUGHT_UP_MAX: u32 = 256;

/// The latest changes of rows, new rows aside.
#[derive(Debug)]
pub(super) struct Changes {
    count: u64,
    latest: VecDeque<Slot>,
}

impl Changes {
    /// No changes, with room for as many as are known at most: the list never grows while readers
    /// wait.
    pub(super) fn new() -> Self {
        Self {
            count: 0,
            latest: VecDeque::with_capacity(LATEST_MAX),
        }
    }

    /// Notes that a row's name, or the lists it stands in, may be other ones
    /// than before. O(1).
    pub(super) fn note(&mut self, slot: Slot) {
        if self.latest.len() == LATEST_MAX {
            self.latest.pop_front();
        }
        self.latest.push_back(slot);
        self.count += 1;
    }

    /// The rows changed since there had been `count` changes; none if that is too long ago.
    fn since(&self, count: u64) -> Option<impl Iterator<Item = Slot>> {
        let missed = usize::try_from(self.count.checked_sub(count)?).ok()?;
        let known = self.latest.len().checked_sub(missed)?;
        Some(self.latest.range(known..).copied())
    }
}

/// The state of an index of which an answer is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    epoch: u32,
    changes: u64,
    end: Slot,
}

/// A search for names, in a project that is large enough to have lists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NameSearch<'a> {
    pub(crate) index: &'a Index,
    lookups: &'a Lookups,
    pub(crate) list: ListKey,
    pub(crate) name: &'a NameMatch,
}

/// Rows that answer a search, and how they were found.
#[derive(Debug)]
pub(crate) struct NamesFound {
    pub(crate) rows: RowSet,
    pub(crate) seen: Seen,
    pub(crate) strategy: crate::query::NameStrategy,
}

impl Index {
    /// The search for names that an answer to these filters takes; none where it takes none.
    pub(crate) fn name_search<'a>(&'a self, filters: &'a Filters) -> Option<NameSearch<'a>> {
        self.search(ListKey::asked(filters)?, filters.task_name.as_ref()?)
    }

    /// A search in one list; none in a project without lists.
    pub(crate) fn search<'a>(
        &'a self,
        list: ListKey,
        name: &'a NameMatch,
    ) -> Option<NameSearch<'a>> {
        Some(NameSearch {
            index: self,
            lookups: self.lookups.as_deref()?,
            list,
            name,
        })
    }
}

impl NameSearch<'_> {
    /// Finds the rows.
    pub(crate) fn run(&self) -> NamesFound {
        let matching = self.index.matching(self.lookups, self.list, self.name);
        NamesFound {
            rows: matching.rows,
            seen: self.seen_now(),
            strategy: matching.strategy,
        }
    }

    fn seen_now(&self) -> Seen {
        Seen {
            epoch: self.index.epoch,
            changes: self.lookups.changes.count,
            end: self.index.visible_end,
        }
    }

    /// Makes rows that were found before the answer of now, by another look
    /// at each row that changed since. Returns whether that was possible; if
    /// not, `rows` are of no use any more. O(changes since).
    pub(crate) fn bring_up_to_date(&self, rows: &mut RowSet, seen: &mut Seen) -> bool {
        let now = self.seen_now();
        if *seen == now {
            return true;
        }
        if seen.epoch != now.epoch || seen.end > now.end {
            return false;
        }
        let list = self.lookups.answers.list(self.list).rows();
        let Some(changed) = self.lookups.changes.since(seen.changes) else {
            return false;
        };
        if list.rank(now.end) - list.rank(seen.end) > CAUGHT_UP_MAX {
            return false;
        }
        let mut matcher = NameMatcher::new(self.name);
        let mut has_name = |slot| {
            let row = self.index.row(slot);
            row.is_some_and(|row| matcher.matches(row.task().task_name()))
        };
        for slot in changed.filter(|&slot| slot < seen.end) {
            if list.contains(slot) && has_name(slot) {
                rows.insert(slot);
            } else {
                rows.remove(slot);
            }
        }
        for slot in list.rows(seen.end..now.end) {
            if has_name(slot) {
                rows.insert(slot);
            }
        }
        *seen = now;
        true
    }
}
