//! From an id to its row.

mod table;

use std::hash::{BuildHasher, RandomState};

use super::rows::Rows;
use super::slot::Slot;
use table::{BUCKET_BITS, Table};

/// Rows in a table on average: no step of growth hashes more than about twice as many.
const TABLE_ROWS: usize = 320;

/// Row numbers in hash tables, by the ids that stand in the rows.
///
/// There are many small tables, and growth splits one at a time (linear hashing), so that no
/// single insertion takes long. The hasher has a random seed, because clients choose ids.
///
/// Invariants: every row is in the table that its hash chooses; `length` is how many there are, at
/// most `TABLE_ROWS` for each table.
#[derive(Debug)]
pub(super) struct Ids {
    tables: Vec<Table>,
    length: usize,
    hasher: RandomState,
}

impl Ids {
    /// No rows, with room for `rows` of them.
    pub(super) fn with_capacity(rows: usize) -> Self {
        let count = rows.div_ceil(TABLE_ROWS).max(1);
        let places = count.next_power_of_two();
        let tables = (0..count).map(|number| {
            // A table that is not divided yet has the rows of two.
            let is_for_two = number < places / 2 && number + places / 2 >= count;
            let expected = rows / places * if is_for_two { 2 } else { 1 };
            Table::with_room(room_for(expected))
        });
        Self {
            tables: tables.collect(),
            length: 0,
            hasher: RandomState::new(),
        }
    }

    pub(super) fn find(&self, rows: &Rows, id: &str) -> Option<Slot> {
        self.find_hashed(rows, id, self.hash(id))
    }

    pub(super) fn hash(&self, id: &str) -> u64 {
        self.hasher.hash_one(id)
    }

    /// Prefetches where a row of this hash would be.
    pub(super) fn prefetch(&self, hash: u64) {
        if let Some(table) = self.tables.get(table_of(hash, self.tables.len())) {
            table.prefetch(hash);
        }
    }

    /// The row of an id whose hash is known.
    pub(super) fn find_hashed(&self, rows: &Rows, id: &str, hash: u64) -> Option<Slot> {
        let table = self.tables.get(table_of(hash, self.tables.len()))?;
        table.find(hash, |slot| {
            rows.view(slot).is_some_and(|row| row.task().id() == id)
        })
    }

    /// Adds a row, whose id has this hash, and no other row has it.
    pub(super) fn insert(&mut self, rows: &Rows, slot: Slot, hash: u64) {
        if self.length >= TABLE_ROWS * self.tables.len() {
            self.split(rows);
        }
        let number = table_of(hash, self.tables.len());
        if let Some(table) = self.tables.get_mut(number) {
            if table.len() == table.room() {
                let entries = entries_of(table, &self.hasher, rows);
                *table = Table::of(&entries, 3 * entries.len() / 2);
            }
            table.insert(hash, slot);
            self.length += 1;
        }
    }

    /// Removes a row.
    pub(super) fn remove(&mut self, slot: Slot, id: &str) {
        let hash = self.hash(id);
        let number = table_of(hash, self.tables.len());
        let table = self.tables.get_mut(number);
        if table.is_some_and(|table| table.remove(hash, slot)) {
            self.length -= 1;
        }
    }

    /// Divides the table whose turn it is between itself and another.
    fn split(&mut self, rows: &Rows) {
        let added = self.tables.len();
        let divided = added - (added + 1).next_power_of_two() / 2;
        let Some(table) = self.tables.get_mut(divided) else {
            return;
        };
        let (upper, lower): (Vec<_>, Vec<_>) = entries_of(table, &self.hasher, rows)
            .into_iter()
            .partition(|&(hash, _)| table_of(hash, added + 1) == added);
        *table = Table::of(&lower, room_for(lower.len()));
        self.tables.push(Table::of(&upper, room_for(upper.len())));
    }

    /// Bytes of heap memory. O(tables).
    pub(super) fn heap_bytes(&self) -> usize {
        let tables = self.tables.iter().map(Table::heap_bytes);
        tables.sum::<usize>() + self.tables.capacity() * size_of::<Table>()
    }

    /// Checks that every row is found by its own id.
    pub(super) fn validate(&self, rows: &Rows) -> Result<(), String> {
        for table in &self.tables {
            table.validate(|slot| hash_of_row(&self.hasher, rows, slot))?;
        }
        let counted: usize = self.tables.iter().map(Table::len).sum();
        if counted != self.length || counted != rows.len() as usize {
            return Err(format!("{counted} of {} ids are known", rows.len()));
        }
        if counted > TABLE_ROWS * self.tables.len() {
            return Err(format!("{counted} ids are in {} tables", self.tables.len()));
        }
        for (slot, row) in rows.iter(Slot::FIRST..rows.end()) {
            if self.find(rows, row.task().id()) != Some(slot) {
                return Err(format!("row {slot} is not found by its id"));
            }
        }
        Ok(())
    }
}

/// Room for a table of this expected length: random hashes bring five standard deviations more to
/// one table in millions.
fn room_for(expected: usize) -> usize {
    (expected + 5 * expected.isqrt()).max(TABLE_ROWS / 4)
}

/// The rows of a table, with the hashes of their ids.
fn entries_of(table: &Table, hasher: &RandomState, rows: &Rows) -> Vec<(u64, Slot)> {
    let slots = table.slots();
    slots
        .map(|slot| (hash_of_row(hasher, rows, slot), slot))
        .collect()
}

fn hash_of_row(hasher: &RandomState, rows: &Rows, slot: Slot) -> u64 {
    rows.view(slot)
        .map_or(0, |row| hasher.hash_one(row.task().id()))
}

/// The table for a hash among `count`: the first tables are divided already.
fn table_of(hash: u64, count: usize) -> usize {
    let places = count.next_power_of_two() as u64;
    let bits = hash >> BUCKET_BITS;
    let place = usize::try_from(bits & (places - 1)).unwrap_or(0);
    if place < count {
        place
    } else {
        usize::try_from(bits & (places / 2 - 1)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{Next, RowHead};
    use crate::query::Revision;
    use crate::task::{LifeCycleType, Task, TaskType};

    /// Adds so many tasks.
    fn fill(ids: &mut Ids, count: u64) -> Rows {
        let mut rows = Rows::default();
        for number in 0..count {
            let event = LifeCycleType::PostDesktopDisconnected;
            let task = Task::builder(number.to_string(), "name", TaskType::Stop, event);
            let task = task.build().unwrap();
            let head = RowHead {
                next: Next::NEVER,
                sequence: number,
                version: Revision::new(1),
                added: 0,
            };
            let slot = rows.push(&head, &task, u32::MAX).unwrap();
            let hash = ids.hash(task.id());
            ids.insert(&rows, slot, hash);
        }
        rows
    }

    #[test]
    fn tables_are_as_many_as_their_rows_need() {
        let mut ids = Ids::with_capacity(0);
        let rows = fill(&mut ids, 2_000);
        ids.validate(&rows).unwrap();
        assert_eq!(ids.tables.len(), 2_000_usize.div_ceil(TABLE_ROWS));
    }

    /// A table that stands for two places was made as small as others, so that a load of a million
    /// ids hashed many of them twice.
    #[test]
    fn tables_that_were_made_for_their_rows_need_not_grow() {
        for tables in [1, 2, 11, 14, 16] {
            let count = TABLE_ROWS * tables;
            let mut ids = Ids::with_capacity(count);
            let room = |ids: &Ids| ids.tables.iter().map(Table::room).sum::<usize>();
            let before = room(&ids);
            assert!(before <= 2 * TABLE_ROWS * tables);
            let rows = fill(&mut ids, count as u64);
            ids.validate(&rows).unwrap();
            assert_eq!((ids.tables.len(), room(&ids)), (tables, before));
        }
    }
}
