//! Searches for names, and their answers refreshed after changes.

use super::{Index, Lookups, RowSet, Slot};
use crate::query::{Filters, ListKey, NameMatch, NameMatcher, NameStrategy};

/// The most added rows that are compared to refresh a search.
const ADDED_MAX: u32 = 256;

/// The state of the index in which a search found its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    epoch: u32,
    changes: u64,
    end: Slot,
}

/// A search for names in a project with answer lists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NameSearch<'a> {
    pub(crate) index: &'a Index,
    lookups: &'a Lookups,
    pub(crate) list: ListKey,
    pub(crate) name: &'a NameMatch,
}

/// The rows that a search found, and how.
#[derive(Debug)]
pub(crate) struct NamesFound {
    pub(crate) rows: RowSet,
    pub(crate) validity: Validity,
    pub(crate) strategy: NameStrategy,
}

impl Index {
    /// The search that these filters ask for; `None` where they have no name, or cannot match.
    pub(crate) fn name_search<'a>(&'a self, filters: &'a Filters) -> Option<NameSearch<'a>> {
        self.search(ListKey::of(filters.list)?, filters.task_name.as_ref()?)
    }

    /// A search in one list; `None` in a project without lists.
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
    /// Finds the visible rows of the list whose name matches.
    pub(crate) fn run(&self) -> NamesFound {
        let list = self.lookups.answers.list(self.list);
        let (end, rows) = (self.index.visible_end, &self.index.rows);
        let (rows, strategy) = self.lookups.names.find(self.name, list, end, rows);
        NamesFound {
            rows,
            validity: self.validity_now(),
            strategy,
        }
    }

    fn validity_now(&self) -> Validity {
        Validity {
            epoch: self.index.epoch,
            changes: self.lookups.changes.count,
            end: self.index.visible_end,
        }
    }

    /// Brings the rows of an earlier search up to date: each row that changed or was added since is
    /// compared. Returns whether that was possible; if not, `rows` are invalid. O(changes since).
    pub(crate) fn refresh(&self, rows: &mut RowSet, validity: &mut Validity) -> bool {
        let now = self.validity_now();
        if *validity == now {
            return true;
        }
        if validity.epoch != now.epoch || validity.end > now.end {
            return false;
        }
        let list = self.lookups.answers.list(self.list);
        let Some(changed) = self.lookups.changes.since(validity.changes) else {
            return false;
        };
        if list.rank(now.end) - list.rank(validity.end) > ADDED_MAX {
            return false;
        }
        let mut matcher = NameMatcher::new(self.name);
        let mut has_name = |slot| {
            let row = self.index.row(slot);
            row.is_some_and(|row| matcher.matches(row.task().task_name()))
        };
        for slot in changed.filter(|&slot| slot < validity.end) {
            if list.contains(slot) && has_name(slot) {
                rows.insert(slot);
            } else {
                rows.remove(slot);
            }
        }
        for slot in list.rows(validity.end..now.end) {
            if has_name(slot) {
                rows.insert(slot);
            }
        }
        *validity = now;
        true
    }
}
