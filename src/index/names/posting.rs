//! Which rows one gram occurs in: an ordered set of row numbers, kept compactly.

use crate::index::row_set::{Block, Part, guessed_place, insert_sorted, join, split};

/// Fewer rows than this, or fewer than [`ROWS_PER_BLOCK_MIN`] for each block up to the last, stand in one list.
const BLOCKS_MIN: usize = 24;
const ROWS_PER_BLOCK_MIN: usize = 24;

/// Rows of a block's list in a cache line.
const LINE: usize = 64 / size_of::<u16>();

/// Rows that a posting holds without memory of its own.
const FEW: usize = 12;

/// An ordered set of row numbers.
///
/// Made for rows that mostly arrive in ascending order, and for millions of
/// sets of which most are tiny: a set of up to twelve rows is its own 56 bytes.
/// Adding at the end is O(1); anywhere else O(rows of the block), or O(rows)
/// for a short list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Posting {
    Few {
        count: u8,
        rows: [u32; FEW],
    },
    List(Vec<u32>),
    /// Rows by block; a block without rows is an empty list. The last one, in
    /// which most changes are, is at hand.
    Blocks {
        count: u32,
        earlier: Vec<Block>,
        last: Block,
    },
}

const _: () = assert!(size_of::<Posting>() == 56);

impl Default for Posting {
    fn default() -> Self {
        Self::Few {
            count: 0,
            rows: [0; FEW],
        }
    }
}

impl Posting {
    /// How many rows there are. O(1).
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few { count, .. } => usize::from(*count),
            Self::List(rows) => rows.len(),
            Self::Blocks { count, .. } => *count as usize,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many blocks there are up to the last row.
    pub(super) fn block_count(&self) -> usize {
        match self {
            Self::Blocks { earlier, .. } => earlier.len() + 1,
            _ => self.wide().last().map_or(0, |&row| split(row).0 + 1),
        }
    }

    /// The rows, where they stand in one list.
    fn wide(&self) -> &[u32] {
        match self {
            Self::Few { count, rows } => rows.get(..usize::from(*count)).unwrap_or_default(),
            Self::List(rows) => rows,
            Self::Blocks { .. } => &[],
        }
    }

    fn block(&self, number: usize) -> Option<&Block> {
        match self {
            Self::Blocks { earlier, last, .. } if number == earlier.len() => Some(last),
            Self::Blocks { earlier, .. } => earlier.get(number),
            _ => None,
        }
    }

    pub(super) fn contains(&self, row: u32) -> bool {
        let (block, low) = split(row);
        match self {
            Self::Few { .. } => self.wide().contains(&row),
            Self::List(rows) => rows.binary_search(&row).is_ok(),
            Self::Blocks { .. } => self.part(block).contains(low),
        }
    }

    /// What the set holds of one block. O(log rows), O(1) for a long set.
    pub(super) fn part(&self, block: usize) -> Part<'_> {
        if let Self::Blocks { .. } = self {
            self.block(block).map_or(Part::Narrow(&[]), Block::part)
        } else {
            let rows = self.wide();
            let start = rows.partition_point(|&row| split(row).0 < block);
            let rows = rows.get(start..).unwrap_or_default();
            let end = rows.partition_point(|&row| split(row).0 == block);
            Part::Wide(rows.get(..end).unwrap_or_default())
        }
    }

    /// Adds a row, which may be there already.
    pub(super) fn insert(&mut self, row: u32) {
        match self {
            Self::Few { count, rows } => {
                let used = usize::from(*count);
                let Err(place) = rows.get(..used).unwrap_or_default().binary_search(&row) else {
                    return;
                };
                if let Some(behind) = rows.get_mut(place..=used) {
                    behind.rotate_right(1);
                    if let Some(free) = behind.first_mut() {
                        *free = row;
                    }
                    *count += 1;
                } else {
                    let mut list = Vec::with_capacity(2 * FEW);
                    list.extend_from_slice(rows);
                    list.insert(place, row);
                    *self = Self::List(list);
                }
            }
            Self::List(rows) => {
                insert_sorted(rows, row, |rows| rows.binary_search(&row));
                let last = rows.last().map_or(0, |&row| split(row).0);
                if rows.len() >= BLOCKS_MIN && rows.len() >= ROWS_PER_BLOCK_MIN * (last + 1) {
                    let mut blocks = Self::Blocks {
                        count: 0,
                        earlier: Vec::new(),
                        last: Block::default(),
                    };
                    for &row in rows.iter() {
                        blocks.insert(row);
                    }
                    *self = blocks;
                }
            }
            Self::Blocks {
                count,
                earlier,
                last,
            } => {
                let (number, low) = split(row);
                if number > earlier.len() {
                    earlier.reserve_exact(number - earlier.len());
                    earlier.push(std::mem::take(last));
                    earlier.resize(number, Block::default());
                }
                let block = earlier.get_mut(number).unwrap_or(last);
                *count += u32::from(block.insert(low));
            }
        }
    }

    /// Adds rows, which ascend. O(1) for each where they are behind all others.
    pub(super) fn insert_all(&mut self, mut rows: &[u32]) {
        while let Some((&first, others)) = rows.split_first() {
            let number = split(first).0;
            match self {
                Self::Blocks {
                    count,
                    earlier,
                    last,
                } if earlier.len() == number => {
                    let end = rows.partition_point(|&row| split(row).0 == number);
                    let (these, others) = rows.split_at_checked(end).unwrap_or((rows, &[]));
                    *count += last.insert_all(these);
                    rows = others;
                }
                _ => {
                    self.insert(first);
                    rows = others;
                }
            }
        }
    }

    /// Takes a row out, which need not be there.
    pub(super) fn remove(&mut self, row: u32) {
        match self {
            Self::Few { count, rows } => {
                let used = usize::from(*count);
                let rows = rows.get_mut(..used).unwrap_or_default();
                if let Ok(place) = rows.binary_search(&row) {
                    rows.get_mut(place..).unwrap_or_default().rotate_left(1);
                    *count -= 1;
                }
            }
            Self::List(rows) => {
                if let Ok(place) = rows.binary_search(&row) {
                    rows.remove(place);
                }
                if let [] | [_] = rows.as_slice() {
                    let mut few = Self::default();
                    for &row in rows.iter() {
                        few.insert(row);
                    }
                    *self = few;
                }
            }
            Self::Blocks {
                count,
                earlier,
                last,
            } => {
                let (number, low) = split(row);
                let block = if number == earlier.len() {
                    Some(last)
                } else {
                    earlier.get_mut(number)
                };
                *count -= u32::from(block.is_some_and(|block| block.remove(low)));
                if *count == 0 {
                    *self = Self::default();
                }
            }
        }
    }

    /// Calls `see` with each row, in order.
    pub(super) fn each(&self, mut see: impl FnMut(u32)) {
        match self {
            Self::Blocks { .. } => {
                for block in 0..self.block_count() {
                    self.part(block).each(|low| {
                        if let Some(row) = join(block, low) {
                            see(row);
                        }
                    });
                }
            }
            _ => self.wide().iter().for_each(|&row| see(row)),
        }
    }

    /// Reads a row of each cache line of its lists.
    ///
    /// They lie all over the memory of a large project: whoever reads them next would wait for
    /// one after the other. Here the processor waits for many at once.
    pub(super) fn touch(&self) {
        let Self::Blocks { earlier, last, .. } = self else {
            return;
        };
        let mut sum = 0;
        for block in earlier.iter().chain([last]) {
            if let Part::Narrow(rows) = block.part() {
                sum = rows.iter().step_by(LINE).fold(sum, |sum, low| sum ^ low);
            }
        }
        std::hint::black_box(sum);
    }

    /// Reads what stands about where a row would, for the same reason.
    pub(super) fn touch_near(&self, row: u32) {
        let (block, low) = split(row);
        let read = match self.block(block).map(Block::part) {
            Some(Part::Narrow(rows)) => rows.get(guessed_place(rows, low)).copied().map(u64::from),
            Some(Part::Bits(words, _)) => words.get(usize::from(low >> 6)).copied(),
            Some(Part::Wide(_)) | None => None,
        };
        std::hint::black_box(read);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const BLOCK: u32 = 1 << 16;

    /// Rows of every density: a block of bits, a block that is a list, and blocks of few.
    fn rows() -> impl Iterator<Item = u32> {
        let dense = (0..BLOCK).step_by(3);
        let middling = (BLOCK..2 * BLOCK).step_by(70);
        let sparse = [5 * BLOCK, u32::MAX];
        dense.chain(middling).chain(sparse)
    }

    fn assert_holds(posting: &Posting, expected: &BTreeSet<u32>) {
        assert_eq!(posting.len(), expected.len());
        let mut rows = Vec::new();
        posting.each(|row| rows.push(row));
        assert!(rows.iter().eq(expected));
        for row in expected.iter().flat_map(|&row| [row, row ^ 1, row ^ BLOCK]) {
            assert_eq!(posting.contains(row), expected.contains(&row), "{row}");
        }
        if let Posting::Blocks { earlier, last, .. } = posting {
            for block in earlier.iter().chain([last]) {
                block.validate().unwrap();
            }
        }
    }

    #[test]
    fn every_form_is_reached_and_left_again() {
        let mut posting = Posting::default();
        let mut expected = BTreeSet::new();
        let rows: Vec<u32> = rows().collect();
        let mut order = rows.clone();
        // The later half arrives late.
        order.sort_by_key(|row| row % 7);
        for (count, &row) in order.iter().enumerate() {
            posting.insert(row);
            posting.insert(row);
            expected.insert(row);
            if count < 10 || count.is_power_of_two() {
                assert_holds(&posting, &expected);
            }
        }
        assert!(matches!(posting, Posting::Blocks { .. }));
        assert_holds(&posting, &expected);
        for (count, row) in order.iter().rev().enumerate() {
            posting.remove(*row);
            posting.remove(*row);
            expected.remove(row);
            if (rows.len() - count) < 10 || count.is_power_of_two() {
                assert_holds(&posting, &expected);
            }
        }
        assert_eq!(posting, Posting::default());
    }

    #[test]
    fn rows_are_added_all_at_once_as_one_by_one() {
        let rows: Vec<u32> = rows().collect();
        for length in [1, 2, 11, 300, 5_000] {
            let mut posting = Posting::default();
            let mut one_by_one = Posting::default();
            for part in rows.chunks(length) {
                posting.insert_all(part);
                // Again, and so not behind all others.
                posting.insert_all(part);
                for &row in part {
                    one_by_one.insert(row);
                }
            }
            assert_eq!(posting, one_by_one, "{length} at once");
        }
    }

    proptest! {
        #[test]
        fn is_an_ordered_set(
            changes in proptest::collection::vec((any::<bool>(), 0..12_u32, 0..3_u32), 0..80),
        ) {
            let mut posting = Posting::default();
            let mut expected = BTreeSet::new();
            for (insert, low, block) in changes {
                let row = block << 16 | low;
                if insert {
                    posting.insert(row);
                    expected.insert(row);
                } else {
                    posting.remove(row);
                    expected.remove(&row);
                }
                assert_holds(&posting, &expected);
            }
        }
    }
}
