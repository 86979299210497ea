//! The names of rows that were renamed.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::layer::Layer;
use super::search::{Found, Patience, Pattern};
use crate::index::rows::Slot;

/// The latest names of rows that were renamed since the names were recorded.
///
/// To record another name in the row's own place would be to change some fifty postings in their
/// midst, and to wait for memory at each: 16 µs of a project of a million tasks. Here each new
/// name has a number of its own, behind all others, so that every posting grows at its end. What
/// is recorded of former names is passed over, and goes when all names are
/// [recorded anew](super::NameIndex::is_outdated).
///
/// Invariants: `row_of` holds the row of each number; a row in `latest` has that number for its
/// name; `current` holds these numbers, and `rows` these rows.
#[derive(Debug, Default)]
pub(super) struct Renamed {
    layer: Layer,
    row_of: Vec<Slot>,
    latest: HashMap<Slot, u32>,
    current: RoaringBitmap,
    rows: RoaringBitmap,
}

impl Renamed {
    /// How many names are recorded, former ones too.
    pub(super) fn len(&self) -> usize {
        self.row_of.len()
    }

    pub(super) fn is_renamed(&self, row: Slot) -> bool {
        self.latest.contains_key(&row)
    }

    /// Records another name of a row. O(its length), amortised.
    pub(super) fn insert(&mut self, row: Slot, name: &str) {
        // Names are recorded anew long before numbers run out.
        let Ok(number) = u32::try_from(self.row_of.len()) else {
            return;
        };
        self.layer.insert(number, name);
        self.row_of.push(row);
        self.current.insert(number);
        match self.latest.insert(row, number) {
            Some(former) => self.current.remove(former),
            None => self.rows.insert(row),
        };
    }

    /// Puts what a search finds here in place of what was found of the same rows.
    pub(super) fn correct(&self, found: &mut Found, pattern: Pattern<'_>, patience: Patience) {
        if self.row_of.is_empty() {
            return;
        }
        found.sure -= &self.rows;
        found.unsure -= &self.rows;
        let others = self.layer.search(&self.layer.plan(pattern), patience);
        found.add(Found {
            sure: self.rows_of(&others.sure),
            unsure: self.rows_of(&others.unsure),
            postings: others.postings,
        });
    }

    fn rows_of(&self, numbers: &RoaringBitmap) -> RoaringBitmap {
        let current = numbers & &self.current;
        let rows = current.iter().filter_map(|it| self.row_of.get(it as usize));
        let mut rows: Vec<Slot> = rows.copied().collect();
        rows.sort_unstable();
        rows.into_iter().collect()
    }

    /// Checks what is recorded against the rows' names.
    pub(super) fn validate<'a>(
        &self,
        name: impl Fn(Slot) -> Option<&'a str>,
    ) -> Result<(), String> {
        let mut facts = 0;
        for (&row, &number) in &self.latest {
            if self.row_of.get(number as usize) != Some(&row) || !self.current.contains(number) {
                return Err(format!("name {number} is not that of row {row}"));
            }
            if let Some(name) = name(row) {
                facts += self.layer.count_facts(number, name)?;
            }
        }
        let rows: RoaringBitmap = self.latest.keys().copied().collect();
        if rows != self.rows || rows.len() != self.current.len() {
            return Err("renamed rows are miscounted".into());
        }
        let is_live = |number: u32| {
            let row = self.row_of.get(number as usize);
            self.current.contains(number) && row.is_some_and(|&row| name(row).is_some())
        };
        let recorded = self.layer.count_recorded(is_live);
        if recorded != facts {
            return Err(format!("{recorded} facts of renamed rows, not {facts}"));
        }
        Ok(())
    }
}
