//! The names of rows that were renamed.

use std::collections::{BTreeMap, BTreeSet};

use super::name_facts::NameFacts;
use super::search::{Found, Pattern, Thresholds};
use super::trigrams::Trigrams;
use crate::index::memory::b_tree_bytes;
use crate::index::row_set::RowSet;
use crate::index::slot::{RowNumber, Slot};

/// Which of the names that were recorded here, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct NameNumber(u32);

impl RowNumber for NameNumber {
    #[inline]
    fn new(number: u32) -> Self {
        Self(number)
    }

    #[inline]
    fn get(self) -> u32 {
        self.0
    }
}

/// The names of rows that were renamed since all names were recorded.
///
/// Recording another name under the row's own number would change some fifty posting lists in the
/// middle, and wait for memory at each: 16 µs in a project of a million tasks. Here each name has
/// a number of its own, behind all others, so that every list grows at its end. Former names stay
/// in the lists until all names are [recorded again](super::NameIndex::is_outdated).
#[derive(Debug, Default)]
pub(super) struct RenamedNames {
    /// By number.
    names: Trigrams<NameNumber>,
    /// The row of each number.
    row_of: Vec<Slot>,
    /// The number of each row's latest name. No hash table: to grow one of half a million entries
    /// would hold readers up for four milliseconds.
    latest: BTreeMap<Slot, NameNumber>,
    /// The numbers in `latest`.
    current: RowSet<NameNumber>,
    /// The rows in `latest`.
    rows: RowSet,
}

impl RenamedNames {
    /// How many names are recorded, former ones too.
    pub(super) fn len(&self) -> usize {
        self.row_of.len()
    }

    pub(super) fn is_renamed(&self, row: Slot) -> bool {
        self.rows.contains(row)
    }

    /// Records another name of a row. O(its length), amortised.
    pub(super) fn insert(&mut self, row: Slot, name: &NameFacts) {
        // All names are recorded again long before numbers run out.
        let Ok(number) = u32::try_from(self.row_of.len()).map(NameNumber) else {
            return;
        };
        self.row_of.push(row);
        self.names.insert(number, name);
        self.current.insert(number);
        match self.latest.insert(row, number) {
            Some(former) => self.current.remove(former),
            None => self.rows.insert(row),
        };
    }

    /// Replaces what was found of renamed rows by a search for their latest names, among the rows
    /// of `within`.
    pub(super) fn correct(
        &self,
        found: &mut Found<Slot>,
        pattern: &Pattern<'_>,
        within: &RowSet,
        thresholds: Thresholds,
    ) {
        if self.row_of.is_empty() {
            return;
        }
        found.remove_all(&self.rows);
        let plan = self.names.plan(pattern);
        let others = self.names.search(&plan, &self.current, thresholds);
        found.add(&Found {
            sure: self.rows_of(&others.sure, within),
            unsure: self.rows_of(&others.unsure, within),
            lists: others.lists,
        });
    }

    /// The rows of `within` that have these numbers.
    fn rows_of(&self, numbers: &RowSet<NameNumber>, within: &RowSet) -> RowSet {
        let mut rows = Vec::with_capacity(numbers.len() as usize);
        numbers.each(|number| rows.extend(self.row_of(number)));
        rows.retain(|&row| within.contains(row));
        rows.sort_unstable();
        rows.into_iter().collect()
    }

    fn row_of(&self, number: NameNumber) -> Option<Slot> {
        self.row_of.get(number.0 as usize).copied()
    }

    /// Bytes of heap memory. O(blocks of all posting lists).
    pub(super) fn heap_bytes(&self) -> usize {
        self.names.heap_bytes()
            + self.row_of.capacity() * size_of::<Slot>()
            + b_tree_bytes::<(Slot, NameNumber)>(self.latest.len())
            + self.current.heap_bytes()
            + self.rows.heap_bytes()
    }

    /// Checks what is recorded against the rows' names.
    pub(super) fn validate<'a>(
        &self,
        name: impl Fn(Slot) -> Option<&'a str>,
    ) -> Result<(), String> {
        let mut facts = 0;
        for (&row, &number) in &self.latest {
            if self.row_of(number) != Some(row) {
                return Err(format!("name {} is not that of row {row}", number.0));
            }
            if let Some(name) = name(row) {
                facts += self.names.count_facts(number, name)?;
            }
        }
        let numbers: BTreeSet<NameNumber> = self.latest.values().copied().collect();
        if self.rows != self.latest.keys().copied().collect()
            || self.current != numbers.into_iter().collect()
        {
            return Err("renamed rows are miscounted".into());
        }
        let is_live = |number: NameNumber| {
            let row = self.row_of(number);
            self.current.contains(number) && row.is_some_and(|row| name(row).is_some())
        };
        let recorded = self.names.count_recorded(is_live);
        if recorded != facts {
            return Err(format!("{recorded} facts of renamed rows, not {facts}"));
        }
        Ok(())
    }
}
