//! The names of rows that were renamed.

use super::layer::Layer;
use super::search::{Found, Patience, Pattern};
use crate::index::row_set::RowSet;
use crate::index::rows::Slot;

/// The latest names of rows that were renamed since the names were recorded.
///
/// To record another name in the row's own place would be to change some fifty postings in their
/// midst, and to wait for memory at each: 16 µs of a project of a million tasks. Here each new
/// name has a number of its own, behind all others, so that every posting grows at its end. What
/// is recorded of former names is passed over, and goes when all names are
/// [recorded anew](super::NameIndex::is_outdated).
///
/// Invariants: `row_of` holds the row of each number below `numbered`; a row in `latest` has that
/// number for its name; `current` holds these numbers, and `rows` these rows.
#[derive(Debug, Default)]
pub(super) struct Renamed {
    layer: Layer,
    row_of: Paged,
    numbered: u32,
    latest: Paged,
    current: RowSet,
    rows: RowSet,
}

impl Renamed {
    /// How many names are recorded, former ones too.
    pub(super) fn len(&self) -> usize {
        self.numbered as usize
    }

    pub(super) fn is_renamed(&self, row: Slot) -> bool {
        self.latest.get(row).is_some()
    }

    /// Records another name of a row. O(its length), amortised.
    pub(super) fn insert(&mut self, row: Slot, name: &str) {
        let number = self.numbered;
        // Names are recorded anew long before numbers run out.
        let Some(numbered) = number.checked_add(1) else {
            return;
        };
        self.numbered = numbered;
        self.layer.insert(number, name);
        self.row_of.set(number, row);
        self.current.insert(number);
        let former = self.latest.get(row);
        self.latest.set(row, number);
        match former {
            Some(former) => self.current.remove(former),
            None => self.rows.insert(row),
        };
    }

    /// Puts what a search finds here of the rows of `within` in place of what was found of the
    /// same rows.
    pub(super) fn correct(
        &self,
        found: &mut Found,
        pattern: Pattern<'_>,
        within: &RowSet,
        patience: Patience,
    ) {
        if self.numbered == 0 {
            return;
        }
        found.remove_all(&self.rows);
        let plan = self.layer.plan(pattern);
        let others = self.layer.search(&plan, &self.current, patience);
        found.add(Found {
            sure: self.rows_of(&others.sure, within),
            unsure: self.rows_of(&others.unsure, within),
            postings: others.postings,
        });
    }

    fn rows_of(&self, numbers: &RowSet, within: &RowSet) -> RowSet {
        let numbers = numbers.rows(0..u32::MAX).into_iter();
        let rows = numbers.filter_map(|number| self.row_of.get(number));
        let mut rows: Vec<Slot> = rows.filter(|&row| within.contains(row)).collect();
        rows.sort_unstable();
        rows.into_iter().collect()
    }

    /// Checks what is recorded against the rows' names.
    pub(super) fn validate<'a>(
        &self,
        name: impl Fn(Slot) -> Option<&'a str>,
    ) -> Result<(), String> {
        let mut facts = 0;
        for row in self.rows.rows(0..Slot::MAX) {
            let number = self.latest.get(row);
            let number = number.ok_or_else(|| format!("row {row} has no other name"))?;
            if self.row_of.get(number) != Some(row) || !self.current.contains(number) {
                return Err(format!("name {number} is not that of row {row}"));
            }
            if let Some(name) = name(row) {
                facts += self.layer.count_facts(number, name)?;
            }
        }
        let renamed = self.latest.count();
        if renamed != self.rows.len() || renamed != self.current.len() {
            return Err("renamed rows are miscounted".into());
        }
        let is_live = |number: u32| {
            let row = self.row_of.get(number);
            self.current.contains(number) && row.is_some_and(|row| name(row).is_some())
        };
        let recorded = self.layer.count_recorded(is_live);
        if recorded != facts {
            return Err(format!("{recorded} facts of renamed rows, not {facts}"));
        }
        Ok(())
    }
}

const PAGE_BITS: u32 = 10;
const PAGE: usize = 1 << PAGE_BITS;

/// A number for some numbers.
///
/// In pages: while a list of half a million doubles, it would hold readers up for more than a
/// millisecond, and a hash table for four.
#[derive(Debug, Default)]
struct Paged {
    /// A number is kept as one more than it is, and none as zero.
    pages: Vec<Option<Box<[u32; PAGE]>>>,
}

impl Paged {
    fn get(&self, key: u32) -> Option<u32> {
        let (page, place) = Self::split(key);
        let page = self.pages.get(page)?.as_ref()?;
        page.get(place)?.checked_sub(1)
    }

    fn set(&mut self, key: u32, number: u32) {
        let (page, place) = Self::split(key);
        if page >= self.pages.len() {
            self.pages.resize_with(page + 1, || None);
        }
        if let Some(page) = self.pages.get_mut(page) {
            let page = page.get_or_insert_with(|| Box::new([0; PAGE]));
            if let Some(kept) = page.get_mut(place) {
                *kept = number.saturating_add(1);
            }
        }
    }

    fn count(&self) -> u32 {
        let numbers = self.pages.iter().flatten().flat_map(|page| page.iter());
        numbers.map(|&number| u32::from(number > 0)).sum()
    }

    fn split(key: u32) -> (usize, usize) {
        ((key >> PAGE_BITS) as usize, key as usize % PAGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_takes_the_page_of_its_key_and_none_beside_it() {
        let mut numbers = Paged::default();
        numbers.set(5_000, 7);
        numbers.set(5_000, 0);
        numbers.set(1_023, 8);
        assert_eq!(numbers.get(5_000), Some(0));
        assert_eq!(numbers.get(1_023), Some(8));
        for key in [0, 1_022, 1_024, 4_999, 5_001, 9_000] {
            assert_eq!(numbers.get(key), None);
        }
        assert_eq!(numbers.count(), 2);
        let pages = numbers.pages.iter().map(Option::is_some);
        assert!(pages.eq([true, false, false, false, true]));
    }
}
