//! Ordered sets of row numbers, in which any position is found at once.

mod block;

use std::borrow::{Borrow, Cow};
use std::marker::PhantomData;
use std::ops::Range;

use prefetch_index::prefetch_index;

use block::join;
pub(super) use block::{Block, SEARCHED_MAX, insert_sorted, split};

use super::slot::{RowNumber, Slot};

/// Blocks whose counts are summed up in one number.
const STRIDE: usize = 16;

/// An ordered set of row numbers.
///
/// Rows stand in blocks of 65,536 numbers, with running counts beside them, so that the length is
/// read and any position is reached in a few steps, whatever the length. A row is added, found or
/// removed in O(1) where its block is bits, and in O(rows of the block), at most 4,096, where it
/// is a list.
///
/// Invariants: each block's `count` is how many rows it has, and `length` is the sum of all. Where
/// there is more than one stride, `strides` holds the sum of each.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowSet<N = Slot> {
    length: u32,
    strides: Vec<u32>,
    blocks: Vec<CountedBlock>,
    numbers: PhantomData<N>,
}

/// A block, with its count beside those of its stride.
#[derive(Debug, Clone, Default)]
struct CountedBlock {
    count: u32,
    rows: Block,
}

impl<N: RowNumber> RowSet<N> {
    /// How many rows there are. O(1).
    pub(crate) fn len(&self) -> u32 {
        self.length
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(crate) fn contains(&self, row: N) -> bool {
        let (number, low) = split(row);
        self.block(number).is_some_and(|rows| rows.contains(low))
    }

    /// Adds a row, and returns whether it was absent.
    pub(crate) fn insert(&mut self, row: N) -> bool {
        let (number, low) = split(row);
        let added = self.block_mut(number).is_some_and(|it| it.insert(low));
        if added {
            self.count(number, |count| *count += 1);
        }
        added
    }

    /// Adds rows, which ascend. O(1) for each where they are behind all others.
    pub(super) fn insert_all(&mut self, rows: &[N]) {
        for rows in rows.chunk_by(|&a, &b| split(a).0 == split(b).0) {
            let number = rows.first().map_or(0, |&row| split(row).0);
            let added = self.block_mut(number).map_or(0, |it| it.insert_all(rows));
            self.count(number, |count| *count += added);
        }
    }

    /// Removes a row, and returns whether it was there.
    pub(crate) fn remove(&mut self, row: N) -> bool {
        let (number, low) = split(row);
        let block = self.blocks.get_mut(number);
        let removed = block.is_some_and(|block| block.rows.remove(low));
        if removed {
            self.count(number, |count| *count -= 1);
        }
        removed
    }

    /// How many blocks there are up to the last row, at most.
    pub(super) fn block_count(&self) -> usize {
        self.blocks.len()
    }

    /// The rows of one block; `None` behind the last one.
    pub(super) fn block(&self, number: usize) -> Option<&Block> {
        self.blocks.get(number).map(|block| &block.rows)
    }

    /// Replaces the rows of one block. O(1).
    pub(super) fn set_block(&mut self, number: usize, rows: Block) {
        if number >= self.blocks.len() && rows.len() == 0 {
            return;
        }
        if let Some(block) = self.block_mut(number) {
            let before = block.len();
            let after = rows.len();
            *block = rows;
            self.count(number, |count| *count = *count - before + after);
        }
    }

    /// Reads rows from `position` on into `out`, and returns how many there were. O(rows read).
    pub(crate) fn read(&self, position: u32, out: &mut [N]) -> usize {
        let (number, mut skip) = self.seek(position);
        let mut read = 0;
        let blocks = self.blocks.get(number..).unwrap_or_default();
        for (number, block) in (number..).zip(blocks) {
            let out = out.get_mut(read..).unwrap_or_default();
            let Some(start) = join(number, 0).filter(|_| !out.is_empty()) else {
                break;
            };
            read += block.rows.read(start, skip as usize, block.count, out);
            skip = 0;
        }
        read
    }

    /// The rows of a range, ascending. O(how many they are).
    pub(crate) fn rows(&self, range: Range<N>) -> Vec<N> {
        let start = self.rank(range.start);
        let count = self.rank(range.end).saturating_sub(start);
        let mut rows = vec![N::new(0); count as usize];
        self.read(start, &mut rows);
        rows
    }

    /// How many rows are before one, which may be absent itself.
    pub(crate) fn rank(&self, row: N) -> u32 {
        let (number, low) = split(row);
        // A row may be behind all blocks, and one stride has no sum.
        let stride = (number / STRIDE).min(self.strides.len());
        let strides: u32 = self.strides.iter().take(stride).sum();
        let blocks = self.blocks.get(stride * STRIDE..).unwrap_or_default();
        let blocks = blocks.iter().take(number - stride * STRIDE);
        let blocks: u32 = blocks.map(|block| block.count).sum();
        let block = self.blocks.get(number);
        let within = block.map_or(0, |block| block.rows.rank(low));
        strides + blocks + within
    }

    /// The block of a position, and how many of its rows are before that.
    fn seek(&self, position: u32) -> (usize, u32) {
        let mut skip = position;
        let mut number = 0;
        for &count in &self.strides {
            if skip < count {
                break;
            }
            skip -= count;
            number += STRIDE;
        }
        for block in self.blocks.get(number..).unwrap_or_default() {
            if skip < block.count {
                break;
            }
            skip -= block.count;
            number += 1;
        }
        (number, skip)
    }

    /// Calls `visit` with each row, in order.
    pub(super) fn each(&self, mut visit: impl FnMut(N)) {
        for (number, block) in self.blocks.iter().enumerate() {
            let start = join(number, 0).unwrap_or(u32::MAX);
            block.rows.each(|low| visit(N::new(start | u32::from(low))));
        }
    }

    /// Prefetches all lists of the set.
    pub(super) fn prefetch(&self) {
        self.blocks.iter().for_each(|block| block.rows.prefetch());
    }

    /// Prefetches what [`prefetch_end`](Self::prefetch_end) reads.
    pub(super) fn prefetch_block(&self, row: N) {
        prefetch_index(&self.blocks, split(row).0);
    }

    /// Prefetches the place of a row that is behind all others.
    pub(super) fn prefetch_end(&self, row: N) {
        let (number, low) = split(row);
        if let Some(block) = self.block(number) {
            block.prefetch_end(low);
        }
    }

    /// Prefetches what [`contains`](Self::contains) would read of a row.
    pub(super) fn prefetch_near(&self, row: N) {
        let (number, low) = split(row);
        if let Some(block) = self.block(number) {
            block.prefetch_near(low);
        }
    }

    /// Removes the rows of another set.
    pub(super) fn remove_all(&mut self, others: &Self) {
        self.split_off(|number| others.block(number).into_iter());
    }

    /// Removes the rows that any of some blocks has, and returns them. `others` gives these blocks
    /// by number.
    pub(super) fn split_off<B: Borrow<Block>, I: Iterator<Item = B>>(
        &mut self,
        others: impl Fn(usize) -> I,
    ) -> Self {
        let mut removed = Self::default();
        for number in 0..self.blocks.len() {
            let others = others(number).filter(|block| block.borrow().len() > 0);
            let mut others = others.peekable();
            if let Some(block) = self.block(number)
                && others.peek().is_some()
            {
                let [common, rest] = block.partition(others);
                removed.set_block(number, common);
                self.set_block(number, rest);
            }
        }
        removed
    }

    /// Keeps the rows that another set has too.
    pub(super) fn keep_all(&mut self, others: &Self) {
        self.keep_blocks(|number| others.block(number).map(Cow::Borrowed).unwrap_or_default());
    }

    /// Keeps the rows that other blocks have too. `others` gives these blocks by number.
    pub(super) fn keep_blocks<'a>(&mut self, others: impl Fn(usize) -> Cow<'a, Block>) {
        for number in 0..self.blocks.len() {
            if let Some(block) = self.block(number).filter(|block| block.len() > 0) {
                self.set_block(number, block.intersection(&others(number)));
            }
        }
    }

    /// Adds the rows of another set.
    pub(super) fn add_all(&mut self, others: &Self) {
        let others = others.blocks.iter().enumerate();
        for (number, other) in others.filter(|(_, other)| other.count > 0) {
            let rows = match self.block(number) {
                Some(block) if block.len() > 0 => Block::union([block, &other.rows].into_iter()),
                _ => other.rows.clone(),
            };
            self.set_block(number, rows);
        }
    }

    /// Removes all rows from `end` on.
    pub(super) fn truncate(&mut self, end: N) {
        let (last, low) = split(end);
        for number in (last + 1..self.blocks.len()).rev() {
            self.set_block(number, Block::default());
        }
        if self.rank(end) < self.length {
            let mut kept = Vec::new();
            if let Some(block) = self.block(last) {
                block.each(|row| kept.extend((row < low).then_some(row)));
            }
            self.set_block(last, kept.into());
        }
    }

    /// How many rows are in both sets. O(blocks), with 1,024 words at most for each.
    pub(super) fn common_count(&self, others: &Self) -> u32 {
        let both = self.blocks.iter().zip(&others.blocks);
        both.map(|(a, b)| a.rows.common_count(&b.rows)).sum()
    }

    /// Bytes of heap memory. O(blocks).
    pub(crate) fn heap_bytes(&self) -> usize {
        let (bits, lists) = self.bytes_of_forms();
        bits + lists
    }

    /// Bytes of heap memory: those of blocks of bits, and all others.
    pub(crate) fn bytes_of_forms(&self) -> (usize, usize) {
        let strides = self.strides.capacity() * size_of::<u32>();
        let mut bytes = (
            0,
            strides + self.blocks.capacity() * size_of::<CountedBlock>(),
        );
        for block in &self.blocks {
            match &block.rows {
                Block::Bits(bits, _) => bytes.0 += size_of_val(&**bits),
                Block::List(rows) => bytes.1 += rows.capacity() * size_of::<u16>(),
            }
        }
        bytes
    }

    /// The rows of a block, which is made with all before it where it is missing.
    fn block_mut(&mut self, number: usize) -> Option<&mut Block> {
        if number >= self.blocks.len() {
            // No spare room: there are many sets, and 65,536 rows until the next block.
            let count = number + 1;
            self.blocks.reserve_exact(count - self.blocks.len());
            self.blocks.resize_with(count, CountedBlock::default);
            if number >= STRIDE {
                if self.strides.is_empty() {
                    self.strides.push(self.length);
                }
                self.strides.resize(number / STRIDE + 1, 0);
            }
        }
        self.blocks.get_mut(number).map(|block| &mut block.rows)
    }

    /// Updates all counts after the rows of a block changed.
    fn count(&mut self, number: usize, change: impl Fn(&mut u32)) {
        change(&mut self.length);
        self.strides.get_mut(number / STRIDE).map(&change);
        if let Some(block) = self.blocks.get_mut(number) {
            change(&mut block.count);
        }
    }

    /// Checks the forms of blocks, and all counts.
    pub(super) fn validate(&self) -> Result<(), String> {
        for (number, block) in self.blocks.iter().enumerate() {
            block
                .rows
                .validate()
                .map_err(|fault| format!("block {number}: {fault}"))?;
            if block.count != block.rows.len() {
                return Err(format!("block {number} is counted {}", block.count));
            }
        }
        let strides = self.blocks.chunks(STRIDE);
        let strides = strides.map(|part| part.iter().map(|block| block.count).sum::<u32>());
        if self.blocks.len() > STRIDE && strides.ne(self.strides.iter().copied()) {
            return Err("the strides miscount their blocks".into());
        }
        if self.blocks.iter().map(|block| block.count).sum::<u32>() != self.length {
            return Err(format!("{} rows are counted", self.length));
        }
        Ok(())
    }
}

/// Sets are equal whose rows are, in whatever form.
impl<N: RowNumber> PartialEq for RowSet<N> {
    fn eq(&self, other: &Self) -> bool {
        let all = N::new(0)..N::new(u32::MAX);
        self.length == other.length && self.rows(all.clone()) == other.rows(all)
    }
}

impl<N: RowNumber> Extend<N> for RowSet<N> {
    fn extend<T: IntoIterator<Item = N>>(&mut self, rows: T) {
        for row in rows {
            self.insert(row);
        }
    }
}

impl<N: RowNumber> FromIterator<N> for RowSet<N> {
    fn from_iter<T: IntoIterator<Item = N>>(rows: T) -> Self {
        let mut set = Self::default();
        set.extend(rows);
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::index::rows::PAGE_ROWS;

    /// Of plain numbers.
    type Set = RowSet<u32>;

    const EVERY: Range<u32> = 0..u32::MAX;

    /// Rows of every density, over several blocks and more than one stride.
    fn rows() -> Vec<u32> {
        let dense = 0..70_000;
        let middling = (70_000..400_000).step_by(7);
        let sparse = (400_000..2_000_000).step_by(4_001);
        dense.chain(middling).chain(sparse).collect()
    }

    #[test]
    fn any_position_is_read_and_ranked() {
        let rows = rows();
        let set: Set = rows.iter().copied().collect();
        set.validate().unwrap();
        for position in (0..rows.len() + 60).step_by(61) {
            let mut out = [0; PAGE_ROWS];
            let read = set.read(u32::try_from(position).unwrap(), &mut out);
            let expected = rows.get(position..).unwrap_or_default();
            assert_eq!(out[..read], expected[..expected.len().min(PAGE_ROWS)]);
            if let Some(&row) = rows.get(position) {
                assert_eq!(set.rank(row) as usize, position);
                assert_eq!(set.rank(row + 1) as usize, position + 1);
                assert!(set.contains(row));
                assert_eq!(
                    set.contains(row + 1),
                    rows.get(position + 1) == Some(&(row + 1))
                );
            }
        }
        assert_eq!(set.rank(u32::MAX) as usize, rows.len());
        let within = rows.iter().filter(|row| (69_990..400_010).contains(*row));
        assert!(set.rows(69_990..400_010).iter().eq(within));
    }

    #[test]
    fn counts_follow_rows_that_go_and_come_back() {
        let rows = rows();
        let mut set: Set = rows.iter().copied().collect();
        let (kept, gone): (Vec<u32>, Vec<u32>) = rows.iter().partition(|&row| row % 16 == 0);
        for &row in &gone {
            assert!(set.remove(row));
            assert!(!set.remove(row));
        }
        set.validate().unwrap();
        assert_eq!(set.rows(EVERY), kept);
        for &row in &rows {
            assert_eq!(set.insert(row), row % 16 != 0);
        }
        set.validate().unwrap();
        assert_eq!(set.rows(EVERY), rows);
    }

    #[test]
    fn a_full_block_is_read_and_counted() {
        let mut set: Set = (0..1 << 16).collect();
        set.validate().unwrap();
        let mut out = [0; 2];
        assert_eq!((set.read(65_534, &mut out), out), (2, [65_534, 65_535]));
        assert_eq!(set.rank(1 << 16), 1 << 16);
        assert!(set.remove(0));
        assert_eq!((set.read(65_534, &mut out), out[0]), (1, 65_535));
        set.validate().unwrap();
    }

    #[test]
    fn memory_is_that_of_bits_and_of_lists() {
        assert_eq!(Set::default().bytes_of_forms(), (0, 0));
        let bits: Set = (0..10_000).collect();
        let bytes = bits.bytes_of_forms();
        assert!(
            (8_192..9_000).contains(&bytes.0) && bytes.1 < 100,
            "{bytes:?}"
        );
        // Lists grow by a quarter.
        let lists: Set = (0..1_000).chain(100_000..101_000).collect();
        let bytes = lists.bytes_of_forms();
        assert!(
            bytes.0 == 0 && (4_000..5_200).contains(&bytes.1),
            "{bytes:?}"
        );
    }

    #[test]
    fn a_block_that_becomes_sparse_takes_less_memory() {
        let mut set: Set = (0..5_000).chain(70_000..75_000).collect();
        (0..2_952).for_each(|row| assert!(set.remove(row)));
        let before = set.bytes_of_forms();
        assert!(set.remove(2_952), "2,047 are left");
        set.validate().unwrap();
        let after = set.bytes_of_forms();
        assert!(after.0 + 8_192 < before.0 && after.1 == before.1 + 4_094);
        let expected = (2_953..5_000).chain(70_000..75_000);
        assert!(set.rows(EVERY).into_iter().eq(expected));
    }

    #[test]
    fn sets_of_the_same_length_are_not_the_same() {
        let [a, b] = [0..100, 1..101].map(Set::from_iter);
        assert!(a != b && a == a.clone());
    }

    #[test]
    fn every_pair_of_sets_agrees_with_plain_sets() {
        let ends = [0, 1, 65_535, 65_536, 70_001, 199_999, 900_000, 1_000_000];
        let steps = [200_000, 20_001, 2_000, 40, 7, 1];
        let sets = steps.map(|step| {
            let rows = (60_000..200_000).step_by(step);
            rows.chain([900_000]).collect::<BTreeSet<u32>>()
        });
        for a in &sets {
            let set: Set = a.iter().copied().collect();
            for b in &sets {
                let other: Set = b.iter().copied().collect();
                assert_eq!(set == other, a == b);
                assert_eq!(set.common_count(&other) as usize, (a & b).len());

                let mut sum = set.clone();
                sum.add_all(&other);
                sum.validate().unwrap();
                assert!(sum.rows(EVERY).iter().eq(&(a | b)));

                let mut rest = set.clone();
                rest.remove_all(&other);
                rest.validate().unwrap();
                assert!(rest.rows(EVERY).iter().eq(&(a - b)));

                let mut common = set.clone();
                common.keep_all(&other);
                common.validate().unwrap();
                assert!(common.rows(EVERY).iter().eq(&(a & b)));
            }
            for end in ends {
                let mut start = set.clone();
                start.truncate(end);
                start.validate().unwrap();
                assert!(start.rows(EVERY).iter().eq(a.range(..end)));
                assert!(set.rows(end..u32::MAX).iter().eq(a.range(end..)));
            }
        }
    }
}
