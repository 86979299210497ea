//! The rows of a block as bits, with running counts.

use prefetch_index::prefetch_index;

use super::BLOCK_ROWS;
use crate::index::slot::RowNumber;

pub(super) const WORDS: usize = BLOCK_ROWS / 64;

/// One bit for each row of a block.
pub(super) type Words = [u64; WORDS];

/// Words between two running counts.
const LEAF_WORDS: usize = 16;
const LEAVES: usize = WORDS / LEAF_WORDS;

/// The rows of a block as bits, with running counts beside them.
///
/// Invariant: `before` holds, for each leaf of [`LEAF_WORDS`], how many rows are in the leaves
/// before it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[repr(C, align(64))]
pub(in crate::index) struct Bits {
    before: [u16; LEAVES],
    pub(super) words: Words,
}

impl Bits {
    /// The bits of these words, and how many are set.
    pub(super) fn of(words: &Words) -> (Box<Self>, u32) {
        let mut count = 0;
        let mut bits = Box::new(Self {
            before: [0; LEAVES],
            words: *words,
        });
        for (before, leaf) in bits.before.iter_mut().zip(words.chunks(LEAF_WORDS)) {
            // Not cut off: the leaf itself is not counted, so this is less than 65,536.
            *before = u16::try_from(count).unwrap_or(u16::MAX);
            count += leaf.iter().map(|word| word.count_ones()).sum::<u32>();
        }
        (bits, count)
    }

    pub(super) fn insert(&mut self, low: u16) -> bool {
        if has_bit(&self.words, low) {
            return false;
        }
        set_bit(&mut self.words, low);
        for before in self.before_later_leaves(low) {
            *before += 1;
        }
        true
    }

    /// Adds rows with one update of the counts, and returns how many were absent.
    pub(super) fn insert_all(&mut self, lows: impl Iterator<Item = u16>) -> u32 {
        let mut added = [0_u16; LEAVES];
        for low in lows {
            let is_absent = !has_bit(&self.words, low);
            set_bit(&mut self.words, low);
            if let Some(added) = added.get_mut(usize::from(leaf_of(low))) {
                *added += u16::from(is_absent);
            }
        }
        let mut sum = 0;
        for (before, added) in self.before.iter_mut().zip(added) {
            // Not cut off: the leaf itself is not counted, so this is less than 65,536.
            *before += u16::try_from(sum).unwrap_or(0);
            sum += u32::from(added);
        }
        sum
    }

    pub(super) fn remove(&mut self, low: u16) -> bool {
        if !has_bit(&self.words, low) {
            return false;
        }
        clear_bit(&mut self.words, low);
        for before in self.before_later_leaves(low) {
            *before -= 1;
        }
        true
    }

    fn before_later_leaves(&mut self, low: u16) -> &mut [u16] {
        let next = usize::from(leaf_of(low)) + 1;
        self.before.get_mut(next..).unwrap_or_default()
    }

    /// Prefetches the words about a position, while the running counts are read.
    pub(super) fn prefetch_near(&self, position: usize, count: u32) {
        let guess = position * WORDS / (count as usize + 1);
        prefetch_index(self.words.as_slice(), guess);
    }

    pub(super) fn read<N: RowNumber>(&self, start: u32, skip: usize, out: &mut [N]) -> usize {
        let Ok(position) = u16::try_from(skip) else {
            return 0;
        };
        let passed = self
            .before
            .iter()
            .map(|&before| u16::from(before <= position));
        let leaf = usize::from(passed.sum::<u16>()).saturating_sub(1);
        let before = self.before.get(leaf).copied().unwrap_or(0);
        let mut skip = u32::from(position - before);
        let words = self.words.iter().copied().enumerate();
        let mut words = words.skip(leaf * LEAF_WORDS);
        // Words behind the first are not counted: without the processor's own instruction, which
        // is not compiled in for every x86-64, counting is slow.
        let first = words.find_map(|(number, mut word)| {
            let count = word.count_ones();
            if skip >= count {
                skip -= count;
                return None;
            }
            for _ in 0..skip {
                word &= word - 1;
            }
            Some((number, word))
        });
        let mut out = out.iter_mut();
        let mut read = 0;
        for (number, mut left) in first.into_iter().chain(words) {
            let start = start | u32::try_from(number * 64).unwrap_or(0);
            while left != 0 {
                let Some(place) = out.next() else {
                    return read;
                };
                *place = N::new(start | left.trailing_zeros());
                read += 1;
                left &= left - 1;
            }
        }
        read
    }

    pub(super) fn rank(&self, low: u16) -> u32 {
        let leaf = usize::from(leaf_of(low));
        let word = usize::from(low >> 6);
        let before = self.before.get(leaf).copied().unwrap_or(0);
        let words = self.words.get(leaf * LEAF_WORDS..word).unwrap_or_default();
        let words: u32 = words.iter().map(|word| word.count_ones()).sum();
        let lower = !(u64::MAX << (low & 63));
        let within = self.words.get(word).map_or(0, |word| word & lower);
        u32::from(before) + words + within.count_ones()
    }
}

/// The leaf that a row's bit is in.
fn leaf_of(low: u16) -> u16 {
    low >> (6 + LEAF_WORDS.trailing_zeros())
}

pub(super) fn has_bit(words: &Words, low: u16) -> bool {
    words
        .get(usize::from(low >> 6))
        .is_some_and(|word| word >> (low & 63) & 1 != 0)
}

pub(super) fn set_bit(words: &mut Words, low: u16) {
    if let Some(word) = words.get_mut(usize::from(low >> 6)) {
        *word |= 1 << (low & 63);
    }
}

fn clear_bit(words: &mut Words, low: u16) {
    if let Some(word) = words.get_mut(usize::from(low >> 6)) {
        *word &= !(1 << (low & 63));
    }
}

pub(super) fn each_bit(words: &Words, mut visit: impl FnMut(u16)) {
    for (start, &word) in (0..=u16::MAX).step_by(64).zip(words) {
        let mut left = word;
        while left != 0 {
            // At most 63, so nothing is cut off.
            let bit = u16::try_from(left.trailing_zeros()).unwrap_or(0);
            visit(start + bit);
            left &= left - 1;
        }
    }
}
