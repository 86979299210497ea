//! The facts of many names at once, in an order in which each posting is visited once.

use std::ops::Range;

use super::text::{Fact, FactKey, Text};
use crate::index::rows::Slot;

/// A batch is complete with so many facts: a few megabytes.
const FACTS_MAX: usize = 1 << 17;
/// So many facts are recorded in one step.
const STEP_FACTS: usize = 1 << 10;
/// Fewer facts than this are sorted by comparisons.
const RADIX_MIN: usize = 1 << 12;

/// What is to be recorded of rows whose names are not recorded yet.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(super) rows: Range<Slot>,
    pub(super) exact: Facts,
    pub(super) folded: Facts,
    /// The rows that `folded` is of.
    pub(super) folded_rows: Vec<Slot>,
}

/// Facts of many rows.
///
/// One by one, nearly each fact of a name waits for another cache line. Sorted, those of some
/// thousand names do so a fifth as often, which makes recording about three times as fast.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Facts of one and of three bytes, with their rows in the lower half: by fact, then by row.
    short: Vec<u64>,
    /// All others, in the same order.
    long: Vec<(FactKey, Slot)>,
    short_done: usize,
    long_done: usize,
    run: Vec<Slot>,
    half_sorted: Vec<u64>,
}

impl Batch {
    /// Makes ready for the names of rows from `start` on. What room there is stays: that of a
    /// batch takes a hundred thousand page faults of a load of a million tasks, were it given back
    /// each time.
    pub(super) fn begin(&mut self, start: Slot) {
        self.rows = start..start;
        self.exact.clear();
        self.folded.clear();
        self.folded_rows.clear();
    }

    pub(super) fn is_full(&self) -> bool {
        self.exact.len() + self.folded.len() >= FACTS_MAX
    }
}

impl Facts {
    fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }

    fn clear(&mut self) {
        self.short.clear();
        self.long.clear();
        (self.short_done, self.long_done) = (0, 0);
    }

    /// Adds those of a row's name. Rows ascend.
    pub(super) fn add(&mut self, row: Slot, text: &Text) {
        text.each_fact(|fact| match fact.short_key() {
            Some(key) => self.short.push(key << 32 | u64::from(row)),
            None => self.long.push((fact.key(), row)),
        });
    }

    pub(super) fn sort(&mut self) {
        if self.short.len() < RADIX_MIN {
            self.short.sort_unstable();
        } else {
            // Rows ascend already, so their bits need no sorting.
            self.half_sorted.resize(self.short.len(), 0);
            sort_by_bits(&self.short, &mut self.half_sorted, 32);
            sort_by_bits(&self.half_sorted, &mut self.short, 32 + RADIX_BITS);
        }
        self.long.sort_unstable();
    }

    /// Calls `see` with each fact of the next step and its rows, which ascend. Returns whether any
    /// are left.
    pub(super) fn step(&mut self, mut see: impl FnMut(Fact<'_>, &[Slot])) -> bool {
        let mut left = STEP_FACTS;
        let rest = self.short.get(self.short_done..).unwrap_or_default();
        for run in rest.chunk_by(|a, b| a >> 32 == b >> 32) {
            if left == 0 {
                return true;
            }
            #[expect(clippy::cast_possible_truncation, reason = "the lower half is the row")]
            let rows = run.iter().map(|&it| it as Slot);
            take_in(&mut self.run, rows);
            if let Some(&first) = run.first() {
                Fact::with_short_key(first >> 32, |fact| see(fact, &self.run));
            }
            self.short_done += run.len();
            left = left.saturating_sub(run.len());
        }
        let rest = self.long.get(self.long_done..).unwrap_or_default();
        for run in rest.chunk_by(|a, b| a.0 == b.0) {
            if left == 0 {
                return true;
            }
            take_in(&mut self.run, run.iter().map(|&(_, row)| row));
            if let Some((key, _)) = run.first() {
                key.with_fact(|fact| see(fact, &self.run));
            }
            self.long_done += run.len();
            left = left.saturating_sub(run.len());
        }
        false
    }
}

/// Fills `run` with rows, each once: a name may have a gram more than once.
fn take_in(run: &mut Vec<Slot>, rows: impl Iterator<Item = Slot>) {
    run.clear();
    run.extend(rows);
    run.dedup();
}

const RADIX_BITS: u32 = 12;

/// Copies numbers in the order of some of their bits; those alike in these stay in their order.
#[expect(
    clippy::indexing_slicing,
    reason = "a bucket is that of some bits, and there is a place for each number"
)]
fn sort_by_bits(from: &[u64], to: &mut [u64], shift: u32) {
    #[expect(clippy::cast_possible_truncation, reason = "twelve bits are kept")]
    let bucket = |number: u64| (number >> shift) as usize & ((1 << RADIX_BITS) - 1);
    let mut places = vec![0_usize; 1 << RADIX_BITS];
    for &number in from {
        places[bucket(number)] += 1;
    }
    let mut start = 0;
    for place in &mut places {
        start += std::mem::replace(place, start);
    }
    for &number in from {
        let place = &mut places[bucket(number)];
        to[*place] = number;
        *place += 1;
    }
}
