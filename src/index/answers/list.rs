//! One answer list: an ordered set of rows, of which some may not be visible yet.

use crate::index::row_set::RowSet;
use crate::index::slot::Slot;

/// An ordered set of rows, the last of which are not yet visible.
///
/// Invariant: `staged` is how many those are.
#[derive(Debug, Default)]
pub(in crate::index) struct List {
    rows: RowSet,
    staged: u32,
}

impl List {
    /// How many rows are visible.
    pub(in crate::index) fn len(&self) -> u32 {
        self.rows.len() - self.staged
    }

    /// The rows, in order, with those that are staged.
    pub(in crate::index) fn rows(&self) -> &RowSet {
        &self.rows
    }

    pub(super) fn rows_mut(&mut self) -> &mut RowSet {
        &mut self.rows
    }

    pub(super) fn insert(&mut self, slot: Slot) {
        self.rows.insert(slot);
    }

    /// Takes a row out, and returns the number of the block that this made sparse.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<usize> {
        if !self.rows.remove(slot) {
            return None;
        }
        self.rows.made_sparse_by(slot)
    }

    pub(super) fn stage(&mut self, slot: Slot) {
        self.staged += u32::from(self.rows.insert(slot));
    }

    /// [Removes](Self::remove) a row that is staged.
    pub(super) fn unstage(&mut self, slot: Slot) -> Option<usize> {
        let before = self.rows.len();
        let sparse = self.remove(slot);
        self.staged -= before - self.rows.len();
        sparse
    }

    pub(super) fn publish(&mut self) {
        self.staged = 0;
    }

    /// Reads visible rows from `position` on into `out`, and returns how many there were.
    pub(in crate::index) fn read(&self, position: u32, out: &mut [Slot]) -> usize {
        let visible = self.len().saturating_sub(position) as usize;
        let wanted = out.len().min(visible);
        let out = out.get_mut(..wanted).unwrap_or_default();
        self.rows.read(position, out)
    }

    /// How many visible rows are before `slot`.
    pub(in crate::index) fn rank(&self, slot: Slot) -> u32 {
        self.rows.rank(slot).min(self.len())
    }

    /// Checks the set, and how many rows are staged.
    pub(in crate::index) fn validate(&self) -> Result<(), String> {
        if self.staged > self.rows.len() {
            return Err(format!("{} rows are staged", self.staged));
        }
        self.rows.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::PAGE_ROWS;
    use crate::index::slot::RowNumber;

    #[test]
    fn staged_rows_are_not_seen() {
        let mut list = List::default();
        (1..=3).for_each(|slot| list.insert(Slot::new(slot)));
        list.stage(Slot::new(10));
        list.stage(Slot::new(11));
        let mut out = [Slot::FIRST; PAGE_ROWS];
        assert_eq!((list.len(), list.read(2, &mut out)), (3, 1));
        assert_eq!(list.rank(Slot::MAX), 3);
        list.unstage(Slot::new(11));
        list.publish();
        assert_eq!((list.len(), list.read(2, &mut out)), (4, 2));
        list.validate().unwrap();
    }
}
