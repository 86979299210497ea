//! The answer lists: the rows of every combination of the documented filters.

mod list;

pub(super) use list::List;

use super::row_set::Block;
use super::slot::Slot;
use crate::query::ListKey;
use crate::task::Code;

/// The answer lists of one project.
///
/// Invariant: every block of a list that is sparse is among the `sparse` ones.
#[derive(Debug)]
pub(super) struct Answers {
    /// By [`ListKey::number`].
    lists: Box<[List]>,
    sparse: Vec<BlockOfList>,
}

/// Which block of which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct BlockOfList {
    key: ListKey,
    number: usize,
}

/// Sparse blocks in less memory.
#[derive(Debug)]
pub(crate) struct Compacted(Vec<(BlockOfList, Block)>);

impl Answers {
    pub(super) fn new() -> Self {
        Self {
            lists: (0..ListKey::COUNT).map(|_| List::default()).collect(),
            sparse: Vec::new(),
        }
    }

    #[expect(clippy::indexing_slicing, reason = "there is a list for every key")]
    pub(super) fn list(&self, key: ListKey) -> &List {
        &self.lists[key.number()]
    }

    /// Puts a row that is not yet visible into its lists.
    pub(super) fn stage(&mut self, slot: Slot, code: Code) {
        self.each_of(code, |list| list.stage(slot));
    }

    /// Takes a row out that is not yet visible.
    pub(super) fn unstage(&mut self, slot: Slot, code: Code) {
        ListKey::each_of_task(code, |key| self.take_out(key, |list| list.unstage(slot)));
    }

    /// Makes staged rows visible. O(lists).
    pub(super) fn publish(&mut self) {
        self.lists.iter_mut().for_each(List::publish);
    }

    pub(super) fn insert(&mut self, slot: Slot, code: Code) {
        self.each_of(code, |list| list.insert(slot));
    }

    pub(super) fn remove(&mut self, slot: Slot, code: Code) {
        ListKey::each_of_task(code, |key| self.take_out(key, |list| list.remove(slot)));
    }

    /// Moves a row from the lists of one code to those of another.
    pub(super) fn change(&mut self, slot: Slot, from: Code, to: Code) {
        if from.filtered() == to.filtered() {
            return;
        }
        ListKey::each_of_task(from, |key| {
            if !key.holds(to) {
                self.take_out(key, |list| list.remove(slot));
            }
        });
        ListKey::each_of_task(to, |key| {
            if !key.holds(from) {
                self.list_mut(key).insert(slot);
            }
        });
    }

    /// Takes a row out of a list, and notes the block that this made sparse.
    fn take_out(&mut self, key: ListKey, act: impl FnOnce(&mut List) -> Option<usize>) {
        if let Some(number) = act(self.list_mut(key)) {
            self.sparse.push(BlockOfList { key, number });
        }
    }

    /// Whether there are blocks that should be [compacted](Self::compacted).
    pub(super) fn has_sparse(&self) -> bool {
        !self.sparse.is_empty()
    }

    /// The sparse blocks in less memory. O(their rows), while readers go on.
    pub(super) fn compacted(&self) -> Compacted {
        let blocks = self.sparse.iter().filter_map(|&block| {
            let rows = self.list(block.key).rows().compacted(block.number)?;
            Some((block, rows))
        });
        Compacted(blocks.collect())
    }

    /// Puts compacted blocks in place of those of before, and returns these. No row may have
    /// changed meanwhile.
    pub(super) fn replace_compacted(&mut self, mut compacted: Compacted) -> Compacted {
        for (BlockOfList { key, number }, rows) in &mut compacted.0 {
            self.list_mut(*key).rows_mut().exchange(*number, rows);
        }
        self.sparse.clear();
        compacted
    }

    /// Bytes of heap memory. O(blocks of all lists).
    pub(super) fn heap_bytes(&self) -> usize {
        let lists = self.lists.iter().map(|list| list.rows().heap_bytes());
        lists.sum::<usize>()
            + size_of_val(&*self.lists)
            + self.sparse.capacity() * size_of::<BlockOfList>()
    }

    /// Checks that every sparse block is known.
    pub(super) fn validate_sparse(&self) -> Result<(), String> {
        for (key, list) in self.iter() {
            for number in list.rows().sparse_blocks() {
                if !self.sparse.contains(&BlockOfList { key, number }) {
                    return Err(format!("{key:?}: block {number} is sparse"));
                }
            }
        }
        Ok(())
    }

    /// All lists with their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ListKey, &List)> {
        ListKey::all().map(|key| (key, self.list(key)))
    }

    #[expect(clippy::indexing_slicing, reason = "there is a list for every key")]
    fn list_mut(&mut self, key: ListKey) -> &mut List {
        &mut self.lists[key.number()]
    }

    fn each_of(&mut self, code: Code, mut act: impl FnMut(&mut List)) {
        ListKey::each_of_task(code, |key| act(self.list_mut(key)));
    }
}
