//! A hash table of row numbers in which most look-ups read one cache line.

use prefetch_index::prefetch_index;

use crate::index::slot::Slot;

/// The part of a table, in eighths, that rows may fill.
const LOAD_MAX: usize = 7;

/// A place for a row, with the hash of its id.
#[derive(Debug, Clone, Copy)]
struct Place {
    hash: u32,
    /// [`Slot::MAX`] where there is no row.
    slot: Slot,
}

impl Place {
    const EMPTY: Self = Self {
        hash: 0,
        slot: Slot::MAX,
    };

    fn is_taken(self) -> bool {
        self.slot != Slot::MAX
    }
}

/// Row numbers by the hashes of ids, which are kept in the rows alone.
///
/// Invariants: a row is in the first free place from the one that its hash chooses on, around the
/// end. `length` is how many rows there are, at most seven for eight places.
#[derive(Debug, Default)]
pub(super) struct Table {
    places: Box<[Place]>,
    length: usize,
}

impl Table {
    /// An empty table with room for `rows`.
    pub(super) fn with_room(rows: usize) -> Self {
        Self {
            places: vec![Place::EMPTY; (8 * rows).div_ceil(LOAD_MAX)].into(),
            length: 0,
        }
    }

    /// A table of these hashes and rows, with `room` for at least as many.
    pub(super) fn of(entries: &[(u32, Slot)], room: usize) -> Self {
        let mut table = Self::with_room(room);
        for &(hash, slot) in entries {
            table.insert(hash, slot);
        }
        table
    }

    /// How many rows there is room for.
    pub(super) fn room(&self) -> usize {
        LOAD_MAX * self.places.len() / 8
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Bytes of heap memory.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.places)
    }

    /// All rows and their hashes, in no order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, Slot)> {
        let taken = self.places.iter().filter(|place| place.is_taken());
        taken.map(|place| (place.hash, place.slot))
    }

    /// The row of a hash that `is_sought` accepts.
    #[inline]
    pub(super) fn find(&self, hash: u32, mut is_sought: impl FnMut(Slot) -> bool) -> Option<Slot> {
        let (before, after) = self.places.split_at(self.home(hash));
        let run = after.iter().chain(before).take_while(|it| it.is_taken());
        let mut alike = run.filter(|place| place.hash == hash);
        alike.find_map(|place| is_sought(place.slot).then_some(place.slot))
    }

    /// Prefetches the place that a hash chooses.
    #[inline]
    pub(super) fn prefetch(&self, hash: u32) {
        prefetch_index(&self.places, self.home(hash));
    }

    /// Adds a row that is not there. There must be [room](Self::room) for it.
    pub(super) fn insert(&mut self, hash: u32, slot: Slot) {
        let (before, after) = self.places.split_at_mut(self.home(hash));
        let mut places = after.iter_mut().chain(before);
        if let Some(place) = places.find(|place| !place.is_taken()) {
            *place = Place { hash, slot };
            self.length += 1;
        }
    }

    /// Removes a row, and returns whether it was there.
    pub(super) fn remove(&mut self, hash: u32, slot: Slot) -> bool {
        let home = self.home(hash);
        let mut is_removed = false;
        for number in (home..self.places.len()).chain(0..home) {
            let place = self.places.get_mut(number);
            let Some(place) = place.filter(|place| place.is_taken()) else {
                break;
            };
            if place.slot == slot {
                *place = Place::EMPTY;
                self.length -= 1;
                is_removed = true;
            } else if is_removed {
                // It may have passed the one that is free.
                let Place { hash, slot } = std::mem::replace(place, Place::EMPTY);
                self.length -= 1;
                self.insert(hash, slot);
            }
        }
        is_removed
    }

    /// Checks that each row is found by its hash, and the length.
    pub(super) fn validate(&self) -> Result<(), String> {
        for (hash, slot) in self.entries() {
            if self.find(hash, |it| it == slot).is_none() {
                return Err(format!("row {slot} is behind a free place"));
            }
        }
        let length = self.entries().count();
        if length != self.length || length > self.room() {
            return Err(format!("{length} rows are counted {}", self.length));
        }
        Ok(())
    }

    /// The place that a hash chooses.
    fn home(&self, hash: u32) -> usize {
        // Below the number of places, as the hash is below 2^32.
        let number = (u64::from(hash) * self.places.len() as u64) >> u32::BITS;
        usize::try_from(number).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::index::slot::RowNumber;

    /// Few hashes, which choose the first place and the last among others.
    fn hashes() -> impl Strategy<Value = u32> {
        prop::sample::select(vec![0, 1, 1 << 31, u32::MAX - 1, u32::MAX])
    }

    proptest! {
        /// Rows are their numbers, and each is added and taken out in turn.
        #[test]
        fn rows_are_found_as_long_as_they_are_there(
            room in 1..60_usize,
            turns in prop::collection::vec((0..40_u32, hashes()), 1..300),
        ) {
            let mut table = Table::with_room(room);
            let mut expected: HashMap<Slot, u32> = HashMap::new();
            for (slot, hash) in turns {
                let slot = Slot::new(slot);
                if let Some(hash) = expected.remove(&slot) {
                    prop_assert!(table.remove(hash, slot));
                    prop_assert!(!table.remove(hash, slot));
                } else if table.len() < table.room() {
                    table.insert(hash, slot);
                    expected.insert(slot, hash);
                }
                table.validate().map_err(TestCaseError::fail)?;
                for (&slot, &hash) in &expected {
                    prop_assert_eq!(table.find(hash, |it| it == slot), Some(slot));
                    prop_assert_eq!(table.find(hash, |it| it == Slot::new(40)), None);
                }
                let kept: HashMap<Slot, u32> = table.entries().map(|(hash, it)| (it, hash)).collect();
                prop_assert_eq!(&kept, &expected);
                prop_assert_eq!(table.len(), expected.len());
            }
        }
    }

    #[test]
    fn a_look_up_ends_at_a_free_place() {
        let mut table = Table::with_room(14);
        let seen = |table: &Table, hash| {
            let mut seen = 0;
            table.find(hash, |_| {
                seen += 1;
                false
            });
            seen
        };
        // The run of the last place goes on at the first.
        for slot in 0..4 {
            table.insert(u32::MAX, Slot::new(slot));
        }
        table.insert(0, Slot::new(4));
        assert_eq!((seen(&table, u32::MAX), seen(&table, 0)), (4, 1));
        assert!(table.remove(u32::MAX, Slot::new(0)));
        assert_eq!((seen(&table, u32::MAX), seen(&table, 0)), (3, 1));
        table.validate().unwrap();
    }

    #[test]
    fn a_table_without_room_has_no_rows() {
        let mut table = Table::with_room(0);
        assert_eq!((table.room(), table.len()), (0, 0));
        assert_eq!(table.find(7, |_| true), None);
        assert!(!table.remove(7, Slot::new(7)));
        table.validate().unwrap();
    }
}
