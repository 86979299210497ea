//! The due queue of a watched project: its rows by the second of what is pending.

use std::collections::{BTreeSet, VecDeque};

use prefetch_index::prefetch_index;

use super::memory::b_tree_bytes;
use super::next::Next;
use super::rows::Rows;
use super::slot::{RowNumber, Slot};

/// Most words of a block. Twice as many save half a byte a task, and make changes slower.
const BLOCK_WORDS: usize = 128;
/// Words of a block that is built with others, so that there is room for more.
const BLOCK_WORDS_BUILT: usize = BLOCK_WORDS / 4 * 3;
/// Spare words that a block gets when it is full.
const BLOCK_WORDS_SPARE: usize = 16;
/// A block of fewer words is joined with a neighbour, if that leaves room.
const BLOCK_WORDS_MIN: usize = BLOCK_WORDS / 4;
/// Rows that are always added one by one.
const ADDED_ONE_BY_ONE_MIN: usize = 64;
/// The part of a queue, one in eight, above which added rows are sorted in together.
const ADDED_ONE_BY_ONE_PART: usize = 8;
/// Bits of a word that are the row.
const SLOT_BITS: u32 = u32::BITS;

/// What is pending, ordered by second, and by row within a second.
///
/// A word is a second, counted from `base`, above a row. Words stand in sorted blocks, in order.
/// Seconds that are not within 136 years of `base` wait in a set apart. A row's kept [`Next`] is
/// the key by which its word is found again, so nothing else may write it.
///
/// A change finds its block by a binary search, and moves half a block: O(log n) for n rows, and
/// O(n / 100) where a block is split or joined, once in dozens of changes.
///
/// Invariants: every visible row that is enabled and has a moment to come is there once, under
/// that moment; `len` counts the words. No block is empty; its words are not below its lower
/// bound, and below that of the next.
#[derive(Debug)]
pub(crate) struct DueQueue {
    base: i64,
    blocks: VecDeque<Vec<u64>>,
    /// The lower bound of each block, where all of them are searched in a few cache lines.
    lowers: VecDeque<u64>,
    len: usize,
    apart: BTreeSet<(i64, Slot)>,
    /// Rows before this one are in the queue, those that have something pending.
    rows_end: Slot,
    /// What is pending is what comes next, for every instant from this one up to the first.
    exact_from: i64,
    /// The first second, as the agenda of the store knows it.
    published: Option<i64>,
}

impl DueQueue {
    /// A queue without rows, for seconds about `second`.
    pub(crate) fn new(second: i64) -> Self {
        Self {
            // A store watched from the beginning of time still has tasks of this century.
            base: second.max(0),
            blocks: VecDeque::new(),
            lowers: VecDeque::new(),
            len: 0,
            apart: BTreeSet::new(),
            rows_end: Slot::FIRST,
            exact_from: i64::MIN,
            published: None,
        }
    }

    /// A queue for the same project, still without rows.
    pub(super) fn emptied(&self) -> Self {
        Self::new(self.base).with_published(self.published)
    }

    /// Sets the first second that the agenda knows.
    pub(super) fn with_published(self, published: Option<i64>) -> Self {
        Self { published, ..self }
    }

    /// A queue of the same rows, to be put in place of this one.
    pub(super) fn copied(&self) -> Self {
        Self {
            blocks: self.blocks.clone(),
            lowers: self.lowers.clone(),
            apart: self.apart.clone(),
            ..*self
        }
    }

    /// How many rows are pending.
    pub(crate) fn len(&self) -> usize {
        self.len + self.apart.len()
    }

    /// The earliest second.
    pub(crate) fn first(&self) -> Option<i64> {
        self.iter().next().map(|(second, _)| second)
    }

    /// All rows with their seconds, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, Slot)> {
        let early = self.apart.range(..(self.base, Slot::FIRST));
        let late = self.apart.range((self.base, Slot::FIRST)..);
        let words = self.blocks.iter().flatten();
        let words = words.map(|&word| self.unpack(word));
        early.copied().chain(words).chain(late.copied())
    }

    /// How many rows are pending up to a second. O(n / 100) for n rows.
    pub(crate) fn count_until(&self, second: i64) -> usize {
        let apart = self.apart.range(..=(second, Slot::MAX)).count();
        if second < self.base {
            return apart;
        }
        let Some(last) = self.word(second, Slot::MAX) else {
            return apart + self.len;
        };
        let reached = self.lowers.partition_point(|&lower| lower <= last);
        let mut reached = self.blocks.range(..reached);
        let partly = reached.next_back();
        let partly = partly.map_or(0, |block| block.partition_point(|&it| it <= last));
        let whole = reached.map(Vec::len);
        apart + whole.sum::<usize>() + partly
    }

    /// Whether what is pending is what comes next after a second, of every row.
    pub(super) fn tells_next(&self, now: i64) -> bool {
        self.exact_from <= now && self.first().is_none_or(|first| now < first)
    }

    /// How many of the rows before `rows_end` were not added yet.
    pub(super) fn rows_missing(&self, rows_end: Slot) -> usize {
        rows_end.get().saturating_sub(self.rows_end.get()) as usize
    }

    /// Adds the rows that were not added yet. O(n log n) for n rows, and for a few of them as
    /// [`insert`](Self::insert).
    pub(super) fn insert_rows(&mut self, rows: &Rows) {
        let added = rows.iter(self.rows_end..rows.end());
        let added = added.map(|(slot, row)| (slot, row.pending()));
        let few = ADDED_ONE_BY_ONE_MIN.max(self.len / ADDED_ONE_BY_ONE_PART);
        if self.rows_missing(rows.end()) > few {
            self.insert_all(added);
        } else {
            added.for_each(|(slot, next)| self.insert(slot, next));
        }
        self.rows_end = rows.end();
    }

    /// Moves a row from one moment to another.
    pub(super) fn exchange(&mut self, slot: Slot, before: Next, after: Next) {
        if before != after {
            self.prefetch(slot, after);
            self.remove(slot, before);
            self.insert(slot, after);
        }
    }

    /// Whether the agenda knows the first second.
    pub(crate) fn is_published(&self) -> bool {
        self.first() == self.published
    }

    /// The first second that the agenda knows.
    pub(crate) fn published(&self) -> Option<i64> {
        self.published
    }

    /// Notes that the agenda knows the first second, and returns the one that it knew.
    pub(super) fn publish(&mut self) -> Option<i64> {
        let first = self.first();
        std::mem::replace(&mut self.published, first)
    }

    /// Adds a row under its next moment, if it has one.
    pub(super) fn insert(&mut self, slot: Slot, next: Next) {
        self.exact_from = self.exact_from.max(next.known_from());
        let Some(second) = next.instant() else {
            return;
        };
        match self.word(second, slot) {
            Some(word) => self.insert_word(word),
            None => {
                self.apart.insert((second, slot));
            }
        }
    }

    /// Takes a row out that was added under this moment.
    pub(super) fn remove(&mut self, slot: Slot, next: Next) {
        let Some(second) = next.instant() else {
            return;
        };
        match self.word(second, slot) {
            Some(word) => self.remove_word(word),
            None => {
                self.apart.remove(&(second, slot));
            }
        }
    }

    /// Adds many rows. O(n log n) for n rows, those of before included.
    fn insert_all(&mut self, rows: impl Iterator<Item = (Slot, Next)>) {
        let mut words = Vec::new();
        for (slot, next) in rows {
            self.exact_from = self.exact_from.max(next.known_from());
            let Some(second) = next.instant() else {
                continue;
            };
            match self.word(second, slot) {
                Some(word) => words.push(word),
                None => {
                    self.apart.insert((second, slot));
                }
            }
        }
        words.extend(self.blocks.iter().flatten());
        words.sort_unstable();
        self.len = words.len();
        let blocks = words.chunks(BLOCK_WORDS_BUILT);
        self.lowers = blocks
            .clone()
            .filter_map(|block| block.first())
            .copied()
            .collect();
        self.blocks = blocks.map(<[u64]>::to_vec).collect();
    }

    /// Takes the first rows out.
    pub(super) fn remove_first(&mut self, count: usize) {
        let mut left = count;
        while left > 0 && self.apart.first().is_some_and(|it| it.0 < self.base) {
            self.apart.pop_first();
            left -= 1;
        }
        while left > 0
            && let Some(block) = self.blocks.front_mut()
        {
            let taken = left.min(block.len());
            block.drain(..taken);
            if block.is_empty() {
                self.remove_block(0);
            }
            self.len -= taken;
            left -= taken;
        }
        for _ in 0..left {
            self.apart.pop_first();
        }
    }

    /// Renumbers the rows after a removed one, which all moved up by one. O(n).
    pub(super) fn shift_after(&mut self, slot: Slot) {
        for (block, lower) in self.blocks.iter_mut().zip(&mut self.lowers) {
            for word in block.iter_mut() {
                let (_, other) = split(*word);
                *word -= u64::from(other > slot);
            }
            *lower = block.first().copied().unwrap_or(*lower);
        }
        let apart = std::mem::take(&mut self.apart).into_iter();
        let moved = |other: Slot| other.previous().filter(|_| other > slot).unwrap_or(other);
        self.apart = apart.map(|(second, it)| (second, moved(it))).collect();
        self.rows_end = self.rows_end.previous().unwrap_or_default();
    }

    /// Prefetches the block in which a row has this moment, or would have it.
    fn prefetch(&self, slot: Slot, next: Next) {
        let word = next.instant().and_then(|second| self.word(second, slot));
        let block = word.and_then(|word| self.blocks.get(self.block_of(word)));
        prefetch_words(block.map_or(&[], Vec::as_slice));
    }

    fn insert_word(&mut self, word: u64) {
        let number = self.block_of(word);
        let Some((block, lower)) = self.blocks.get_mut(number).zip(self.lowers.get_mut(number))
        else {
            self.insert_block(number, vec![word]);
            self.len += 1;
            return;
        };
        prefetch_words(block);
        let Err(place) = block.binary_search(&word) else {
            debug_assert!(false, "a row is added once");
            return;
        };
        self.len += 1;
        *lower = word.min(*lower);
        if block.len() < BLOCK_WORDS {
            insert(block, place, word);
            return;
        }
        // Ascending words fill their blocks, also in front of other blocks.
        let is_near_end = place >= BLOCK_WORDS_BUILT;
        let half = if is_near_end { place } else { BLOCK_WORDS / 2 };
        let mut upper = block.split_off(half);
        if place <= half && half < BLOCK_WORDS {
            insert(block, place, word);
        } else {
            insert(&mut upper, place - half, word);
        }
        if !is_near_end {
            block.shrink_to(block.len() + BLOCK_WORDS_SPARE);
        }
        self.insert_block(number + 1, upper);
    }

    fn remove_word(&mut self, word: u64) {
        let number = self.block_of(word);
        let block = self.blocks.get_mut(number);
        let Some((block, place)) = block.and_then(|block| {
            prefetch_words(block);
            let place = block.binary_search(&word).ok()?;
            Some((block, place))
        }) else {
            debug_assert!(false, "a row that is taken out was added");
            return;
        };
        block.remove(place);
        self.len -= 1;
        if block.is_empty() {
            self.remove_block(number);
        } else if block.len() < BLOCK_WORDS_MIN {
            self.join(number);
            if let Some(before) = number.checked_sub(1) {
                self.join(before);
            }
        }
    }

    /// Joins a block with the next one where both together are half of one.
    fn join(&mut self, number: usize) {
        let length = |number: usize| self.blocks.get(number).map(Vec::len);
        let together = length(number).zip(length(number + 1));
        if together.is_some_and(|(a, b)| a + b <= BLOCK_WORDS / 2)
            && let Some(next) = self.remove_block(number + 1)
            && let Some(block) = self.blocks.get_mut(number)
        {
            block.reserve_exact(next.len());
            block.extend(next);
        }
    }

    /// Puts a block that is not empty in a place.
    fn insert_block(&mut self, number: usize, block: Vec<u64>) {
        self.lowers
            .insert(number, block.first().copied().unwrap_or(0));
        self.blocks.insert(number, block);
    }

    fn remove_block(&mut self, number: usize) -> Option<Vec<u64>> {
        self.lowers.remove(number);
        self.blocks.remove(number)
    }

    /// The block that has a word or would have it.
    fn block_of(&self, word: u64) -> usize {
        let behind = self.lowers.partition_point(|&lower| lower <= word);
        behind.saturating_sub(1)
    }

    /// The word of a row, where its second is within reach.
    fn word(&self, second: i64, slot: Slot) -> Option<u64> {
        let seconds = u32::try_from(second.checked_sub(self.base)?).ok()?;
        Some(u64::from(seconds) << SLOT_BITS | u64::from(slot.get()))
    }

    fn unpack(&self, word: u64) -> (i64, Slot) {
        let (seconds, slot) = split(word);
        (self.base + i64::from(seconds), slot)
    }

    /// Bytes of heap memory. O(blocks).
    pub(super) fn heap_bytes(&self) -> usize {
        let words = self.blocks.iter().map(Vec::capacity);
        words.sum::<usize>() * size_of::<u64>()
            + self.blocks.capacity() * size_of::<Vec<u64>>()
            + self.lowers.capacity() * size_of::<u64>()
            + b_tree_bytes::<(i64, Slot)>(self.apart.len())
            + size_of::<Self>()
    }

    /// Checks the blocks, and that these rows and no others are there.
    pub(super) fn validate(&self, rows: impl Iterator<Item = (Slot, Next)>) -> Result<(), String> {
        if !self.is_published() {
            return Err("the agenda has another first second".into());
        }
        let words = || self.blocks.iter().flatten();
        if !words().is_sorted_by(|a, b| a < b) || words().count() != self.len {
            return Err(format!("{} words are out of order", self.len));
        }
        let ends = self.lowers.iter().skip(1).copied().chain([u64::MAX]);
        let bounds = self.lowers.iter().zip(ends);
        for (number, (block, (&lower, end))) in self.blocks.iter().zip(bounds).enumerate() {
            let is_within = block.iter().all(|&word| (lower..end).contains(&word));
            if block.is_empty() || block.len() > BLOCK_WORDS || !is_within {
                return Err(format!("block {number} has {} words", block.len()));
            }
        }
        if self.blocks.len() != self.lowers.len() {
            return Err(format!("{} blocks have lower bounds", self.lowers.len()));
        }
        if self
            .apart
            .iter()
            .any(|&(second, slot)| self.word(second, slot).is_some())
        {
            return Err("a second within reach waits apart".into());
        }
        let expected = rows.filter_map(|(slot, next)| Some((next.instant()?, slot)));
        let mut expected: Vec<_> = expected.collect();
        expected.sort_unstable();
        if !self.iter().eq(expected.iter().copied()) {
            let found = self.len();
            return Err(format!("{found} rows are pending, not {}", expected.len()));
        }
        Ok(())
    }
}

fn insert(block: &mut Vec<u64>, place: usize, word: u64) {
    if block.len() == block.capacity() {
        block.reserve_exact(BLOCK_WORDS_SPARE);
    }
    block.insert(place, word);
}

/// Prefetches all cache lines of a block: a search in it would wait for three of them in turn.
fn prefetch_words(block: &[u64]) {
    const LINE_WORDS: usize = 8;
    for place in (0..block.len()).step_by(LINE_WORDS) {
        prefetch_index(block, place);
    }
}

/// The seconds and the row of a word.
#[expect(clippy::cast_possible_truncation, reason = "the two halves of a word")]
fn split(word: u64) -> (u32, Slot) {
    ((word >> SLOT_BITS) as u32, Slot::new(word as u32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Moment;

    fn at(second: i64) -> Next {
        let moment = Moment {
            instant: second,
            offset: 0,
        };
        Next::between(Some(second - 60), Some(moment))
    }

    fn slots(range: std::ops::Range<u32>) -> impl Iterator<Item = Slot> {
        range.map(Slot::new)
    }

    /// Checks a queue against a plain set of the same rows.
    fn check(queue: &mut DueQueue, rows: &BTreeSet<(i64, Slot)>) {
        queue.publish();
        let expected = rows.iter().map(|&(second, slot)| (slot, at(second)));
        queue.validate(expected).unwrap();
        assert!(queue.iter().eq(rows.iter().copied()));
        assert_eq!(queue.first(), rows.first().map(|&(second, _)| second));
        for &(second, _) in rows.iter().step_by(97) {
            for second in [second - 1, second] {
                let count = rows.range(..=(second, Slot::MAX)).count();
                assert_eq!(queue.count_until(second), count, "{second}");
            }
        }
        assert_eq!(queue.count_until(i64::MAX), rows.len());
    }

    /// Seconds that collide, of every distance.
    fn second_of(slot: Slot) -> i64 {
        let slot = slot.get();
        let spread = i64::from(slot.wrapping_mul(2_654_435_769) >> 12);
        match slot % 50 {
            0 => -spread,
            1 => (1 << 33) + spread,
            _ => 1_000_000 + spread / 7 * 5,
        }
    }

    #[test]
    fn rows_are_found_again_by_their_seconds() {
        let mut queue = DueQueue::new(1_000);
        let mut rows = BTreeSet::new();
        for slot in slots(0..20_000) {
            queue.insert(slot, at(second_of(slot)));
            rows.insert((second_of(slot), slot));
        }
        check(&mut queue, &rows);
        for slot in slots(0..20_000).filter(|slot| slot.get() % 16 != 3) {
            queue.remove(slot, at(second_of(slot)));
            rows.remove(&(second_of(slot), slot));
            if slot.get() % 4_096 == 1 {
                check(&mut queue, &rows);
            }
        }
        check(&mut queue, &rows);
        let words = rows.len() * size_of::<u64>();
        let bytes = queue.heap_bytes();
        assert!(bytes < words * 8, "{bytes} bytes are left for {words}");
        for slot in slots(0..20_000).filter(|slot| slot.get() % 16 == 3) {
            queue.remove(slot, at(second_of(slot)));
        }
        check(&mut queue, &BTreeSet::new());
    }

    #[test]
    fn many_rows_at_once_are_the_same_as_one_by_one() {
        let mut queue = DueQueue::new(1_000);
        let mut rows = BTreeSet::new();
        let mut begin = 0;
        for end in [1, 60, 5_000, 5_100, 20_000] {
            queue.insert_all(slots(begin..end).map(|slot| (slot, at(second_of(slot)))));
            rows.extend(slots(begin..end).map(|slot| (second_of(slot), slot)));
            check(&mut queue, &rows);
            begin = end;
        }
        check(&mut queue.copied(), &rows);
    }

    #[test]
    fn the_first_rows_go_in_order() {
        let mut queue = DueQueue::new(1_000);
        queue.insert_all(slots(0..5_000).map(|slot| (slot, at(second_of(slot)))));
        let mut rows: BTreeSet<_> = slots(0..5_000)
            .map(|slot| (second_of(slot), slot))
            .collect();
        for count in [1, 90, 9, 700, 4_000, 1_000] {
            queue.remove_first(count);
            for _ in 0..count {
                rows.pop_first();
            }
            check(&mut queue, &rows);
        }
    }

    #[test]
    fn rows_that_come_in_order_fill_their_blocks() {
        let mut queue = DueQueue::new(0);
        queue.insert(Slot::MAX, at(1_000_000));
        slots(0..10_000).for_each(|slot| queue.insert(slot, at(500_000)));
        assert!(queue.heap_bytes() < 90_000, "{}", queue.heap_bytes());
    }

    #[test]
    fn rows_move_up_where_one_was_removed() {
        let mut queue = DueQueue::new(1_000);
        queue.insert_all(slots(0..300).map(|slot| (slot, at(second_of(slot)))));
        let gone = Slot::new(100);
        queue.rows_end = Slot::new(300);
        queue.remove(gone, at(second_of(gone)));
        queue.shift_after(gone);
        let before = slots(0..100).map(|slot| (second_of(slot), slot));
        let moved = slots(101..300).zip(slots(100..299));
        let moved = moved.map(|(slot, place)| (second_of(slot), place));
        let rows = before.chain(moved);
        check(&mut queue, &rows.collect());
    }

    #[test]
    fn what_never_comes_is_not_pending() {
        let mut queue = DueQueue::new(1_000);
        for next in [Next::NEVER, Next::UNKNOWN, Next::between(Some(5_000), None)] {
            queue.insert(Slot::new(7), next);
            queue.remove(Slot::new(7), next);
        }
        check(&mut queue, &BTreeSet::new());
    }
}
