//! The due queue of a watched project: its rows by the second of what is pending.

use std::collections::{BTreeSet, VecDeque};

use prefetch_index::prefetch_index;

use super::memory::b_tree_bytes;
use super::next::CachedNext;
use super::rows::Rows;
use super::slot::{RowNumber, Slot};
use crate::task::Code;

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
/// Seconds that are not within 136 years of `base` wait in a set apart. A row's kept [`CachedNext`] is
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
    blocks: VecDeque<Block>,
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

/// Words in order.
#[derive(Debug, Clone, Default)]
struct Block {
    words: Vec<u64>,
    /// A bit for each scope of its rows. A row that left may have left its bit behind.
    scopes: u32,
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
        self.iter_of(u32::MAX)
    }

    /// The same without blocks that have no row of these scopes, a bit each.
    pub(super) fn iter_of(&self, scopes: u32) -> impl Iterator<Item = (i64, Slot)> {
        let early = self.apart.range(..(self.base, Slot::FIRST));
        let late = self.apart.range((self.base, Slot::FIRST)..);
        let blocks = self.blocks.iter();
        let blocks = blocks.filter(move |block| block.scopes & scopes != 0);
        let words = blocks.flat_map(|block| &block.words);
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
        let partly = partly.map_or(0, |block| block.words.partition_point(|&it| it <= last));
        let whole = reached.map(|block| block.words.len());
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
        let added = added.map(|(slot, row)| (slot, row.pending(), row.code()));
        let few = ADDED_ONE_BY_ONE_MIN.max(self.len / ADDED_ONE_BY_ONE_PART);
        if self.rows_missing(rows.end()) > few {
            self.insert_all(added);
        } else {
            added.for_each(|(slot, next, code)| self.insert(slot, next, code));
        }
        self.rows_end = rows.end();
    }

    /// Moves a row from one moment to another, and from one code to another.
    pub(super) fn exchange(
        &mut self,
        slot: Slot,
        before: (CachedNext, Code),
        after: (CachedNext, Code),
    ) {
        if before.0 != after.0 || before.1.scope() != after.1.scope() {
            self.prefetch(slot, after.0);
            self.remove(slot, before.0);
            self.insert(slot, after.0, after.1);
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
    pub(super) fn insert(&mut self, slot: Slot, next: CachedNext, code: Code) {
        self.exact_from = self.exact_from.max(next.known_from());
        let Some(second) = next.instant() else {
            return;
        };
        match self.word(second, slot) {
            Some(word) => self.insert_word(word, code.scope_bit()),
            None => {
                self.apart.insert((second, slot));
            }
        }
    }

    /// Takes a row out that was added under this moment.
    pub(super) fn remove(&mut self, slot: Slot, next: CachedNext) {
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
    fn insert_all(&mut self, rows: impl Iterator<Item = (Slot, CachedNext, Code)>) {
        let mut words = Vec::new();
        for (slot, next, code) in rows {
            self.exact_from = self.exact_from.max(next.known_from());
            let Some(second) = next.instant() else {
                continue;
            };
            match self.word(second, slot) {
                Some(word) => words.push((word, code.scope_bit())),
                None => {
                    self.apart.insert((second, slot));
                }
            }
        }
        for block in &self.blocks {
            words.extend(block.words.iter().map(|&word| (word, block.scopes)));
        }
        words.sort_unstable_by_key(|&(word, _)| word);
        self.len = words.len();
        let blocks = words.chunks(BLOCK_WORDS_BUILT).map(|words| Block {
            words: words.iter().map(|&(word, _)| word).collect(),
            scopes: words.iter().fold(0, |scopes, (_, scope)| scopes | scope),
        });
        self.blocks = blocks.collect();
        self.lowers = self.blocks.iter().map(Block::first).collect();
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
            let taken = left.min(block.words.len());
            block.words.drain(..taken);
            if block.words.is_empty() {
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
            for word in &mut block.words {
                let (_, other) = split(*word);
                *word -= u64::from(other > slot);
            }
            *lower = block.first();
        }
        let apart = std::mem::take(&mut self.apart).into_iter();
        let moved = |other: Slot| other.previous().filter(|_| other > slot).unwrap_or(other);
        self.apart = apart.map(|(second, it)| (second, moved(it))).collect();
        self.rows_end = self.rows_end.previous().unwrap_or_default();
    }

    /// Prefetches the block in which a row has this moment, or would have it.
    fn prefetch(&self, slot: Slot, next: CachedNext) {
        let word = next.instant().and_then(|second| self.word(second, slot));
        let block = word.and_then(|word| self.blocks.get(self.block_of(word)));
        prefetch_words(block.map_or(&[], |block| &block.words));
    }

    fn insert_word(&mut self, word: u64, scope: u32) {
        let number = self.block_of(word);
        let Some((block, lower)) = self.blocks.get_mut(number).zip(self.lowers.get_mut(number))
        else {
            let words = vec![word];
            let scopes = scope;
            self.insert_block(number, Block { words, scopes });
            self.len += 1;
            return;
        };
        prefetch_words(&block.words);
        let Err(place) = block.words.binary_search(&word) else {
            debug_assert!(false, "a row is added once");
            return;
        };
        self.len += 1;
        *lower = word.min(*lower);
        block.scopes |= scope;
        let scopes = block.scopes;
        let block = &mut block.words;
        if block.len() < BLOCK_WORDS {
            insert(block, place, word);
            return;
        }
        // Ascending words fill their blocks, also in front of other blocks.
        let is_near_end = place >= BLOCK_WORDS_BUILT;
        let half = if is_near_end { place } else { BLOCK_WORDS / 2 };
        let mut words = block.split_off(half);
        if place <= half && half < BLOCK_WORDS {
            insert(block, place, word);
        } else {
            insert(&mut words, place - half, word);
        }
        if !is_near_end {
            block.shrink_to(block.len() + BLOCK_WORDS_SPARE);
        }
        self.insert_block(number + 1, Block { words, scopes });
    }

    fn remove_word(&mut self, word: u64) {
        let number = self.block_of(word);
        let block = self.blocks.get_mut(number).map(|block| &mut block.words);
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
        let length = |number: usize| self.blocks.get(number).map(|block| block.words.len());
        let together = length(number).zip(length(number + 1));
        if together.is_some_and(|(a, b)| a + b <= BLOCK_WORDS / 2)
            && let Some(next) = self.remove_block(number + 1)
            && let Some(block) = self.blocks.get_mut(number)
        {
            block.words.reserve_exact(next.words.len());
            block.words.extend(next.words);
            block.scopes |= next.scopes;
        }
    }

    /// Puts a block that is not empty in a place.
    fn insert_block(&mut self, number: usize, block: Block) {
        self.lowers.insert(number, block.first());
        self.blocks.insert(number, block);
    }

    fn remove_block(&mut self, number: usize) -> Option<Block> {
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
        let words = self.blocks.iter().map(|block| block.words.capacity());
        words.sum::<usize>() * size_of::<u64>()
            + self.blocks.capacity() * size_of::<Block>()
            + self.lowers.capacity() * size_of::<u64>()
            + b_tree_bytes::<(i64, Slot)>(self.apart.len())
            + size_of::<Self>()
    }

    /// Checks the blocks, and that these rows and no others are there.
    pub(super) fn validate(
        &self,
        rows: impl Iterator<Item = (Slot, CachedNext, Code)>,
    ) -> Result<(), String> {
        if !self.is_published() {
            return Err("the agenda has another first second".into());
        }
        let words = || self.blocks.iter().flat_map(|block| &block.words);
        if !words().is_sorted_by(|a, b| a < b) || words().count() != self.len {
            return Err(format!("{} words are out of order", self.len));
        }
        let ends = self.lowers.iter().skip(1).copied().chain([u64::MAX]);
        let bounds = self.lowers.iter().zip(ends);
        for (number, (block, (&lower, end))) in self.blocks.iter().zip(bounds).enumerate() {
            let block = &block.words;
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
        let mut expected = Vec::new();
        for (slot, next, code) in rows {
            let Some(second) = next.instant() else {
                continue;
            };
            expected.push((second, slot));
            let word = self.word(second, slot);
            let block = word.and_then(|word| self.blocks.get(self.block_of(word)));
            if block.is_some_and(|block| block.scopes & code.scope_bit() == 0) {
                return Err(format!("row {slot} is passed over by its scope"));
            }
        }
        expected.sort_unstable();
        if !self.iter().eq(expected.iter().copied()) {
            let found = self.len();
            return Err(format!("{found} rows are pending, not {}", expected.len()));
        }
        Ok(())
    }
}

impl Block {
    /// The first word of a block, which is not empty.
    fn first(&self) -> u64 {
        self.words.first().copied().unwrap_or(0)
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

    fn at(second: i64) -> CachedNext {
        let moment = Moment {
            instant: second,
            offset: 0,
        };
        CachedNext::between(Some(second - 60), Some(moment))
    }

    fn slots(range: std::ops::Range<u32>) -> impl Iterator<Item = Slot> {
        range.map(Slot::new)
    }

    /// Codes of several scopes.
    fn code_of(slot: Slot) -> Code {
        Code::of(0, u16::from(slot.get().is_multiple_of(3)), 0)
    }

    /// Checks a queue against a plain set of the same rows.
    fn check(queue: &mut DueQueue, rows: &BTreeSet<(i64, Slot)>) {
        queue.publish();
        let expected = rows
            .iter()
            .map(|&(second, slot)| (slot, at(second), code_of(slot)));
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
            queue.insert(slot, at(second_of(slot)), code_of(slot));
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
            queue.insert_all(
                slots(begin..end).map(|slot| (slot, at(second_of(slot)), code_of(slot))),
            );
            rows.extend(slots(begin..end).map(|slot| (second_of(slot), slot)));
            check(&mut queue, &rows);
            begin = end;
        }
        check(&mut queue.copied(), &rows);
    }

    #[test]
    fn the_first_rows_go_in_order() {
        let mut queue = DueQueue::new(1_000);
        queue.insert_all(slots(0..5_000).map(|slot| (slot, at(second_of(slot)), code_of(slot))));
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
        queue.insert(Slot::MAX, at(1_000_000), code_of(Slot::MAX));
        slots(0..10_000).for_each(|slot| queue.insert(slot, at(500_000), code_of(slot)));
        assert!(queue.heap_bytes() < 90_000, "{}", queue.heap_bytes());
    }

    #[test]
    fn rows_move_up_where_one_was_removed() {
        let mut queue = DueQueue::new(1_000);
        queue.insert_all(slots(0..300).map(|slot| (slot, at(second_of(slot)), code_of(slot))));
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
    fn blocks_without_a_scope_are_passed_over() {
        let [early, late] = [0, 1].map(|scope| Code::of(0, scope, 0));
        let second_of = |slot: Slot| 1_000 + i64::from(slot.get());
        let mut queue = DueQueue::new(0);
        queue.insert_all(slots(0..5_000).map(|slot| (slot, at(second_of(slot)), early)));
        for slot in slots(5_000..5_100) {
            queue.insert(slot, at(second_of(slot)), late);
        }
        let seen = |queue: &DueQueue| -> Vec<Slot> {
            let rows = queue.iter_of(late.scope_bit());
            rows.map(|(_, slot)| slot).collect()
        };
        let rows = seen(&queue);
        assert!(slots(5_000..5_100).all(|slot| rows.contains(&slot)));
        assert!(rows.len() < 100 + BLOCK_WORDS, "{}", rows.len());
        // One that moves among the others, and one that stays there under another scope.
        let slot = Slot::new(5_050);
        queue.exchange(slot, (at(second_of(slot)), late), (at(1_500), late));
        let other = Slot::new(2_000);
        let at_other = at(second_of(other));
        queue.exchange(other, (at_other, early), (at_other, late));
        let rows = seen(&queue);
        assert!(rows.contains(&slot) && rows.contains(&other));
    }

    #[test]
    fn what_never_comes_is_not_pending() {
        let mut queue = DueQueue::new(1_000);
        for next in [
            CachedNext::NEVER,
            CachedNext::UNKNOWN,
            CachedNext::between(Some(5_000), None),
        ] {
            queue.insert(Slot::new(7), next, code_of(Slot::new(7)));
            queue.remove(Slot::new(7), next);
        }
        check(&mut queue, &BTreeSet::new());
    }
}
