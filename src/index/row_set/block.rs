//! The rows of one block, as a list or as bits.

mod bits;

use std::borrow::Borrow;

use prefetch_index::prefetch_index;

use bits::{Bits, WORDS, Words, each_bit, has_bit, set_bit};

use crate::index::slot::RowNumber;
use crate::sync::small_when_interleaved;

/// Rows of a block: as many as 16 bits tell apart.
const BLOCK_ROWS: usize = 1 << 16;
/// The most rows in a list: a list of more takes more memory than a bit for each row.
const BLOCK_LIST_MAX: usize = small_when_interleaved(BLOCK_ROWS / 16, 12);
/// Fewest rows as bits: those of a block that loses more become a list, of much less memory.
const BLOCK_BITS_MIN: u32 = small_when_interleaved(2_048, 11);

/// Rows of a list that become bits in the time of one search in it.
pub(in crate::index) const SEARCHED_MAX: usize = 16;
/// Rows of a list that become bits in the time that empty bits take.
const EMPTY_BITS: usize = 256;

/// Fewest rows whose counts are updated together. Fewer are counted one by one, each in all leaves
/// behind it.
const COUNTED_TOGETHER_MIN: usize = 4;

/// Rows of a list in a cache line.
const LINE: usize = 64 / size_of::<u16>();

/// The rows of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::index) enum Block {
    /// Ascending.
    List(Vec<u16>),
    /// The bits, and how many are set.
    Bits(Box<Bits>, u32),
}

const _: () = assert!(size_of::<Block>() == 24);

impl Default for Block {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Block {
    pub(in crate::index) fn len(&self) -> u32 {
        match self {
            // Not cut off: there are at most 65,536 of them.
            Self::List(rows) => u32::try_from(rows.len()).unwrap_or(u32::MAX),
            Self::Bits(_, count) => *count,
        }
    }

    pub(in crate::index) fn contains(&self, low: u16) -> bool {
        match self {
            Self::List(rows) => find_low(rows, low).is_ok(),
            Self::Bits(bits, _) => has_bit(&bits.words, low),
        }
    }

    /// Calls `visit` with each row's lower half, in order.
    pub(super) fn each(&self, visit: impl FnMut(u16)) {
        match self {
            Self::List(rows) => rows.iter().copied().for_each(visit),
            Self::Bits(bits, _) => each_bit(&bits.words, visit),
        }
    }

    /// The rows that another block of the same number has too.
    pub(in crate::index) fn intersection(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Bits(bits, _), Self::Bits(others, _)) => {
                let mut words = bits.words;
                for (word, other) in words.iter_mut().zip(&others.words) {
                    *word &= other;
                }
                Self::of(&words)
            }
            (Self::List(rows), other) | (other, Self::List(rows)) => Self::List(other.common(rows)),
        }
    }

    /// Splits the rows into those that any of the other blocks has, and the rest.
    pub(super) fn partition<B: Borrow<Self>>(&self, others: impl Iterator<Item = B>) -> [Self; 2] {
        let mut common = words_of(others);
        match self {
            Self::List(rows) => {
                let is_common = |low: &u16| has_bit(&common, *low);
                let (common, rest) = rows.iter().copied().partition(is_common);
                [common, rest].map(Self::List)
            }
            Self::Bits(bits, _) => {
                let mut rest = bits.words;
                for (word, common) in rest.iter_mut().zip(&mut common) {
                    let both = *word & *common;
                    *word ^= both;
                    *common = both;
                }
                [common, rest].map(|words| Self::of(&words))
            }
        }
    }

    /// The rows of any of these blocks of the same number.
    pub(in crate::index) fn union<B: Borrow<Self>>(blocks: impl Iterator<Item = B>) -> Self {
        Self::of(&words_of(blocks))
    }

    /// How many rows another block of the same number has too.
    pub(super) fn common_count(&self, other: &Self) -> u32 {
        match (self, other) {
            (Self::Bits(bits, _), Self::Bits(others, _)) => {
                let words = bits.words.iter().zip(&others.words);
                words.map(|(a, b)| (a & b).count_ones()).sum()
            }
            (Self::List(_), _) | (_, Self::List(_)) => self.intersection(other).len(),
        }
    }

    /// The rows of a list that the block has too.
    fn common(&self, rows: &[u16]) -> Vec<u16> {
        let mut rows = rows.to_vec();
        match self {
            Self::List(list) if list.len() + EMPTY_BITS > SEARCHED_MAX * rows.len() => {
                rows.retain(|&low| self.contains(low));
            }
            Self::List(_) => {
                let words = words_of([self].into_iter());
                rows.retain(|&low| has_bit(&words, low));
            }
            Self::Bits(bits, _) => rows.retain(|&low| has_bit(&bits.words, low)),
        }
        rows
    }

    fn add_to(&self, words: &mut Words) {
        match self {
            Self::List(rows) => rows.iter().for_each(|&low| set_bit(words, low)),
            Self::Bits(bits, _) => {
                for (word, other) in words.iter_mut().zip(&bits.words) {
                    *word |= other;
                }
            }
        }
    }

    /// Prefetches a list.
    pub(super) fn prefetch(&self) {
        if let Self::List(rows) = self {
            for place in (0..rows.len()).step_by(LINE) {
                prefetch_index(rows, place);
            }
        }
    }

    /// Prefetches the place of a row that is behind all others.
    pub(super) fn prefetch_end(&self, low: u16) {
        match self {
            Self::List(rows) => prefetch_index(rows, rows.len().saturating_sub(1)),
            Self::Bits(..) => self.prefetch_near(low),
        }
    }

    /// Prefetches what [`contains`](Self::contains) would read of a row.
    pub(super) fn prefetch_near(&self, low: u16) {
        match self {
            Self::List(rows) => prefetch_index(rows, guessed_place(rows, low)),
            Self::Bits(bits, _) => prefetch_index(bits.words.as_slice(), usize::from(low >> 6)),
        }
    }

    /// Adds a row, and returns whether it was absent. O(1) behind all others and among bits,
    /// else O(rows).
    pub(in crate::index) fn insert(&mut self, low: u16) -> bool {
        match self {
            Self::Bits(bits, count) => {
                let added = bits.insert(low);
                *count += u32::from(added);
                added
            }
            Self::List(rows) => {
                let added = insert_sorted(rows, low, |rows| find_low(rows, low));
                if rows.len() > BLOCK_LIST_MAX {
                    *self = std::mem::take(rows).into();
                }
                added
            }
        }
    }

    /// Adds rows of this block, which ascend, and returns how many were absent.
    pub(in crate::index) fn insert_all<N: RowNumber>(&mut self, rows: &[N]) -> u32 {
        let lows = rows.iter().map(|&row| split(row).1);
        if let (Self::List(list), Some(&first)) = (&mut *self, rows.first())
            && list.last().is_none_or(|&last| last < split(first).1)
            && list.len() + rows.len() <= BLOCK_LIST_MAX
        {
            if list.capacity() - list.len() < rows.len() {
                list.reserve_exact(rows.len().max(list.len() / 4).max(8));
            }
            list.extend(lows);
            // Not cut off: a block has at most 65,536 rows.
            return u32::try_from(rows.len()).unwrap_or(u32::MAX);
        }
        match self {
            Self::Bits(bits, count) if rows.len() >= COUNTED_TOGETHER_MIN => {
                let added = bits.insert_all(lows);
                *count += added;
                added
            }
            _ => lows.map(|low| u32::from(self.insert(low))).sum(),
        }
    }

    /// Removes a row, and returns whether it was there.
    pub(in crate::index) fn remove(&mut self, low: u16) -> bool {
        match self {
            Self::List(rows) => {
                let place = find_low(rows, low);
                if let Ok(place) = place {
                    rows.remove(place);
                    if rows.is_empty() {
                        *rows = Vec::new();
                    }
                }
                place.is_ok()
            }
            Self::Bits(bits, count) => {
                let removed = bits.remove(low);
                *count -= u32::from(removed);
                if *count < BLOCK_BITS_MIN {
                    *self = Self::of(&bits.words);
                }
                removed
            }
        }
    }

    /// Reads rows behind the first `skip` into `out`, each added to `start`, and returns how many
    /// there were. O(rows read). `count` is the length of the block, which the caller knows.
    pub(super) fn read<N: RowNumber>(
        &self,
        start: u32,
        skip: usize,
        count: u32,
        out: &mut [N],
    ) -> usize {
        match self {
            Self::List(rows) => {
                let rows = rows.get(skip..).unwrap_or_default();
                for (place, &low) in out.iter_mut().zip(rows) {
                    *place = N::new(start | u32::from(low));
                }
                out.len().min(rows.len())
            }
            Self::Bits(bits, _) => {
                bits.prefetch_near(skip, count);
                bits.read(start, skip, out)
            }
        }
    }

    /// How many rows are before one, which need not be there itself. O(log rows).
    pub(super) fn rank(&self, low: u16) -> u32 {
        match self {
            Self::List(rows) => {
                let place = find_low(rows, low).unwrap_or_else(|place| place);
                u32::try_from(place).unwrap_or(u32::MAX)
            }
            Self::Bits(bits, _) => bits.rank(low),
        }
    }

    /// The rows of these words.
    fn of(words: &Words) -> Self {
        let count: u32 = words.iter().map(|word| word.count_ones()).sum();
        if count as usize > BLOCK_LIST_MAX {
            return Self::bits(words);
        }
        let mut rows = Vec::with_capacity(count as usize);
        each_bit(words, |low| rows.push(low));
        Self::List(rows)
    }

    /// The rows of these words as bits, however few they are.
    fn bits(words: &Words) -> Self {
        let (bits, count) = Bits::of(words);
        Self::Bits(bits, count)
    }

    /// Checks the form and the running counts.
    pub(in crate::index) fn validate(&self) -> Result<(), String> {
        match self {
            Self::List(rows) if rows.len() > BLOCK_LIST_MAX => {
                Err(format!("{} rows are no bits", rows.len()))
            }
            Self::List(rows) if !rows.is_sorted_by(|a, b| a < b) => {
                Err("rows do not ascend".into())
            }
            Self::Bits(_, count) if *count < BLOCK_BITS_MIN => {
                Err(format!("{count} rows are no list"))
            }
            Self::Bits(bits, _) if *self != Self::bits(&bits.words) => {
                Err("bits are miscounted".into())
            }
            Self::List(_) | Self::Bits(..) => Ok(()),
        }
    }
}

impl From<Vec<u16>> for Block {
    /// The block of rows that ascend.
    fn from(rows: Vec<u16>) -> Self {
        let list = Self::List(rows);
        if list.len() as usize > BLOCK_LIST_MAX {
            Self::union([list].into_iter())
        } else {
            list
        }
    }
}

/// A bit for each row of any of some blocks.
fn words_of<B: Borrow<Block>>(blocks: impl Iterator<Item = B>) -> Words {
    let mut words = [0; WORDS];
    blocks.for_each(|block| block.borrow().add_to(&mut words));
    words
}

/// The block of a row, and its place there.
pub(in crate::index) fn split(row: impl RowNumber) -> (usize, u16) {
    let [a, b, c, d] = row.get().to_be_bytes();
    (
        usize::from(u16::from_be_bytes([a, b])),
        u16::from_be_bytes([c, d]),
    )
}

/// The row of a place in a block; `None` past the last row number.
pub(in crate::index) fn join(block: usize, low: u16) -> Option<u32> {
    let block = u32::from(u16::try_from(block).ok()?);
    Some(block << 16 | u32::from(low))
}

/// Adds a number to an ascending list, and returns whether it was absent. The list grows by a
/// quarter: with so many lists, doubling would show in the memory of a project.
pub(in crate::index) fn insert_sorted<T: Ord + Copy>(
    list: &mut Vec<T>,
    item: T,
    find: impl FnOnce(&[T]) -> Result<usize, usize>,
) -> bool {
    let place = match list.last() {
        Some(&greatest) if greatest >= item => match find(list) {
            Ok(_) => return false,
            Err(place) => place,
        },
        _ => list.len(),
    };
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 4).max(8));
    }
    list.insert(place, item);
    true
}

/// Searches a block's list from where `low` would be if rows were spread evenly. That reads fewer
/// cache lines than bisection of the whole list.
fn find_low(rows: &[u16], low: u16) -> Result<usize, usize> {
    let guess = guessed_place(rows, low);
    let mut width = 8;
    let (mut start, mut end) = (guess, guess);
    if rows.get(guess).is_some_and(|&row| row < low) {
        while end < rows.len() && rows.get(end).is_some_and(|&row| row < low) {
            start = end;
            end = end.saturating_add(width).min(rows.len());
            width *= 2;
        }
    } else {
        while start > 0 && rows.get(start).is_none_or(|&row| row >= low) {
            end = start;
            start = start.saturating_sub(width);
            width *= 2;
        }
    }
    // Whatever the guess was, the place is from `start` up to `end`.
    let end = (end + 1).min(rows.len());
    let window = rows.get(start..end).unwrap_or_default();
    window
        .binary_search(&low)
        .map(|place| start + place)
        .map_err(|place| start + place)
}

fn guessed_place(rows: &[u16], low: u16) -> usize {
    rows.len() * usize::from(low) / BLOCK_ROWS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    type Rows = BTreeSet<u16>;

    fn rows(step: usize) -> Rows {
        (3..=u16::MAX).step_by(step).collect()
    }

    fn block(rows: &Rows) -> Block {
        Block::from(rows.iter().copied().collect::<Vec<_>>())
    }

    fn assert_holds(block: &Block, expected: &Rows) {
        block.validate().unwrap();
        assert_eq!(block.len() as usize, expected.len());
        let mut rows = Vec::new();
        block.each(|low| rows.push(low));
        assert!(rows.iter().eq(expected));
        assert!(rows.iter().all(|&low| block.contains(low)));
    }

    #[test]
    fn every_pair_of_forms_agrees_with_plain_sets() {
        // The shorter lists are searched in the longest one, and bits are made of the others.
        let steps = [70_000, 9_000, 90, 60, 18, 5, 1].map(rows);
        let others = [7_000, 17, 2].map(|step| (0..=u16::MAX).step_by(step).collect());
        for a in &steps {
            let first = block(a);
            assert_holds(&first, a);
            for b in steps.iter().chain(&others) {
                let second = block(b);
                let (common, only_first, only_second) = (a & b, a - b, b - a);
                assert_holds(&first.intersection(&second), &common);
                assert_holds(&second.intersection(&first), &common);
                assert_eq!(first.common_count(&second) as usize, common.len());
                let [inside, outside] = first.partition([&second].into_iter());
                assert_holds(&inside, &common);
                assert_holds(&outside, &only_first);
                let [inside, outside] = second.partition([&first, &first].into_iter());
                assert_holds(&inside, &common);
                assert_holds(&outside, &only_second);
                assert_holds(&Block::union([&first, &second].into_iter()), &(a | b));
            }
        }
        assert_holds(&Block::union(std::iter::empty::<Block>()), &Rows::new());
    }
}
