//! How much memory a project takes.

use super::{Index, Lookups};
use crate::query::MemoryUse;

impl Index {
    /// Heap memory of the project, without its cache. O(parts): chunks, blocks, posting lists.
    pub(crate) fn memory(&self) -> MemoryUse {
        let mut memory = MemoryUse {
            rows: self.rows.heap_bytes() as u64,
            log: self.log.as_ref().map_or(0, |log| log.heap_bytes() as u64),
            due: self.due.as_ref().map_or(0, |due| due.heap_bytes() as u64),
            ..MemoryUse::default()
        };
        if let Some(lookups) = &self.lookups {
            memory.lists = (lookups.answers.heap_bytes() + size_of::<Lookups>()) as u64;
            memory.ids = lookups.ids.heap_bytes() as u64;
            memory.names = (lookups.names.heap_bytes() + lookups.changes.heap_bytes()) as u64;
        }
        memory
    }
}

/// About what a B-tree of so many entries takes: nodes are three quarters full, and each has a
/// few pointers and counts.
pub(crate) fn b_tree_bytes<Entry>(length: usize) -> usize {
    length * (size_of::<Entry>() + 2) * 4 / 3
}
