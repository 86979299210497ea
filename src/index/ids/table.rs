//! A hash table of row numbers in which most look-ups read one cache line.

use prefetch_index::prefetch_index;

use crate::index::slot::Slot;

/// Row numbers in a bucket.
const WIDTH: usize = 12;
/// Most row numbers in a bucket on average, so that few buckets are full.
const LOAD_MAX: usize = 10;
/// Lower bits of a hash that choose a bucket.
pub(super) const BUCKET_BITS: u32 = 20;

/// Some row numbers, each with a tag from the hash of its id: a cache line.
///
/// `passed` counts the rows in later buckets for which this one was full.
#[derive(Debug, Clone, Default)]
#[repr(C, align(64))]
struct Bucket {
    tags: [u8; WIDTH],
    passed: u32,
    slots: [Slot; WIDTH],
}

const _: () = assert!(size_of::<Bucket>() == 64);

/// The tag of a place without a row.
const EMPTY: u8 = 0;

/// Row numbers by the hashes of ids, which are kept in the rows alone.
///
/// Invariants: a row is in the first bucket with room, from the one that its hash chooses on, around
/// the end; the full buckets before count it as `passed`. `length` is how many rows there are, at
/// most `LOAD_MAX` for each bucket.
#[derive(Debug, Default)]
pub(super) struct Table {
    buckets: Box<[Bucket]>,
    length: usize,
}

impl Table {
    /// An empty table with room for `rows`.
    pub(super) fn with_room(rows: usize) -> Self {
        Self {
            buckets: vec![Bucket::default(); rows.div_ceil(LOAD_MAX)].into(),
            length: 0,
        }
    }

    /// A table of these rows and their hashes, with `room` for at least as many.
    pub(super) fn of(entries: &[(u64, Slot)], room: usize) -> Self {
        let mut table = Self::with_room(room);
        for &(hash, slot) in entries {
            table.insert(hash, slot);
        }
        table
    }

    /// How many rows there is room for.
    pub(super) fn room(&self) -> usize {
        LOAD_MAX * self.buckets.len()
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Bytes of heap memory.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.buckets)
    }

    /// All rows, in no order.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.buckets.iter().flat_map(|bucket| {
            let places = bucket.tags.iter().zip(bucket.slots);
            places.filter_map(|(&tag, slot)| (tag != EMPTY).then_some(slot))
        })
    }

    /// The row of a hash that `is_sought` accepts.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut is_sought: impl FnMut(Slot) -> bool) -> Option<Slot> {
        let tag = tag_of(hash);
        for bucket in self.buckets_from(hash) {
            let slots = bucket
                .places(tag)
                .filter_map(|place| bucket.slots.get(place));
            let found = slots.copied().find(|&slot| is_sought(slot));
            if found.is_some() || bucket.passed == 0 {
                return found;
            }
        }
        None
    }

    /// Prefetches the bucket that a hash chooses.
    #[inline]
    pub(super) fn prefetch(&self, hash: u64) {
        prefetch_index(&self.buckets, self.home(hash));
    }

    /// Adds a row that is not there. There must be [room](Self::room) for it.
    pub(super) fn insert(&mut self, hash: u64, slot: Slot) {
        for number in self.numbers_from(hash) {
            let Some(bucket) = self.buckets.get_mut(number) else {
                return;
            };
            let place = bucket.places(EMPTY).next();
            let place = place.and_then(|place| bucket.place_mut(place));
            if let Some((tag, place)) = place {
                *tag = tag_of(hash);
                *place = slot;
                self.length += 1;
                return;
            }
            bucket.passed += 1;
        }
    }

    /// Removes a row, and returns whether it was there.
    pub(super) fn remove(&mut self, hash: u64, slot: Slot) -> bool {
        let Some((passed, place)) = self.place_of(hash, slot) else {
            return false;
        };
        let mut numbers = self.numbers_from(hash);
        for number in numbers.by_ref().take(passed) {
            if let Some(bucket) = self.buckets.get_mut(number) {
                bucket.passed -= 1;
            }
        }
        let bucket = numbers.next().and_then(|it| self.buckets.get_mut(it));
        if let Some((tag, _)) = bucket.and_then(|bucket| bucket.place_mut(place)) {
            *tag = EMPTY;
            self.length -= 1;
        }
        true
    }

    /// Checks that each row is in a bucket of its hash, and all counts.
    pub(super) fn validate(&self, hash_of: impl Fn(Slot) -> u64) -> Result<(), String> {
        let mut passed = vec![0; self.buckets.len()];
        let mut length = 0;
        for slot in self.slots() {
            let hash = hash_of(slot);
            let (full, _) = self
                .place_of(hash, slot)
                .ok_or_else(|| format!("row {slot} has a wrong tag"))?;
            for number in self.numbers_from(hash).take(full) {
                if let Some(passed) = passed.get_mut(number) {
                    *passed += 1;
                }
            }
            length += 1;
        }
        if !self.buckets.iter().map(|bucket| bucket.passed).eq(passed) {
            return Err("rows that passed full buckets are miscounted".into());
        }
        if length != self.length || length > self.room() {
            return Err(format!("{length} rows are counted {}", self.length));
        }
        Ok(())
    }

    /// How many buckets a row passed, and its place in the one where it stands.
    fn place_of(&self, hash: u64, slot: Slot) -> Option<(usize, usize)> {
        let tag = tag_of(hash);
        let mut buckets = self.buckets_from(hash).enumerate();
        buckets.find_map(|(passed, bucket)| {
            let mut places = bucket.places(tag);
            let place = places.find(|&place| bucket.slots.get(place) == Some(&slot))?;
            Some((passed, place))
        })
    }

    fn buckets_from(&self, hash: u64) -> impl Iterator<Item = &Bucket> {
        let (before, after) = self.buckets.split_at(self.home(hash));
        after.iter().chain(before)
    }

    fn numbers_from(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let home = self.home(hash);
        (home..self.buckets.len()).chain(0..home)
    }

    /// The bucket that a hash chooses.
    fn home(&self, hash: u64) -> usize {
        let bits = hash & ((1 << BUCKET_BITS) - 1);
        // Below the number of buckets, as the bits are below their end.
        let number = (bits * self.buckets.len() as u64) >> BUCKET_BITS;
        usize::try_from(number).unwrap_or(0)
    }
}

impl Bucket {
    /// The places that have a tag, ascending.
    #[inline]
    fn places(&self, tag: u8) -> impl Iterator<Item = usize> + use<> {
        const ONES: u128 = u128::from_le_bytes([0x01; 16]);
        const LOWER: u128 = u128::from_le_bytes([0x7F; 16]);
        const PLACES: u128 = (1 << (8 * WIDTH)) - 1;
        let mut tags = [0; 16];
        if let Some(places) = tags.first_chunk_mut() {
            *places = self.tags;
        }
        let differences = u128::from_le_bytes(tags) ^ (ONES * u128::from(tag));
        // The upper bit of each byte that is zero: no sum carries into the next byte.
        let nonzero = ((differences & LOWER) + LOWER) | differences;
        let mut left = !(nonzero | LOWER) & PLACES;
        std::iter::from_fn(move || {
            let place = left.trailing_zeros() / 8;
            left &= left.checked_sub(1)?;
            usize::try_from(place).ok()
        })
    }

    fn place_mut(&mut self, place: usize) -> Option<(&mut u8, &mut Slot)> {
        Some((self.tags.get_mut(place)?, self.slots.get_mut(place)?))
    }
}

/// The upper bits of a hash, and one that tells the tag from that of an empty place.
fn tag_of(hash: u64) -> u8 {
    let [.., upper] = hash.to_le_bytes();
    upper | 0x80
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::index::slot::RowNumber;

    /// Hashes that choose few buckets and have few tags, the ends of both among them.
    fn hashes() -> impl Strategy<Value = u64> {
        let bits = prop::sample::select(vec![0, 1, (1 << BUCKET_BITS) - 1, 1 << BUCKET_BITS]);
        let tags = prop::sample::select(vec![0, 1, 127, 128]);
        (bits, tags).prop_map(|(bits, tag)| bits | tag << 56)
    }

    proptest! {
        /// Rows are their numbers, and each is added and taken out in turn.
        #[test]
        fn rows_are_found_as_long_as_they_are_there(
            room in 1..60_usize,
            turns in prop::collection::vec((0..40_u32, hashes()), 1..300),
        ) {
            let mut table = Table::with_room(room);
            let mut expected: HashMap<Slot, u64> = HashMap::new();
            for (slot, hash) in turns {
                let slot = Slot::new(slot);
                if let Some(hash) = expected.remove(&slot) {
                    prop_assert!(table.remove(hash, slot));
                    prop_assert!(!table.remove(hash, slot));
                } else if table.len() < table.room() {
                    table.insert(hash, slot);
                    expected.insert(slot, hash);
                }
                table.validate(|slot| expected[&slot]).map_err(TestCaseError::fail)?;
                for (&slot, &hash) in &expected {
                    prop_assert_eq!(table.find(hash, |it| it == slot), Some(slot));
                    prop_assert_eq!(table.find(hash, |it| it == Slot::new(40)), None);
                }
                let mut slots: Vec<Slot> = table.slots().collect();
                slots.sort_unstable();
                let mut kept: Vec<Slot> = expected.keys().copied().collect();
                kept.sort_unstable();
                prop_assert_eq!(slots, kept);
            }
        }
    }

    #[test]
    fn a_look_up_ends_at_a_bucket_that_no_row_passed() {
        let mut table = Table::with_room(4 * LOAD_MAX);
        // The first bucket is full and passed by one row, the second holds that row.
        for slot in 0..=12 {
            table.insert(0, Slot::new(slot));
        }
        let seen = |table: &Table| {
            let mut seen = 0;
            table.find(0, |_| {
                seen += 1;
                false
            });
            seen
        };
        assert_eq!(seen(&table), 13);
        table.insert(1 << (BUCKET_BITS - 2), Slot::new(13));
        assert_eq!(seen(&table), 14);
        assert!(table.remove(0, Slot::new(12)));
        assert_eq!(seen(&table), 12);
        table
            .validate(|slot| {
                if slot == Slot::new(13) {
                    1 << (BUCKET_BITS - 2)
                } else {
                    0
                }
            })
            .unwrap();
    }

    #[test]
    fn a_table_without_room_has_no_rows() {
        let mut table = Table::with_room(0);
        assert_eq!((table.room(), table.len()), (0, 0));
        assert_eq!(table.find(7, |_| true), None);
        assert!(!table.remove(7, Slot::new(7)));
        table.validate(|_| 0).unwrap();
    }
}
