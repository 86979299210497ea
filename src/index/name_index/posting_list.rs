//! The rows of one fact: an ordered set of row numbers, kept compactly.

use std::borrow::Cow;

use prefetch_index::prefetch_index;

use crate::index::row_set::{Block, RowSet, insert_sorted, split};
use crate::index::slot::RowNumber;

/// Fewer rows than this, or fewer for each block up to the last, stand in one list.
const ROWS_PER_BLOCK_MIN: usize = 24;

/// An ordered set of row numbers, which mostly arrive in ascending order.
///
/// Most lists of names in many scripts are short: those take four bytes a row. Adding at the end
/// is O(1); anywhere else O(rows of the block), or O(rows) for a short list.
#[derive(Debug)]
pub(super) enum PostingList<N> {
    Short(Vec<N>),
    Long(RowSet<N>),
}

impl<N> Default for PostingList<N> {
    fn default() -> Self {
        Self::Short(Vec::new())
    }
}

impl<N: RowNumber> PostingList<N> {
    /// How many rows there are. O(1).
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Short(rows) => rows.len(),
            Self::Long(rows) => rows.len() as usize,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many blocks there are up to the last row, at least.
    pub(super) fn block_count(&self) -> usize {
        match self {
            Self::Short(rows) => rows.last().map_or(0, |&row| split(row).0 + 1),
            Self::Long(rows) => rows.block_count(),
        }
    }

    pub(super) fn contains(&self, row: N) -> bool {
        match self {
            Self::Short(rows) => rows.binary_search(&row).is_ok(),
            Self::Long(rows) => rows.contains(row),
        }
    }

    /// Adds a row, which may be there already.
    pub(super) fn insert(&mut self, row: N) {
        match self {
            Self::Short(rows) => {
                insert_sorted(rows, row, |rows| rows.binary_search(&row));
                self.lengthen();
            }
            Self::Long(rows) => {
                rows.insert(row);
            }
        }
    }

    /// Adds rows, which ascend. O(1) for each where they are behind all others.
    pub(super) fn insert_all(&mut self, mut rows: &[N]) {
        while let (Self::Short(_), Some((&first, rest))) = (&*self, rows.split_first()) {
            self.insert(first);
            rows = rest;
        }
        if let Self::Long(set) = self {
            set.insert_all(rows);
        }
    }

    /// Takes a row out, which need not be there.
    pub(super) fn remove(&mut self, row: N) {
        match self {
            Self::Short(rows) => {
                if let Ok(place) = rows.binary_search(&row) {
                    rows.remove(place);
                }
            }
            Self::Long(rows) => {
                rows.remove(row);
            }
        }
        if self.is_empty() {
            *self = Self::default();
        }
    }

    /// Calls `visit` with each row, in order.
    pub(super) fn each(&self, mut visit: impl FnMut(N)) {
        match self {
            Self::Short(rows) => rows.iter().for_each(|&row| visit(row)),
            Self::Long(rows) => rows.each(visit),
        }
    }

    /// The rows of one block.
    pub(super) fn block(&self, number: usize) -> Cow<'_, Block> {
        match self {
            Self::Short(rows) => {
                let start = rows.partition_point(|&row| split(row).0 < number);
                let rows = rows.get(start..).unwrap_or_default();
                let rows = rows.iter().take_while(|&&row| split(row).0 == number);
                let lows: Vec<u16> = rows.map(|&row| split(row).1).collect();
                Cow::Owned(lows.into())
            }
            Self::Long(rows) => rows.block(number).map(Cow::Borrowed).unwrap_or_default(),
        }
    }

    /// Prefetches its lists, so that the processor waits for many of them at once.
    pub(super) fn prefetch(&self) {
        if let Self::Long(rows) = self {
            rows.prefetch();
        }
    }

    /// Prefetches what [`prefetch_end`](Self::prefetch_end) reads.
    pub(super) fn prefetch_block(&self, row: N) {
        if let Self::Long(rows) = self {
            rows.prefetch_block(row);
        }
    }

    /// Prefetches the place where a row behind all others would be.
    pub(super) fn prefetch_end(&self, row: N) {
        match self {
            Self::Short(rows) => prefetch_index(rows, rows.len().saturating_sub(1)),
            Self::Long(rows) => rows.prefetch_end(row),
        }
    }

    /// Prefetches the place where a row would be.
    pub(super) fn prefetch_near(&self, row: N) {
        if let Self::Long(rows) = self {
            rows.prefetch_near(row);
        }
    }

    /// Bytes of heap memory. O(blocks).
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Short(rows) => rows.capacity() * size_of::<N>(),
            Self::Long(rows) => rows.heap_bytes(),
        }
    }

    /// Turns many rows of few blocks into a set of blocks.
    fn lengthen(&mut self) {
        if let Self::Short(rows) = self
            && let Some(&last) = rows.last()
            && rows.len() >= ROWS_PER_BLOCK_MIN * (split(last).0 + 1)
        {
            *self = Self::Long(rows.iter().copied().collect());
        }
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
        let sparse = [5 * BLOCK, 80 * BLOCK];
        dense.chain(middling).chain(sparse)
    }

    fn assert_holds(list: &PostingList<u32>, expected: &BTreeSet<u32>) {
        assert_eq!(list.len(), expected.len());
        let mut rows = Vec::new();
        list.each(|row| rows.push(row));
        assert!(rows.iter().eq(expected));
        for row in expected.iter().flat_map(|&row| [row, row ^ 1, row ^ BLOCK]) {
            assert_eq!(list.contains(row), expected.contains(&row), "{row}");
        }
        if let PostingList::Long(set) = list {
            set.validate().unwrap();
        }
    }

    #[test]
    fn every_form_is_reached_and_left_again() {
        let mut list = PostingList::default();
        let mut expected = BTreeSet::new();
        let rows: Vec<u32> = rows().collect();
        let mut order = rows.clone();
        // The later half arrives late.
        order.sort_by_key(|row| row % 7);
        for (count, &row) in order.iter().enumerate() {
            list.insert(row);
            list.insert(row);
            expected.insert(row);
            if count < 10 || count.is_power_of_two() {
                assert_holds(&list, &expected);
            }
        }
        assert!(matches!(list, PostingList::Long(_)));
        assert_holds(&list, &expected);
        for (count, row) in order.iter().rev().enumerate() {
            list.remove(*row);
            list.remove(*row);
            expected.remove(row);
            if (rows.len() - count) < 10 || count.is_power_of_two() {
                assert_holds(&list, &expected);
            }
        }
        assert!(matches!(list, PostingList::Short(rows) if rows.capacity() == 0));
    }

    #[test]
    fn rows_are_added_all_at_once_as_one_by_one() {
        let rows: Vec<u32> = rows().collect();
        for length in [1, 2, 11, 300, 5_000] {
            let mut list = PostingList::default();
            let mut one_by_one = PostingList::default();
            for part in rows.chunks(length) {
                list.insert_all(part);
                // Again, and so not behind all others.
                list.insert_all(part);
                for &row in part {
                    one_by_one.insert(row);
                }
            }
            let expected = rows.iter().copied().collect();
            for list in [list, one_by_one] {
                assert!(matches!(list, PostingList::Long(_)), "{length} at once");
                assert_holds(&list, &expected);
            }
        }
    }

    #[test]
    fn a_block_has_the_rows_of_its_number() {
        let rows: Vec<u32> = rows().collect();
        for few in [20, rows.len()] {
            let mut list = PostingList::default();
            list.insert_all(&rows[rows.len() - few..]);
            for number in [0, 1, 2, 5, 80, 100] {
                let of_block = rows[rows.len() - few..].iter();
                let of_block = of_block.filter(|&&row| split(row).0 == number);
                let expected: Vec<u16> = of_block.map(|&row| split(row).1).collect();
                assert_eq!(*list.block(number), Block::from(expected), "block {number}");
            }
        }
    }

    proptest! {
        #[test]
        fn is_an_ordered_set(
            changes in proptest::collection::vec((any::<bool>(), 0..12_u32, 0..3_u32), 0..80),
        ) {
            let mut list = PostingList::default();
            let mut expected = BTreeSet::new();
            for (insert, low, block) in changes {
                let row = block << 16 | low;
                if insert {
                    list.insert(row);
                    expected.insert(row);
                } else {
                    list.remove(row);
                    expected.remove(&row);
                }
                assert_holds(&list, &expected);
            }
        }
    }
}
