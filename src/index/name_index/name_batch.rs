//! The facts of many names at once, in an order in which each posting list is visited once.

use std::ops::Range;

use super::name_facts::{Fact, NUMBER_BITS, NameFacts, each_byte};
use crate::index::slot::Slot;
use crate::sync::cramped;

/// A batch is complete with so many facts, those of a name's single bytes counted as one: of usual
/// names, they take 17 megabytes while they are sorted. Unit tests fill it with fewer.
const FACTS_MAX: usize = 1 << if cfg!(test) { 17 } else { cramped(20, 6) };
/// Facts that are recorded in one step, if they all go into one list.
const STEP_FACTS: usize = cramped(1 << 10, 1 << 8);
/// As many facts as could be added in the time it takes to get at another list.
const LIST_FACTS: usize = 32;
/// Names whose ASCII bytes are recorded in one step.
const STEP_NAMES: usize = cramped(128, 4);
/// Fewer facts than this are sorted by comparisons.
const RADIX_MIN: usize = 1 << 12;
/// Bits of a digit: a fact's number has two digits.
const DIGIT: u32 = 13;
const _: () = assert!(NUMBER_BITS <= 2 * DIGIT);

/// What is to be recorded of rows whose names are not recorded yet.
#[derive(Debug, Default)]
pub(crate) struct NameBatch {
    pub(super) rows: Range<Slot>,
    pub(super) exact: FactBatch,
    pub(super) folded: FactBatch,
    /// The rows that `folded` is of.
    pub(super) folded_rows: Vec<Slot>,
}

/// Facts of many rows.
///
/// Recorded name by name, nearly each fact waits for another cache line. Sorted, those of thirty
/// thousand names wait once for each list, which makes recording about three times as fast.
#[derive(Debug, Default)]
pub(super) struct FactBatch {
    /// The ASCII bytes of each row's name.
    bytes: Vec<(u128, Slot)>,
    bytes_done: usize,
    /// The numbers of trigrams and branches, each with a row.
    longer: Vec<(u32, Slot)>,
    longer_done: usize,
    half_sorted: Vec<(u32, Slot)>,
    rows_of_fact: Vec<Slot>,
}

impl NameBatch {
    /// Empties the batch for the names of rows from `start` on, and keeps its memory: a load of a
    /// million tasks would spend a hundred thousand page faults on getting that anew.
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

impl FactBatch {
    fn len(&self) -> usize {
        self.bytes.len() + self.longer.len()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes_done = 0;
        self.longer.clear();
        self.longer_done = 0;
    }

    /// Adds those of a row's name. Rows ascend.
    pub(super) fn add(&mut self, row: Slot, facts: &NameFacts) {
        self.bytes.push((facts.ascii_bytes(), row));
        self.longer.extend(facts.trigrams().map(|it| (it, row)));
        self.longer.extend(facts.branches().map(|it| (it, row)));
    }

    /// Puts the facts in order, and the rows of each fact in theirs.
    pub(super) fn sort(&mut self) {
        if self.longer.len() < RADIX_MIN {
            self.longer.sort_unstable();
            return;
        }
        self.half_sorted.resize(self.longer.len(), (0, Slot::FIRST));
        sort_by_digit(&self.longer, &mut self.half_sorted, 0);
        sort_by_digit(&self.half_sorted, &mut self.longer, DIGIT);
    }

    /// Calls `see` with each fact of the next step and its rows, which ascend. Returns whether any
    /// are left.
    pub(super) fn step(&mut self, mut see: impl FnMut(Fact, &[Slot])) -> bool {
        let rows = &mut self.rows_of_fact;
        let names = self.bytes.get(self.bytes_done..).unwrap_or_default();
        if let Some(names) = names.chunks(STEP_NAMES).next() {
            let any = names.iter().fold(0, |any, (bytes, _)| any | bytes);
            for byte in each_byte(any) {
                let has_byte = |(bytes, _): &&(u128, Slot)| bytes >> byte & 1 != 0;
                rows.clear();
                rows.extend(names.iter().filter(has_byte).map(|&(_, row)| row));
                see(Fact::Byte(byte), rows);
            }
            self.bytes_done += names.len();
            return true;
        }
        let rest = self.longer.get(self.longer_done..).unwrap_or_default();
        let mut left = STEP_FACTS;
        let parts = rest.chunks(STEP_FACTS);
        for facts in parts.flat_map(|part| part.chunk_by(|a, b| a.0 == b.0)) {
            if left == 0 {
                return true;
            }
            rows.clear();
            rows.extend(facts.iter().map(|&(_, row)| row));
            // A name may have a trigram more than once.
            rows.dedup();
            if let Some(&(number, _)) = facts.first() {
                see(Fact::of_number(number), rows);
            }
            self.longer_done += facts.len();
            left = left.saturating_sub(LIST_FACTS + facts.len());
        }
        false
    }
}

/// Copies facts in the order of one of their digits; those alike in it stay in their order.
#[expect(
    clippy::indexing_slicing,
    reason = "there is a place for each digit, and for each fact"
)]
fn sort_by_digit(from: &[(u32, Slot)], to: &mut [(u32, Slot)], shift: u32) {
    let digit = |fact: u32| (fact >> shift) as usize & ((1 << DIGIT) - 1);
    let mut places = vec![0_u32; 1 << DIGIT];
    for &(fact, _) in from {
        places[digit(fact)] += 1;
    }
    let mut start = 0;
    for place in &mut places {
        start += std::mem::replace(place, start);
    }
    for &fact in from {
        let place = &mut places[digit(fact.0)];
        to[*place as usize] = fact;
        *place += 1;
    }
}
