//! From an id to its row.

mod table;

use std::hash::{BuildHasher, RandomState};

use super::rows::Rows;
use super::slot::Slot;
use table::Table;

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
        // Each has the same part of all hashes, as their number is a power of two.
        let count = rows.div_ceil(TABLE_ROWS).next_power_of_two();
        let tables = (0..count).map(|_| Table::with_room(room_for(rows / count)));
        Self {
            tables: tables.collect(),
            length: 0,
            hasher: RandomState::new(),
        }
    }

    pub(super) fn find(&self, rows: &Rows, id: &str) -> Option<Slot> {
        self.find_hashed(rows, id, self.hash(id))
    }

    #[expect(clippy::cast_possible_truncation, reason = "half of a hash is enough")]
    pub(super) fn hash(&self, id: &str) -> u32 {
        self.hasher.hash_one(id) as u32
    }

    /// Prefetches where a row of this hash would be.
    pub(super) fn prefetch(&self, hash: u32) {
        if let Some(table) = self.tables.get(table_of(hash, self.tables.len())) {
            table.prefetch(hash);
        }
    }

    /// The row of an id whose hash is known.
    pub(super) fn find_hashed(&self, rows: &Rows, id: &str, hash: u32) -> Option<Slot> {
        let table = self.tables.get(table_of(hash, self.tables.len()))?;
        table.find(hash, |slot| {
            rows.view(slot).is_some_and(|row| row.task().id() == id)
        })
    }

    /// Adds a row, whose id has this hash, and no other row has it.
    pub(super) fn insert(&mut self, slot: Slot, hash: u32) {
        if self.length >= TABLE_ROWS * self.tables.len() {
            self.split();
        }
        let number = table_of(hash, self.tables.len());
        if let Some(table) = self.tables.get_mut(number) {
            if table.len() == table.room() {
                let entries: Vec<_> = table.entries().collect();
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
    fn split(&mut self) {
        let added = self.tables.len();
        let divided = added - (added + 1).next_power_of_two() / 2;
        let Some(table) = self.tables.get_mut(divided) else {
            return;
        };
        let is_upper = |&(hash, _): &(u32, Slot)| table_of(hash, added + 1) == added;
        let (upper, lower): (Vec<_>, Vec<_>) = table.entries().partition(is_upper);
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
            table.validate()?;
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

/// The table for a hash among `count`: the first tables are divided already.
fn table_of(hash: u32, count: usize) -> usize {
    let places = count.next_power_of_two();
    let place = hash as usize & (places - 1);
    if place < count {
        place
    } else {
        place & (places / 2 - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{CachedNext, RowHead};
    use crate::query::Revision;
    use crate::task::{LifeCycleType, Task, TaskType};

    /// Adds so many tasks.
    fn fill(ids: &mut Ids, count: u64) -> Rows {
        let mut rows = Rows::default();
        for number in 0..count {
            let event = LifeCycleType::PostDesktopDisconnected;
            let task = Task::builder(number.to_string(), "name", TaskType::Stop, event);
            let task = task.build().unwrap();
            let head = RowHead::new(CachedNext::NEVER, number, Revision::new(1), 0);
            let slot = rows.push(&head, &task, u32::MAX).unwrap();
            let hash = ids.hash(task.id());
            ids.insert(slot, hash);
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

    #[test]
    fn tables_that_were_made_for_their_rows_need_not_grow() {
        for tables in [1, 2, 11, 14, 16] {
            let count = TABLE_ROWS * tables;
            let mut ids = Ids::with_capacity(count);
            let form = |ids: &Ids| (ids.tables.len(), ids.tables.iter().map(Table::room).sum());
            let before: (usize, usize) = form(&ids);
            assert!(before.1 <= 2 * count);
            let rows = fill(&mut ids, count as u64);
            ids.validate(&rows).unwrap();
            assert_eq!(form(&ids), before);
        }
    }
}
