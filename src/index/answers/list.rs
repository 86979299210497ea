//! One answer list: an ordered set of rows in which any position is found at once.

use roaring::RoaringBitmap;

use crate::index::rows::{PAGE_ROWS, Slot};

/// Row numbers of a block: those that the bitmap keeps in one container.
const BLOCK_BITS: u32 = 16;
/// Row numbers of a leaf: as many as one step of a search may pass over.
const LEAF_BITS: u32 = 7;
const LEAVES: usize = 1 << (BLOCK_BITS - LEAF_BITS);
/// Leaves whose counts are summed up in one number.
const GROUP: usize = 32;
/// Blocks whose counts are summed up in one number.
const STRIDE: usize = 16;

/// A block of more rows than this has leaves counted. The bitmap keeps fewer as an array, in
/// which any position is found at once.
const COUNTED_FROM: u32 = 4_096;
const COUNTED_UNTIL: u32 = 3_072;

/// An ordered set of rows with running counts beside it, so that its length
/// is read and any position is reached in a few steps, whatever the length.
///
/// Invariants: `counts` holds, for every block, how many of its rows are in
/// the set, and `strides` their sums; a block's `leaves` likewise. `staged` is
/// how many rows at the end of the set are not yet visible.
#[derive(Debug, Default)]
pub(in crate::index) struct List {
    rows: RoaringBitmap,
    length: u32,
    staged: u32,
    blocks: Vec<Block>,
    strides: Vec<u32>,
}

#[derive(Debug, Default)]
struct Block {
    count: u32,
    leaves: Option<Box<Leaves>>,
}

/// How many rows stand in each leaf of a block, and in each group of leaves.
#[derive(Debug, PartialEq, Eq)]
struct Leaves {
    groups: [u16; LEAVES / GROUP],
    counts: [u8; LEAVES],
}

impl List {
    /// How many rows are visible.
    pub(in crate::index) fn len(&self) -> u32 {
        self.length - self.staged
    }

    /// The rows, in order, with those that are staged.
    pub(in crate::index) fn rows(&self) -> &RoaringBitmap {
        &self.rows
    }

    pub(super) fn insert(&mut self, slot: Slot) {
        if self.rows.insert(slot) {
            self.length += 1;
            self.count(slot, true);
        }
    }

    pub(super) fn remove(&mut self, slot: Slot) {
        if self.rows.remove(slot) {
            self.length -= 1;
            self.count(slot, false);
        }
    }

    pub(super) fn stage(&mut self, slot: Slot) {
        self.insert(slot);
        self.staged += 1;
    }

    pub(super) fn unstage(&mut self, slot: Slot) {
        self.remove(slot);
        self.staged -= 1;
    }

    pub(super) fn publish(&mut self) {
        self.staged = 0;
    }

    /// Reads rows from `position` on into `out`, and returns how many there were.
    pub(in crate::index) fn read(&self, position: u32, out: &mut [Slot]) -> usize {
        let visible = self.len().saturating_sub(position) as usize;
        let wanted = out.len().min(visible);
        let Some(out) = out.get_mut(..wanted).filter(|out| !out.is_empty()) else {
            return 0;
        };
        let Some((start, skip, has_leaves)) = self.seek(position) else {
            return 0;
        };
        let mut rows = self.rows.range(start..);
        if has_leaves {
            // Passed over together with what is wanted: a word of the bitmap at a time.
            let mut passed = [0; (1 << LEAF_BITS) + PAGE_ROWS];
            let window = passed.get_mut(..skip as usize + wanted);
            let read = rows.next_many(window.unwrap_or_default());
            for (slot, found) in out.iter_mut().zip(read.iter().skip(skip as usize)) {
                *slot = *found;
            }
            return wanted;
        }
        if let Some(last) = skip.checked_sub(1) {
            rows.nth(last as usize);
        }
        rows.next_many(out).len()
    }

    /// How many visible rows are before `slot`.
    pub(in crate::index) fn rank(&self, slot: Slot) -> u32 {
        let number = (slot >> BLOCK_BITS) as usize;
        let stride = number / STRIDE;
        let mut rank: u32 = self.strides.iter().take(stride).sum();
        let blocks = self.blocks.get(stride * STRIDE..).unwrap_or_default();
        rank += blocks
            .iter()
            .take(number - stride * STRIDE)
            .map(|block| block.count)
            .sum::<u32>();
        let mut start = slot >> BLOCK_BITS << BLOCK_BITS;
        if let Some(leaves) = self
            .blocks
            .get(number)
            .and_then(|block| block.leaves.as_ref())
        {
            let leaf = ((slot - start) >> LEAF_BITS) as usize;
            rank += leaves.before(leaf);
            start = slot >> LEAF_BITS << LEAF_BITS;
            let within = self.rows.range(start..).take_while(|&row| row < slot);
            rank += u32::try_from(within.count()).unwrap_or(0);
        } else {
            rank += u32::try_from(self.rows.range_cardinality(start..slot)).unwrap_or(0);
        }
        rank.min(self.len())
    }

    /// A row number, how many rows are to be passed over from there to reach
    /// `position`, and whether these are few for having been counted.
    fn seek(&self, position: u32) -> Option<(Slot, u32, bool)> {
        let mut skip = position;
        let mut number = 0;
        for &count in &self.strides {
            if skip < count {
                break;
            }
            skip -= count;
            number += STRIDE;
        }
        let block = loop {
            let block = self.blocks.get(number)?;
            if skip < block.count {
                break block;
            }
            skip -= block.count;
            number += 1;
        };
        let start = Slot::try_from(number << BLOCK_BITS).ok()?;
        let Some(leaves) = &block.leaves else {
            return Some((start, skip, false));
        };
        let mut leaf = 0;
        for &count in &leaves.groups {
            if skip < u32::from(count) {
                break;
            }
            skip -= u32::from(count);
            leaf += GROUP;
        }
        for &count in leaves.counts.get(leaf..)? {
            if skip < u32::from(count) {
                break;
            }
            skip -= u32::from(count);
            leaf += 1;
        }
        let within = u32::try_from(leaf << LEAF_BITS).ok()?;
        Some((start + within, skip, true))
    }

    /// Keeps the running counts true after a row came or went.
    fn count(&mut self, slot: Slot, came: bool) {
        let number = (slot >> BLOCK_BITS) as usize;
        if number >= self.blocks.len() {
            self.blocks.resize_with(number + 1, Block::default);
            self.strides.resize(number / STRIDE + 1, 0);
        }
        let (Some(block), Some(stride)) = (
            self.blocks.get_mut(number),
            self.strides.get_mut(number / STRIDE),
        ) else {
            return;
        };
        step(stride, came);
        step(&mut block.count, came);
        if let Some(leaves) = &mut block.leaves {
            leaves.count(slot, came);
            if block.count < COUNTED_UNTIL {
                block.leaves = None;
            }
        } else if block.count > COUNTED_FROM {
            let start = slot >> BLOCK_BITS << BLOCK_BITS;
            block.leaves = Some(Leaves::of(&self.rows, start));
        }
    }

    /// Checks the running counts against the rows.
    pub(in crate::index) fn validate(&self) -> Result<(), String> {
        if self.rows.len() != u64::from(self.length) || self.staged > self.length {
            return Err(format!(
                "{} rows are counted {}",
                self.rows.len(),
                self.length
            ));
        }
        let mut counts = vec![0; self.blocks.len()];
        for slot in &self.rows {
            let count = counts.get_mut((slot >> BLOCK_BITS) as usize);
            *count.ok_or_else(|| format!("row {slot} is in no block"))? += 1;
        }
        for (number, (block, count)) in self.blocks.iter().zip(&counts).enumerate() {
            if block.count != *count {
                return Err(format!(
                    "block {number} has {count} rows, not {}",
                    block.count
                ));
            }
            let start = Slot::try_from(number << BLOCK_BITS).unwrap_or(Slot::MAX);
            if let Some(leaves) = &block.leaves {
                if *leaves != Leaves::of(&self.rows, start) {
                    return Err(format!("block {number} miscounts its leaves"));
                }
            } else if *count > COUNTED_FROM {
                return Err(format!(
                    "block {number} has {count} rows, and counts no leaves"
                ));
            }
        }
        let strides: Vec<u32> = counts
            .chunks(STRIDE)
            .map(|part| part.iter().sum())
            .collect();
        if strides != self.strides {
            return Err("the strides miscount their blocks".into());
        }
        Ok(())
    }
}

impl Leaves {
    /// Counts the rows of the block that begins at `start`.
    fn of(rows: &RoaringBitmap, start: Slot) -> Box<Self> {
        let mut leaves = Box::new(Self {
            groups: [0; LEAVES / GROUP],
            counts: [0; LEAVES],
        });
        let last = start | ((1 << BLOCK_BITS) - 1);
        for slot in rows.range(start..=last) {
            leaves.count(slot, true);
        }
        leaves
    }

    fn count(&mut self, slot: Slot, came: bool) {
        let leaf = (slot >> LEAF_BITS) as usize % LEAVES;
        if let (Some(count), Some(group)) =
            (self.counts.get_mut(leaf), self.groups.get_mut(leaf / GROUP))
        {
            if came {
                *count += 1;
                *group += 1;
            } else {
                *count -= 1;
                *group -= 1;
            }
        }
    }

    /// How many rows stand in the leaves before one.
    fn before(&self, leaf: usize) -> u32 {
        let group = leaf / GROUP;
        let groups = self
            .groups
            .iter()
            .take(group)
            .map(|&count| u32::from(count));
        let counts = self.counts.get(group * GROUP..leaf).unwrap_or_default();
        groups.sum::<u32>() + counts.iter().map(|&count| u32::from(count)).sum::<u32>()
    }
}

fn step(count: &mut u32, came: bool) {
    if came {
        *count += 1;
    } else {
        *count -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A set of every density, over several blocks.
    fn rows() -> Vec<Slot> {
        let dense = 0..70_000;
        let middling = (70_000..400_000).step_by(7);
        let sparse = (400_000..2_000_000).step_by(4_001);
        dense.chain(middling).chain(sparse).collect()
    }

    fn list(rows: &[Slot]) -> List {
        let mut list = List::default();
        for &slot in rows {
            list.insert(slot);
        }
        list
    }

    #[test]
    fn any_position_is_read_and_ranked() {
        let rows = rows();
        let list = list(&rows);
        list.validate().unwrap();
        for position in (0..rows.len() + 60).step_by(61) {
            let mut out = [0; PAGE_ROWS];
            let read = list.read(u32::try_from(position).unwrap(), &mut out);
            let expected = rows.get(position..).unwrap_or_default();
            assert_eq!(out[..read], expected[..expected.len().min(PAGE_ROWS)]);
            if let Some(&slot) = rows.get(position) {
                assert_eq!(list.rank(slot) as usize, position);
                assert_eq!(list.rank(slot + 1) as usize, position + 1);
            }
        }
        assert_eq!(list.rank(Slot::MAX) as usize, rows.len());
    }

    #[test]
    fn counts_follow_rows_that_go_and_come_back() {
        let rows = rows();
        let mut list = list(&rows);
        for &slot in rows.iter().filter(|&slot| slot % 16 != 0) {
            list.remove(slot);
        }
        list.validate().unwrap();
        for &slot in &rows {
            list.insert(slot);
        }
        list.validate().unwrap();
        assert_eq!(list.len() as usize, rows.len());
    }

    #[test]
    fn staged_rows_are_not_seen() {
        let mut list = list(&[1, 2, 3]);
        list.stage(10);
        list.stage(11);
        let mut out = [0; PAGE_ROWS];
        assert_eq!((list.len(), list.read(2, &mut out)), (3, 1));
        assert_eq!(list.rank(Slot::MAX), 3);
        list.unstage(11);
        list.publish();
        assert_eq!((list.len(), list.read(2, &mut out)), (4, 2));
        list.validate().unwrap();
    }
}
