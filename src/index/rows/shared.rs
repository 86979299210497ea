//! Rows that snapshots share with a project.

use super::row::Row;
use super::{ChunkRows, RowView, Rows, Slot, split};
use crate::sync::Arc;

/// The rows of a project at one revision, which later writes do not change.
#[derive(Debug, Clone)]
pub(crate) struct SharedRows {
    chunks: Box<[Arc<[Row]>]>,
    /// How many rows there are. Rows behind them are staged.
    len: u32,
}

impl SharedRows {
    /// How many rows there are.
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// The row of a number, if it was not removed.
    pub(crate) fn row(&self, slot: Slot) -> Option<RowView<'_>> {
        let (chunk, position) = split(slot);
        self.chunks.get(chunk)?.get(position)?.view()
    }

    /// The rows of a chunk, in order.
    pub(crate) fn chunk(&self, number: usize) -> Option<SharedChunk<'_>> {
        let rows = self.chunks.get(number)?;
        Some(SharedChunk(rows.iter()))
    }
}

/// The rows of a chunk, in order, holes passed over.
#[derive(Debug, Clone)]
pub(crate) struct SharedChunk<'a>(std::slice::Iter<'a, Row>);

impl<'a> Iterator for SharedChunk<'a> {
    type Item = RowView<'a>;

    fn next(&mut self) -> Option<RowView<'a>> {
        self.0.by_ref().find_map(Row::view)
    }
}

/// Chunks copied for a writer, to be put in place of those that snapshots hold.
#[derive(Debug, Default)]
pub(crate) struct CopiedChunks(Vec<(usize, Arc<[Row]>)>);

impl ChunkRows {
    /// Whether a snapshot holds the same rows.
    fn is_shared(&self) -> bool {
        matches!(self, Self::Full(rows) if Arc::strong_count(rows) > 1)
    }
}

impl Rows {
    /// The first `len` rows as they are. O(rows / 512), and a copy of the last chunk.
    pub(in crate::index) fn share(&self, len: u32) -> SharedRows {
        let chunks = self.chunks.iter().map(|chunk| match &chunk.rows {
            ChunkRows::Open(rows) => rows.as_slice().into(),
            ChunkRows::Full(rows) => Arc::clone(rows),
        });
        SharedRows {
            chunks: chunks.collect(),
            len,
        }
    }

    /// Whether a write to this row would copy its chunk, which a snapshot holds.
    pub(in crate::index) fn is_shared(&self, slot: Slot) -> bool {
        let chunk = self.chunks.get(split(slot).0);
        chunk.is_some_and(|chunk| chunk.rows.is_shared())
    }

    /// Copies the shared chunks of these rows, which ascend, for a [write](Self::replace_chunks) to them.
    pub(in crate::index) fn copied(&self, slots: impl IntoIterator<Item = Slot>) -> CopiedChunks {
        let mut copied = CopiedChunks::default();
        for slot in slots {
            let (number, _) = split(slot);
            let is_copied = copied.0.last().is_some_and(|&(last, _)| last == number);
            if !is_copied
                && self.is_shared(slot)
                && let Some(chunk) = self.chunks.get(number)
            {
                copied.0.push((number, chunk.rows.as_slice().into()));
            }
        }
        copied
    }

    /// Puts copied chunks in place of the shared ones.
    pub(in crate::index) fn replace_chunks(&mut self, copied: CopiedChunks) {
        for (number, rows) in copied.0 {
            if let Some(chunk) = self.chunks.get_mut(number) {
                chunk.rows = ChunkRows::Full(rows);
            }
        }
    }
}
