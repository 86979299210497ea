//! From an id to its row.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::rows::{Rows, Slot};

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
    tables: Vec<HashTable<Slot>>,
    length: usize,
    hasher: RandomState,
}

impl Ids {
    /// No rows, with room for `rows` of them.
    pub(super) fn with_capacity(rows: usize) -> Self {
        // A power of two, so that all tables have as many rows.
        let count = rows.div_ceil(TABLE_ROWS).next_power_of_two();
        let capacity = capacity_for(rows / count);
        Self {
            tables: (0..count)
                .map(|_| HashTable::with_capacity(capacity))
                .collect(),
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

    /// The row of an id whose hash is known.
    pub(super) fn find_hashed(&self, rows: &Rows, id: &str, hash: u64) -> Option<Slot> {
        let table = self.tables.get(table_of(hash, self.tables.len()))?;
        let has_id = |&slot: &Slot| rows.view(slot).is_some_and(|row| row.task().id() == id);
        table.find(hash, has_id).copied()
    }

    /// Adds a row, whose id has this hash, and no other row has it.
    pub(super) fn insert(&mut self, rows: &Rows, slot: Slot, hash: u64) {
        if self.length >= TABLE_ROWS * self.tables.len() {
            self.split(rows);
        }
        let number = table_of(hash, self.tables.len());
        if let Some(table) = self.tables.get_mut(number) {
            table.insert_unique(hash, slot, |&slot| hash_of_row(&self.hasher, rows, slot));
            self.length += 1;
        }
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, slot: Slot, id: &str) {
        let hash = self.hash(id);
        let number = table_of(hash, self.tables.len());
        let table = self.tables.get_mut(number);
        if let Some(Ok(entry)) = table.map(|table| table.find_entry(hash, |&it| it == slot)) {
            entry.remove();
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
        let capacity = capacity_for(table.len() / 2);
        let hash_of = |&slot: &Slot| hash_of_row(&self.hasher, rows, slot);
        let mut halves = [0, 1].map(|_| HashTable::with_capacity(capacity));
        let [lower, upper] = &mut halves;
        for slot in table.drain() {
            let hash = hash_of(&slot);
            let is_upper = table_of(hash, added + 1) == added;
            let half = if is_upper { &mut *upper } else { &mut *lower };
            half.insert_unique(hash, slot, hash_of);
        }
        let [lower, upper] = halves;
        *table = lower;
        self.tables.push(upper);
    }

    /// Checks that every row is found by its own id.
    pub(super) fn validate(&self, rows: &Rows) -> Result<(), String> {
        let counted: usize = self.tables.iter().map(HashTable::len).sum();
        if counted != self.length || counted != rows.len() as usize {
            return Err(format!("{counted} of {} ids are known", rows.len()));
        }
        if counted > TABLE_ROWS * self.tables.len() {
            return Err(format!("{counted} ids are in {} tables", self.tables.len()));
        }
        for (slot, row) in rows.iter(0..rows.end()) {
            if self.find(rows, row.task().id()) != Some(slot) {
                return Err(format!("row {slot} is not found by its id"));
            }
        }
        Ok(())
    }
}

/// Capacity for rows of which so many are expected: random hashes bring five standard deviations
/// more to one table in millions.
fn capacity_for(expected: usize) -> usize {
    expected + 5 * expected.isqrt()
}

fn hash_of_row(hasher: &RandomState, rows: &Rows, slot: Slot) -> u64 {
    rows.view(slot)
        .map_or(0, |row| hasher.hash_one(row.task().id()))
}

/// The table for a hash among `count`: the first tables are divided already.
fn table_of(hash: u64, count: usize) -> usize {
    /// A table reads bits of the hash from below and the topmost seven.
    const TABLE_BITS: u32 = 20;
    let places = count.next_power_of_two() as u64;
    let bits = hash >> TABLE_BITS;
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
            let slot = rows.push(&head, &task, Slot::MAX).unwrap();
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

    #[test]
    fn a_row_that_was_removed_is_not_found() {
        let mut ids = Ids::with_capacity(0);
        let mut rows = fill(&mut ids, 2_000);
        for slot in (0..2_000).step_by(2) {
            ids.remove(slot, &slot.to_string());
            ids.remove(slot, &slot.to_string());
            assert_eq!(ids.find(&rows, &slot.to_string()), None);
            drop(rows.remove(slot));
        }
        ids.validate(&rows).unwrap();
    }

    /// A table that stands for two places was made as small as others, so that a load of a million
    /// ids hashed many of them twice.
    #[test]
    fn tables_that_were_made_for_their_rows_need_not_grow() {
        for count in [320, 640, 3_520, 4_480, 5_120] {
            let mut ids = Ids::with_capacity(count);
            let capacity = |ids: &Ids| ids.tables.iter().map(HashTable::capacity).sum::<usize>();
            let before = capacity(&ids);
            assert!(before <= 3 * count, "{before} for {count}");
            let rows = fill(&mut ids, count as u64);
            ids.validate(&rows).unwrap();
            assert_eq!(capacity(&ids), before);
        }
    }
}
