//! The records of one project, by row number.

mod row;
mod shared;

use std::ops::Range;

use row::Row;
pub(super) use row::pending_of;
pub(crate) use row::{RowHead, RowView};
pub(crate) use shared::{CopiedChunks, SharedChunk, SharedRows};

use super::next::CachedNext;
use super::slot::{RowNumber, Slot};
use crate::query::Revision;
use crate::sync::{Arc, small_when_interleaved};
use crate::task::{Attributes, Task};

/// Rows in one chunk. It is copied in microseconds, and its other fields take little beside them.
pub(super) const CHUNK_ROWS: usize = small_when_interleaved(512, 16);
const CHUNK_SHIFT: u32 = CHUNK_ROWS.trailing_zeros();

/// The most rows that are fetched at once.
pub(crate) const PAGE_ROWS: usize = crate::query::LIMIT_MAX as usize;

/// Rows prefetched ahead of the one in use: two more or fewer gain less.
const PREFETCHED_ROWS: usize = 6;

/// A run of rows.
///
/// Invariants: `live` rows are not removed; sequences ascend, removed rows included, from
/// `sequence_first` on.
#[derive(Debug, Default)]
struct Chunk {
    rows: ChunkRows,
    sequence_first: u64,
    live: u16,
}

/// The rows of a chunk. Full chunks are shared with snapshots, and copied on write. A slice behind
/// the `Arc` costs no more to reach than a `Vec`.
#[derive(Debug)]
enum ChunkRows {
    /// Rows of the last chunk; no rows where all of a chunk are holes.
    Open(Vec<Row>),
    /// `CHUNK_ROWS` rows.
    Full(Arc<[Row]>),
}

impl Default for ChunkRows {
    fn default() -> Self {
        Self::Open(Vec::new())
    }
}

impl ChunkRows {
    #[inline]
    fn as_slice(&self) -> &[Row] {
        match self {
            Self::Open(rows) => rows,
            Self::Full(rows) => rows,
        }
    }

    fn as_mut_slice(&mut self) -> &mut [Row] {
        match self {
            Self::Open(rows) => rows,
            Self::Full(rows) => Arc::make_mut(rows),
        }
    }

    /// The rows as a list that can grow and shrink.
    fn into_vec(self) -> Vec<Row> {
        match self {
            Self::Open(rows) => rows,
            Self::Full(rows) => rows.to_vec(),
        }
    }
}

/// All rows of a project.
///
/// Rows stand in chunks of fixed size, so that growth never copies more than
/// one chunk. A removed row leaves a hole; a chunk of nothing but holes frees
/// its memory. Invariant: `end` is past every row, `live` counts those
/// that are not removed.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    chunks: Vec<Chunk>,
    end: Slot,
    live: u32,
    /// Memory of the texts that lie outside their rows.
    text_bytes: usize,
}

/// A removed task, with all rows of its chunk if it was the last of them.
///
/// Dropping them frees memory, which may take a while: it is for the writer, after readers can go
/// on.
#[derive(Debug)]
#[must_use]
pub(crate) struct Removed {
    task: Task,
    _rows: Option<ChunkRows>,
}

impl Removed {
    /// The task that was.
    pub(crate) fn into_task(self) -> Task {
        self.task
    }
}

/// No row number is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRoom;

impl Rows {
    /// The number of the row after the last.
    pub(super) fn end(&self) -> Slot {
        self.end
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> u32 {
        self.live
    }

    pub(super) fn view(&self, slot: Slot) -> Option<RowView<'_>> {
        let (chunk, position) = split(slot);
        let rows = self.chunks.get(chunk)?.rows.as_slice();
        rows.get(position)?.view()
    }

    /// The rows of `slots` that were not removed.
    ///
    /// Each is prefetched while those before it are used, because the rows of a page lie far apart:
    /// that takes the JSON of a page of 1,000,000 tasks from 5.9 µs to 5.0.
    pub(super) fn page<'a>(
        &'a self,
        slots: &'a [Slot],
    ) -> impl Iterator<Item = (Slot, RowView<'a>)> {
        let mut ahead = slots.iter();
        for &slot in ahead.by_ref().take(PREFETCHED_ROWS) {
            self.prefetch(slot);
        }
        slots.iter().filter_map(move |&slot| {
            if let Some(&slot) = ahead.next() {
                self.prefetch(slot);
            }
            Some((slot, self.view(slot)?))
        })
    }

    fn prefetch(&self, slot: Slot) {
        let (chunk, position) = split(slot);
        let chunk = self.chunks.get(chunk);
        if let Some(row) = chunk.and_then(|chunk| chunk.rows.as_slice().get(position)) {
            row.prefetch();
        }
    }

    /// The rows of a range that are not removed, in order.
    pub(super) fn iter(
        &self,
        range: Range<Slot>,
    ) -> impl DoubleEndedIterator<Item = (Slot, RowView<'_>)> {
        Slot::range(range).filter_map(|slot| Some((slot, self.view(slot)?)))
    }

    /// The first row number whose row, removed or not, has at least this sequence.
    pub(super) fn first_from_sequence(&self, sequence: u64) -> Slot {
        let chunks = self
            .chunks
            .partition_point(|chunk| chunk.sequence_first <= sequence);
        let Some((chunk, before)) = self.chunks.get(..chunks).and_then(<[_]>::split_last) else {
            return Slot::FIRST;
        };
        let rows = chunk.rows.as_slice();
        let within = rows.partition_point(|row| row.head.sequence < sequence);
        let slot = if within < rows.len() {
            slot_of(before.len(), within)
        } else {
            slot_of(chunks, 0)
        };
        slot.map_or(self.end, |slot| slot.min(self.end))
    }

    /// Adds a row behind all others.
    pub(super) fn push(
        &mut self,
        head: &RowHead,
        task: &Task,
        rows_max: u32,
    ) -> Result<Slot, NoRoom> {
        let slot = self.end;
        if slot.get() >= rows_max {
            return Err(NoRoom);
        }
        let (number, _) = split(slot);
        if number == self.chunks.len() {
            if self.chunks.is_empty() {
                // Most projects never need another.
                self.chunks.reserve_exact(1);
            }
            self.chunks.push(Chunk::default());
        }
        let chunk = self.chunks.last_mut().ok_or(NoRoom)?;
        if chunk.rows.as_slice().is_empty() {
            chunk.sequence_first = head.sequence;
        }
        chunk.push(head, task);
        self.text_bytes += task.heap_bytes();
        self.end = slot.next();
        self.live += 1;
        Ok(slot)
    }

    /// Reserves memory for added rows, if they fit into the first chunk.
    pub(super) fn reserve(&mut self, added: usize) {
        if self.chunks.is_empty() && added <= CHUNK_ROWS {
            self.chunks.reserve_exact(1);
            self.chunks.push(Chunk {
                rows: ChunkRows::Open(Vec::with_capacity(added)),
                ..Chunk::default()
            });
        }
    }

    /// Gives a row another task.
    pub(super) fn replace(&mut self, slot: Slot, task: &Task, next: CachedNext, version: Revision) {
        if let Some(row) = self.row_mut(slot) {
            let former = row.task.replace(task.clone());
            row.head.next = next;
            row.head.set_version(version);
            self.text_bytes -= former.map_or(0, |former| former.heap_bytes());
            self.text_bytes += task.heap_bytes();
        }
    }

    /// Gives a row's task other fields and the same texts.
    pub(super) fn set_attributes(&mut self, slot: Slot, attributes: Attributes, version: Revision) {
        if let Some(row) = self.row_mut(slot)
            && let Some(task) = &mut row.task
        {
            task.set_attributes(attributes);
            row.head.set_version(version);
        }
    }

    /// Sets what is known of a row's next execution.
    pub(super) fn set_next(&mut self, slot: Slot, next: CachedNext) {
        if let Some(row) = self.row_mut(slot) {
            row.head.next = next;
        }
    }

    fn row_mut(&mut self, slot: Slot) -> Option<&mut Row> {
        let (chunk, position) = split(slot);
        let chunk = self.chunks.get_mut(chunk)?;
        chunk.rows.as_mut_slice().get_mut(position)
    }

    /// Leaves a hole in place of a row.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<Removed> {
        let (number, position) = split(slot);
        let is_last = number + 1 == self.chunks.len();
        let chunk = self.chunks.get_mut(number)?;
        let row = chunk.rows.as_mut_slice().get_mut(position)?;
        let task = row.task.take()?;
        chunk.live -= 1;
        self.live -= 1;
        self.text_bytes -= task.heap_bytes();
        let is_emptied = chunk.live == 0 && !is_last;
        Some(Removed {
            task,
            _rows: is_emptied.then(|| std::mem::take(&mut chunk.rows)),
        })
    }

    /// Takes a row of the last chunk out, and moves those behind it.
    pub(super) fn remove_and_shift(&mut self, slot: Slot) -> Option<Removed> {
        let removed = self.remove(slot)?;
        let (number, position) = split(slot);
        if let Some(chunk) = self.chunks.get_mut(number) {
            let mut rows = std::mem::take(&mut chunk.rows).into_vec();
            rows.remove(position);
            let count = number + usize::from(!rows.is_empty());
            chunk.rows = ChunkRows::Open(rows);
            self.chunks.truncate(count);
            self.end = self.end.previous().unwrap_or_default();
        }
        Some(removed)
    }

    /// Bytes of heap memory. O(chunks).
    pub(super) fn heap_bytes(&self) -> usize {
        /// The two counts before what an `Arc` points to, up to the alignment of a row.
        const COUNTS: usize = align_of::<Row>();
        let chunks = self.chunks.iter().map(|chunk| match &chunk.rows {
            ChunkRows::Open(rows) => rows.capacity() * size_of::<Row>(),
            ChunkRows::Full(rows) => COUNTS + size_of_val(&**rows),
        });
        chunks.sum::<usize>() + self.chunks.capacity() * size_of::<Chunk>() + self.text_bytes
    }

    /// Whether so many rows can be added.
    pub(super) fn has_room_for(&self, added: usize, rows_max: u32) -> bool {
        self.end.get() as usize + added <= rows_max as usize
    }

    /// Checks the invariants of all chunks.
    pub(super) fn validate(&self) -> Result<(), String> {
        let mut sequence_min = 0;
        let mut live_total = 0;
        let mut text_bytes = 0;
        for (number, chunk) in self.chunks.iter().enumerate() {
            let mut live = 0;
            let rows = chunk.rows.as_slice();
            for (position, row) in rows.iter().enumerate() {
                if row.head.sequence < sequence_min.max(chunk.sequence_first) {
                    return Err(format!("row {position} of chunk {number} is out of order"));
                }
                sequence_min = row.head.sequence + 1;
                if let Some(task) = &row.task {
                    live += 1;
                    text_bytes += task.heap_bytes();
                    if !task.attributes().is_consistent() || task.id().is_empty() {
                        return Err(format!("row {position} of chunk {number} is no task"));
                    }
                }
            }
            if live != chunk.live {
                return Err(format!("chunk {number} miscounts its rows"));
            }
            let is_full = matches!(chunk.rows, ChunkRows::Full(_));
            if rows.len() > CHUNK_ROWS || is_full != (rows.len() == CHUNK_ROWS) {
                return Err(format!("chunk {number} has {} rows", rows.len()));
            }
            live_total += u32::from(live);
        }
        if text_bytes != self.text_bytes {
            return Err(format!("texts of {text_bytes} bytes are miscounted"));
        }
        let end = match self.chunks.split_last() {
            Some((last, before)) if !last.rows.as_slice().is_empty() || before.is_empty() => {
                slot_of(before.len(), last.rows.as_slice().len())
            }
            Some((_, before)) => {
                slot_of(before.len(), CHUNK_ROWS).filter(|_| self.end > Slot::FIRST)
            }
            None => Some(Slot::FIRST),
        };
        if (live_total, end) != (self.live, Some(self.end)) {
            return Err(format!(
                "{live_total} rows up to {end:?}, but {} up to {} are counted",
                self.live, self.end
            ));
        }
        Ok(())
    }
}

impl Chunk {
    fn push(&mut self, head: &RowHead, task: &Task) {
        let ChunkRows::Open(rows) = &mut self.rows else {
            return;
        };
        if rows.len() == rows.capacity() {
            // There are many small projects, so each gets little spare memory.
            let more = (rows.len() / 4).max(4);
            rows.reserve_exact(more.min(CHUNK_ROWS - rows.len()));
        }
        rows.push(Row {
            head: *head,
            task: Some(task.clone()),
        });
        if rows.len() == CHUNK_ROWS {
            self.rows = ChunkRows::Full(std::mem::take(rows).into());
        }
        self.live += 1;
    }
}

/// The chunk of a row, and its position there.
fn split(slot: Slot) -> (usize, usize) {
    let slot = slot.get() as usize;
    (slot >> CHUNK_SHIFT, slot & (CHUNK_ROWS - 1))
}

fn slot_of(chunk: usize, position: usize) -> Option<Slot> {
    let number = u32::try_from((chunk << CHUNK_SHIFT) + position).ok()?;
    Some(Slot::new(number))
}
