//! The facts of many names at once, in an order in which each posting list is visited once.

use std::ops::Range;

use super::name_facts::{Fact, Form, NameFacts, each_byte};
use crate::index::slot::Slot;
use crate::sync::small_when_interleaved;

/// A batch is complete with so many facts, those of a name's single bytes counted as one: of usual
/// names, they take 17 megabytes while they are sorted. Unit tests fill it with fewer.
const FACTS_MAX: usize = 1
    << if cfg!(test) {
        17
    } else {
        small_when_interleaved(20, 6)
    };
/// Facts that are recorded in one step, if they all go into one list.
const STEP_FACTS: usize = small_when_interleaved(1 << 10, 1 << 8);
/// As many facts as could be added in the time it takes to get at another list.
const LIST_FACTS: usize = 32;
/// Names whose ASCII bytes are recorded in one step.
const STEP_NAMES: usize = small_when_interleaved(128, 4);
/// Fewer facts than this are sorted by comparisons.
const RADIX_MIN: usize = 1 << 12;
/// Bits of a digit: a fact's number has two digits.
const DIGIT: u32 = 13;
const _: () = assert!(Fact::BITS <= 2 * DIGIT);

/// What is to be recorded of rows whose names are not recorded yet.
///
/// Recorded name by name, nearly each fact waits for another cache line. Sorted, those of thirty
/// thousand names wait once for each list, which makes recording about three times as fast.
#[derive(Debug, Default)]
pub(crate) struct NameBatch {
    pub(super) rows: Range<Slot>,
    /// The rows whose names have a folded form.
    pub(super) folded: Vec<Slot>,
    /// The ASCII bytes of each row's name.
    ascii: Vec<(u128, Slot)>,
    ascii_done: usize,
    /// All other facts, each with a row.
    others: Vec<(Fact, Slot)>,
    others_done: usize,
    half_sorted: Vec<(Fact, Slot)>,
    rows_of_fact: Vec<Slot>,
}

impl NameBatch {
    /// Empties the batch for the names of rows from `start` on, and keeps its memory: a load of a
    /// million tasks would spend a hundred thousand page faults on getting that anew.
    pub(super) fn begin(&mut self, start: Slot) {
        self.rows = start..start;
        self.folded.clear();
        self.ascii.clear();
        self.ascii_done = 0;
        self.others.clear();
        self.others_done = 0;
    }

    pub(super) fn is_full(&self) -> bool {
        self.ascii.len() + self.others.len() >= FACTS_MAX
    }

    /// Adds those of a row's name. Rows ascend.
    pub(super) fn add(&mut self, row: Slot, facts: &NameFacts) {
        self.ascii.push((facts.ascii, row));
        self.others.extend(facts.others.iter().map(|&it| (it, row)));
        self.folded.extend(facts.is_folded.then_some(row));
    }

    /// Puts the facts in order, and the rows of each fact in theirs.
    pub(super) fn sort(&mut self) {
        if self.others.len() < RADIX_MIN {
            self.others.sort_unstable();
        } else {
            self.half_sorted.clone_from(&self.others);
            sort_by_digit(&self.others, &mut self.half_sorted, 0);
            sort_by_digit(&self.half_sorted, &mut self.others, DIGIT);
        }
    }

    /// Calls `visit` with each fact of the next step and its rows, which ascend. Returns whether any
    /// are left.
    pub(super) fn step(&mut self, mut visit: impl FnMut(Fact, &[Slot])) -> bool {
        let rows = &mut self.rows_of_fact;
        let names = self.ascii.get(self.ascii_done..).unwrap_or_default();
        if let Some(names) = names.chunks(STEP_NAMES).next() {
            let any = names.iter().fold(0, |any, (bytes, _)| any | bytes);
            for byte in each_byte(any) {
                let has_byte = |(bytes, _): &&(u128, Slot)| bytes >> byte & 1 != 0;
                rows.clear();
                rows.extend(names.iter().filter(has_byte).map(|&(_, row)| row));
                visit(Fact::byte(Form::AsIs, byte), rows);
            }
            self.ascii_done += names.len();
            return true;
        }
        let rest = self.others.get(self.others_done..).unwrap_or_default();
        let mut left = STEP_FACTS;
        let parts = rest.chunks(STEP_FACTS);
        for facts in parts.flat_map(|part| part.chunk_by(|a, b| a.0 == b.0)) {
            if left == 0 {
                return true;
            }
            rows.clear();
            rows.extend(facts.iter().map(|&(_, row)| row));
            // A name may have a fact more than once.
            rows.dedup();
            if let Some(&(fact, _)) = facts.first() {
                visit(fact, rows);
            }
            self.others_done += facts.len();
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
fn sort_by_digit(from: &[(Fact, Slot)], to: &mut [(Fact, Slot)], shift: u32) {
    let digit = |fact: Fact| (fact.0 >> shift) as usize & ((1 << DIGIT) - 1);
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
