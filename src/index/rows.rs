//! The records of one project, by row number.

use super::next::Next;
use crate::query::Revision;
use crate::task::{Attributes, Code, TaskView};

/// The position of a task in its project's order of adding.
pub(crate) type Slot = u32;

/// Rows in one chunk: few enough that a chunk is rewritten in microseconds,
/// enough that what it holds besides rows does not count.
pub(super) const CHUNK_ROWS: usize = 512;
const CHUNK_SHIFT: u32 = CHUNK_ROWS.trailing_zeros();

/// The most rows that are fetched at once.
pub(crate) const PAGE_ROWS: usize = crate::query::LIMIT_MAX as usize;

/// The `text_at` of a row that was removed.
const REMOVED: u32 = u32::MAX;

/// One record without its texts: a cache line.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Row {
    attributes: Attributes,
    next: Next,
    text_at: u32,
    /// Ahead of the chunk's `sequence_base`.
    sequence: u32,
    version: U48,
    added: I48,
}

const _: () = assert!(size_of::<Row>() == 64);

/// What a row is made of, and what it says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowHead {
    pub(crate) attributes: Attributes,
    pub(crate) next: Next,
    /// Unique in the project, greater than those of all rows before it, and
    /// never used again.
    pub(crate) sequence: u64,
    pub(crate) version: Revision,
    /// The second of the first adding.
    pub(crate) added: i64,
}

impl Row {
    pub(crate) fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    pub(crate) fn code(&self) -> Code {
        self.attributes.code()
    }

    pub(crate) fn next(&self) -> Next {
        self.next
    }

    pub(crate) fn version(&self) -> Revision {
        Revision::new(self.version.get())
    }

    pub(crate) fn added(&self) -> i64 {
        self.added.get()
    }

    fn is_removed(&self) -> bool {
        self.text_at == REMOVED
    }
}

/// A row with its texts.
#[derive(Clone, Copy)]
pub(crate) struct RowView<'a> {
    pub(crate) row: &'a Row,
    pub(crate) sequence: u64,
    texts: &'a str,
}

impl<'a> RowView<'a> {
    pub(crate) fn task(self) -> TaskView<'a> {
        TaskView::new(&self.row.attributes, self.texts)
    }

    pub(crate) fn head(self) -> RowHead {
        RowHead {
            attributes: self.row.attributes,
            next: self.row.next,
            sequence: self.sequence,
            version: self.row.version(),
            added: self.row.added(),
        }
    }
}

/// Some rows in a line, and their texts.
///
/// Invariants: `live` rows are not removed; `text_live` is the length of their
/// texts, each within `texts`; sequences ascend, removed rows included.
#[derive(Debug, Default)]
struct Chunk {
    rows: Vec<Row>,
    texts: String,
    sequence_base: u64,
    text_live: u32,
    live: u16,
}

/// All rows of a project.
///
/// Rows stand in chunks of fixed size, so that growth never copies more than
/// one chunk. A removed row leaves a hole; a chunk of nothing but holes gives
/// its memory back. Invariant: `end` is past every row, `live` counts those
/// that are not removed.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    chunks: Vec<Chunk>,
    end: Slot,
    live: u32,
}

/// No row number, or no room for a text, is left.
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

    pub(super) fn get(&self, slot: Slot) -> Option<&Row> {
        let (chunk, position) = split(slot);
        let row = self.chunks.get(chunk)?.rows.get(position)?;
        (!row.is_removed()).then_some(row)
    }

    pub(super) fn view(&self, slot: Slot) -> Option<RowView<'_>> {
        let (chunk, position) = split(slot);
        self.chunks.get(chunk)?.view(position)
    }

    /// Some rows at their places in `slots`, of which there are at most [`PAGE_ROWS`]; none where
    /// one was removed.
    ///
    /// Rows and texts lie all over the memory of a large project. Each is touched before any
    /// is used, in loops so short that the processor waits for many of them at once.
    pub(super) fn page(&self, slots: &[Slot]) -> [Option<RowView<'_>>; PAGE_ROWS] {
        let mut found: [Option<(&Chunk, &Row)>; PAGE_ROWS] = [None; PAGE_ROWS];
        for (place, &slot) in found.iter_mut().zip(slots) {
            let (chunk, position) = split(slot);
            *place = self
                .chunks
                .get(chunk)
                .and_then(|chunk| Some((chunk, chunk.rows.get(position)?)));
        }
        let places = found.iter().flatten().map(|(_, row)| row.text_at);
        std::hint::black_box(places.fold(0, |sum, place| sum ^ place));
        let mut ranges = [(0, 0); PAGE_ROWS];
        for ((start, end), found) in ranges.iter_mut().zip(&found) {
            if let Some((_, row)) = found {
                *start = row.text_at as usize;
                *end = *start + row.attributes.text_length();
            }
        }
        let mut bytes = 0;
        for (&(start, end), found) in ranges.iter().zip(&found) {
            let texts = found.map_or(&[][..], |(chunk, _)| chunk.texts.as_bytes());
            // Short texts lie in no more lines than these bytes.
            for position in [start, start + 64, end] {
                bytes ^= texts.get(position).copied().unwrap_or(0);
            }
        }
        std::hint::black_box(bytes);
        let mut page = [None; PAGE_ROWS];
        for ((place, found), &(start, end)) in page.iter_mut().zip(found).zip(&ranges) {
            *place = found.and_then(|(chunk, row)| {
                Some(RowView {
                    row,
                    sequence: chunk.sequence_base + u64::from(row.sequence),
                    texts: chunk.texts.get(start..end)?,
                })
            });
        }
        page
    }

    /// The rows of a range that are not removed, in order.
    pub(super) fn iter(
        &self,
        range: std::ops::Range<Slot>,
    ) -> impl DoubleEndedIterator<Item = (Slot, RowView<'_>)> {
        range.filter_map(|slot| Some((slot, self.view(slot)?)))
    }

    /// The first row number whose row, removed or not, has at least this sequence.
    pub(super) fn first_from_sequence(&self, sequence: u64) -> Slot {
        let chunks = self
            .chunks
            .partition_point(|chunk| chunk.sequence_base <= sequence);
        let Some((chunk, before)) = self.chunks.get(..chunks).and_then(<[_]>::split_last) else {
            return 0;
        };
        let ahead = sequence - chunk.sequence_base;
        let within = chunk
            .rows
            .partition_point(|row| u64::from(row.sequence) < ahead);
        let slot = if within < chunk.rows.len() {
            slot_of(before.len(), within)
        } else {
            slot_of(chunks, 0)
        };
        slot.map_or(self.end, |slot| slot.min(self.end))
    }

    /// Adds a row behind all others; `texts` are as long as `head` says.
    pub(super) fn push(
        &mut self,
        head: &RowHead,
        texts: &str,
        end_max: Slot,
    ) -> Result<Slot, NoRoom> {
        // A chunk that is not full is left where sequences have run far ahead.
        let goes_on = self.chunks.last().is_some_and(|chunk| {
            split(self.end) == (self.chunks.len() - 1, chunk.rows.len())
                && (chunk.rows.is_empty()
                    || u32::try_from(head.sequence - chunk.sequence_base).is_ok())
        });
        let slot = if goes_on {
            Some(self.end)
        } else {
            slot_of(self.chunks.len(), 0)
        };
        let slot = slot.filter(|&slot| slot < end_max).ok_or(NoRoom)?;
        if !goes_on {
            if self.chunks.is_empty() {
                // Most projects never need another.
                self.chunks.reserve_exact(1);
            }
            self.chunks.push(Chunk::default());
        }
        let chunk = self.chunks.last_mut().ok_or(NoRoom)?;
        if chunk.rows.is_empty() {
            chunk.sequence_base = head.sequence;
        }
        chunk.push(head, texts)?;
        self.end = slot + 1;
        self.live += 1;
        Ok(slot)
    }

    /// Makes room for rows that are about to be added, as far as they go into one chunk.
    pub(super) fn reserve(&mut self, added: usize, text_length: usize) {
        if self.chunks.is_empty() && added <= CHUNK_ROWS {
            self.chunks.reserve_exact(1);
            self.chunks.push(Chunk {
                rows: Vec::with_capacity(added),
                texts: String::with_capacity(text_length),
                ..Chunk::default()
            });
        }
    }

    /// Gives a row other fields, and other texts where some are given.
    pub(super) fn replace(
        &mut self,
        slot: Slot,
        attributes: Attributes,
        texts: Option<&str>,
        version: Revision,
        next: Next,
    ) -> Result<(), NoRoom> {
        let (chunk, position) = split(slot);
        let chunk = self.chunks.get_mut(chunk).ok_or(NoRoom)?;
        let text_at = texts.map(|texts| chunk.append(texts)).transpose()?;
        let row = chunk.rows.get_mut(position).ok_or(NoRoom)?;
        if let Some(text_at) = text_at {
            chunk.text_live -= length(row.attributes.text_length());
            chunk.text_live += length(attributes.text_length());
            row.text_at = text_at;
        }
        row.attributes = attributes;
        row.version = U48::new(version.get());
        row.next = next;
        chunk.compact_if_wasteful();
        Ok(())
    }

    /// Keeps what became known of a row's next execution.
    pub(super) fn set_next(&mut self, slot: Slot, next: Next) {
        let (chunk, position) = split(slot);
        let row = self
            .chunks
            .get_mut(chunk)
            .and_then(|chunk| chunk.rows.get_mut(position));
        if let Some(row) = row {
            row.next = next;
        }
    }

    /// Leaves a hole in place of a row.
    pub(super) fn remove(&mut self, slot: Slot) {
        let (number, position) = split(slot);
        let is_last = number + 1 == self.chunks.len();
        let Some(chunk) = self.chunks.get_mut(number) else {
            return;
        };
        let Some(row) = chunk.rows.get_mut(position) else {
            return;
        };
        chunk.text_live -= length(row.attributes.text_length());
        chunk.live -= 1;
        row.text_at = REMOVED;
        self.live -= 1;
        if chunk.live == 0 && !is_last {
            chunk.rows = Vec::new();
            chunk.texts = String::new();
        }
        chunk.compact_if_wasteful();
    }

    /// Takes a row out, and moves those behind it. Only for projects of one chunk.
    pub(super) fn close_up(&mut self, slot: Slot) {
        self.remove(slot);
        let (number, position) = split(slot);
        if let Some(chunk) = self.chunks.get_mut(number) {
            chunk.rows.remove(position);
            self.end -= 1;
        }
    }

    /// Whether so many rows can be added, and texts of so many bytes given to any rows.
    pub(super) fn has_room_for(&self, added: usize, text_length: usize, end_max: Slot) -> bool {
        // A chunk may be left where it is, and another begun.
        let end = self.end as usize + CHUNK_ROWS + added;
        end <= end_max as usize
            && self
                .chunks
                .iter()
                .all(|chunk| chunk.text_live as usize + text_length < REMOVED as usize)
    }

    /// How many bytes of texts belong to no row.
    #[cfg(feature = "testkit")]
    pub(super) fn text_wasted(&self) -> usize {
        let chunks = self.chunks.iter();
        chunks
            .map(|chunk| chunk.texts.len() - chunk.text_live as usize)
            .sum()
    }

    /// Takes the last row out.
    pub(super) fn pop(&mut self) {
        let Some(slot) = self.end.checked_sub(1) else {
            return;
        };
        if self.get(slot).is_some() {
            self.remove(slot);
        }
        let (number, position) = split(slot);
        if let Some(chunk) = self.chunks.get_mut(number) {
            chunk.rows.truncate(position);
        }
        self.end = slot;
        self.chunks.truncate(number + 1);
    }

    /// Checks the invariants of all chunks.
    pub(super) fn validate(&self) -> Result<(), String> {
        let mut sequence_min = 0;
        let mut live_total = 0;
        for (number, chunk) in self.chunks.iter().enumerate() {
            let mut live = 0;
            let mut text_live = 0;
            for (position, row) in chunk.rows.iter().enumerate() {
                let sequence = chunk.sequence_base + u64::from(row.sequence);
                if sequence < sequence_min {
                    return Err(format!("row {position} of chunk {number} is out of order"));
                }
                sequence_min = sequence + 1;
                if row.is_removed() {
                    continue;
                }
                let view = chunk
                    .view(position)
                    .ok_or_else(|| format!("row {position} of chunk {number} has no texts"))?;
                if !row.attributes.is_consistent() || view.task().id().is_empty() {
                    return Err(format!("row {position} of chunk {number} is no task"));
                }
                live += 1;
                text_live += length(row.attributes.text_length());
            }
            if (live, text_live) != (chunk.live, chunk.text_live) {
                return Err(format!("chunk {number} miscounts its rows or texts"));
            }
            if chunk.is_wasteful() {
                return Err(format!("chunk {number} keeps texts of no row"));
            }
            if chunk.rows.len() > CHUNK_ROWS {
                return Err(format!("chunk {number} is over-full"));
            }
            live_total += u32::from(live);
        }
        let end = match self.chunks.split_last() {
            Some((last, before)) if !last.rows.is_empty() || before.is_empty() => {
                slot_of(before.len(), last.rows.len())
            }
            Some((_, before)) => slot_of(before.len(), CHUNK_ROWS).filter(|_| self.end > 0),
            None => Some(0),
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
    fn view(&self, position: usize) -> Option<RowView<'_>> {
        let row = self.rows.get(position)?;
        if row.is_removed() {
            return None;
        }
        let start = row.text_at as usize;
        let texts = self
            .texts
            .get(start..start + row.attributes.text_length())?;
        Some(RowView {
            row,
            sequence: self.sequence_base + u64::from(row.sequence),
            texts,
        })
    }

    fn push(&mut self, head: &RowHead, texts: &str) -> Result<(), NoRoom> {
        let sequence = u32::try_from(head.sequence - self.sequence_base).map_err(|_| NoRoom)?;
        let text_at = self.append(texts)?;
        if self.rows.len() == self.rows.capacity() {
            // Small projects are many, so they get little more than they need.
            let more = (self.rows.len() / 4).max(4);
            self.rows
                .reserve_exact(more.min(CHUNK_ROWS - self.rows.len()));
        }
        self.rows.push(Row {
            attributes: head.attributes,
            next: head.next,
            text_at,
            sequence,
            version: U48::new(head.version.get()),
            added: I48::new(head.added),
        });
        self.live += 1;
        self.text_live += length(head.attributes.text_length());
        if self.rows.len() == CHUNK_ROWS {
            self.texts.shrink_to_fit();
        }
        Ok(())
    }

    /// Puts texts behind all others, and returns where they begin.
    fn append(&mut self, texts: &str) -> Result<u32, NoRoom> {
        if !self.has_room_for(texts) {
            self.compact();
            if !self.has_room_for(texts) {
                return Err(NoRoom);
            }
        }
        let needed = self.texts.len() + texts.len();
        if needed > self.texts.capacity() {
            let more = texts.len() + self.texts.len() / 4;
            self.texts.reserve_exact(more);
        }
        let text_at = length(self.texts.len());
        self.texts.push_str(texts);
        Ok(text_at)
    }

    fn has_room_for(&self, texts: &str) -> bool {
        self.texts.len().saturating_add(texts.len()) < REMOVED as usize
    }

    /// Rewrites the texts once more than half of them belong to no row.
    fn compact_if_wasteful(&mut self) {
        if self.is_wasteful() {
            self.compact();
        }
    }

    fn is_wasteful(&self) -> bool {
        const SLACK: usize = 256;
        self.texts.len() > 2 * self.text_live as usize + SLACK
    }

    fn compact(&mut self) {
        let mut kept = String::with_capacity(self.text_live as usize);
        for row in &mut self.rows {
            if !row.is_removed() {
                let start = row.text_at as usize;
                let texts = self.texts.get(start..start + row.attributes.text_length());
                row.text_at = length(kept.len());
                kept.push_str(texts.unwrap_or_default());
            }
        }
        self.texts = kept;
    }
}

/// The chunk of a row, and its position there.
fn split(slot: Slot) -> (usize, usize) {
    let slot = slot as usize;
    (slot >> CHUNK_SHIFT, slot & (CHUNK_ROWS - 1))
}

fn slot_of(chunk: usize, position: usize) -> Option<Slot> {
    Slot::try_from((chunk << CHUNK_SHIFT) + position).ok()
}

/// A length within a chunk's texts, which are below 4 GiB.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// An unsigned number of 48 bits.
#[derive(Debug, Clone, Copy)]
struct U48([u16; 3]);

impl U48 {
    #[expect(clippy::cast_possible_truncation, reason = "cut into its parts")]
    const fn new(number: u64) -> Self {
        Self([number as u16, (number >> 16) as u16, (number >> 32) as u16])
    }

    const fn get(self) -> u64 {
        let Self([low, middle, high]) = self;
        low as u64 | (middle as u64) << 16 | (high as u64) << 32
    }
}

/// A signed number of 48 bits; chrono's seconds take 44.
#[derive(Debug, Clone, Copy)]
struct I48(U48);

impl I48 {
    const fn new(number: i64) -> Self {
        Self(U48::new(number.cast_unsigned()))
    }

    const fn get(self) -> i64 {
        (self.0.get() << 16).cast_signed() >> 16
    }
}
