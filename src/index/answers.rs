//! The answer lists: the rows of every combination of the documented filters.

use super::row_set::RowSet;
use super::slot::Slot;
use crate::query::ListKey;
use crate::task::Code;

/// The answer lists of one project. Staged rows are in them, behind all visible ones.
#[derive(Debug)]
pub(super) struct Answers {
    /// By [`ListKey::number`].
    lists: Box<[RowSet]>,
}

impl Answers {
    pub(super) fn new() -> Self {
        Self {
            lists: (0..ListKey::COUNT).map(|_| RowSet::default()).collect(),
        }
    }

    #[expect(clippy::indexing_slicing, reason = "there is a list for every key")]
    pub(super) fn list(&self, key: ListKey) -> &RowSet {
        &self.lists[key.number()]
    }

    pub(super) fn insert(&mut self, slot: Slot, code: Code) {
        ListKey::each_of_task(code, |key| {
            self.list_mut(key).insert(slot);
        });
    }

    pub(super) fn remove(&mut self, slot: Slot, code: Code) {
        ListKey::each_of_task(code, |key| {
            self.list_mut(key).remove(slot);
        });
    }

    /// Moves a row from the lists of one code to those of another.
    pub(super) fn change(&mut self, slot: Slot, from: Code, to: Code) {
        if from.filtered() == to.filtered() {
            return;
        }
        ListKey::each_of_task(from, |key| {
            if !key.holds(to) {
                self.list_mut(key).remove(slot);
            }
        });
        ListKey::each_of_task(to, |key| {
            if !key.holds(from) {
                self.list_mut(key).insert(slot);
            }
        });
    }

    /// Bytes of heap memory. O(blocks of all lists).
    pub(super) fn heap_bytes(&self) -> usize {
        let lists = self.lists.iter().map(RowSet::heap_bytes);
        lists.sum::<usize>() + size_of_val(&*self.lists)
    }

    /// All lists with their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ListKey, &RowSet)> {
        ListKey::all().map(|key| (key, self.list(key)))
    }

    #[expect(clippy::indexing_slicing, reason = "there is a list for every key")]
    fn list_mut(&mut self, key: ListKey) -> &mut RowSet {
        &mut self.lists[key.number()]
    }
}
