//! The facts of many names at once, in an order in which each posting is visited once.

use std::ops::Range;

use super::text::{Fact, FactKey, Text, each_byte};
use crate::index::rows::Slot;
use crate::sync::cramped;

/// A batch is complete with so many facts, if those of a name's single bytes count as one: of usual
/// names, they take 17 megabytes while they are sorted. Unit tests fill it with fewer.
const FACTS_MAX: usize = 1 << if cfg!(test) { 17 } else { cramped(20, 6) };
/// So many facts are recorded in one step, if they are a run.
const STEP_FACTS: usize = cramped(1 << 10, 1 << 8);
/// To get at the rows of a fact takes as long as to add so many.
const RUN_FACTS: usize = 32;
/// Of so many names, all ASCII bytes are recorded in one step.
const STEP_NAMES: usize = cramped(128, 4);
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
/// One by one, nearly each fact of a name waits for another cache line. Sorted, those of thirty
/// thousand names wait once for each run, which makes recording about three times as fast.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The ASCII bytes of each row's name.
    bytes: Vec<(u128, Slot)>,
    bytes_done: usize,
    grams: Runs<u32>,
    longer: Runs<FactKey>,
    run: Vec<Slot>,
    half_sorted: Vec<(u32, Slot)>,
}

/// Facts of one kind, each with a row, in this order: those of one fact are a run.
#[derive(Debug)]
struct Runs<T> {
    facts: Vec<(T, Slot)>,
    done: usize,
}

impl<T> Default for Runs<T> {
    fn default() -> Self {
        Self {
            facts: Vec::new(),
            done: 0,
        }
    }
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
        self.bytes.len() + self.grams.facts.len() + self.longer.facts.len()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes_done = 0;
        self.grams.clear();
        self.longer.clear();
    }

    /// Adds those of a row's name. Rows ascend.
    pub(super) fn add(&mut self, row: Slot, text: &Text) {
        self.bytes.push((text.ascii_bytes(), row));
        self.grams
            .facts
            .extend(text.grams().map(|gram| (gram, row)));
        text.each_longer_fact(|fact| self.longer.facts.push((fact.key(), row)));
    }

    pub(super) fn sort(&mut self) {
        self.grams.sort(&mut self.half_sorted);
        self.longer.facts.sort_unstable();
    }

    /// Calls `see` with each fact of the next step and its rows, which ascend. Returns whether any
    /// are left.
    pub(super) fn step(&mut self, mut see: impl FnMut(Fact<'_>, &[Slot])) -> bool {
        let run = &mut self.run;
        let names = self.bytes.get(self.bytes_done..).unwrap_or_default();
        if let Some(names) = names.chunks(STEP_NAMES).next() {
            let any = names.iter().fold(0, |any, (bytes, _)| any | bytes);
            for byte in each_byte(any) {
                let has_byte = |(bytes, _): &&(u128, Slot)| bytes >> byte & 1 != 0;
                run.clear();
                run.extend(names.iter().filter(has_byte).map(|&(_, row)| row));
                see(Fact::Byte(byte), run);
            }
            self.bytes_done += names.len();
            return true;
        }
        let left = &mut { STEP_FACTS };
        self.grams.step(left, run, |gram, rows| {
            let [_, first, second, next] = gram.to_be_bytes();
            see(Fact::Follows(&[first, second], next), rows);
        }) || self.longer.step(left, run, |key, rows| {
            key.with_fact(|fact| see(fact, rows));
        })
    }
}

impl<T: Copy + PartialEq> Runs<T> {
    fn clear(&mut self) {
        self.facts.clear();
        self.done = 0;
    }

    /// Calls `see` with each fact and its rows, as long as any facts are `left` of a step. Returns
    /// whether more are to come.
    fn step(
        &mut self,
        left: &mut usize,
        run: &mut Vec<Slot>,
        mut see: impl FnMut(T, &[Slot]),
    ) -> bool {
        let rest = self.facts.get(self.done..).unwrap_or_default();
        let parts = rest.chunks(STEP_FACTS);
        for facts in parts.flat_map(|part| part.chunk_by(|a, b| a.0 == b.0)) {
            if *left == 0 {
                return true;
            }
            run.clear();
            run.extend(facts.iter().map(|&(_, row)| row));
            // A name may have a gram more than once.
            run.dedup();
            if let Some(&(fact, _)) = facts.first() {
                see(fact, run);
            }
            self.done += facts.len();
            *left = left.saturating_sub(RUN_FACTS + facts.len());
        }
        false
    }
}

/// Bits of a digit.
const DIGIT: u32 = 12;

impl Runs<u32> {
    /// Sorts facts of two digits, whose rows ascend already.
    fn sort(&mut self, half_sorted: &mut Vec<(u32, Slot)>) {
        if self.facts.len() < RADIX_MIN {
            self.facts.sort_unstable();
            return;
        }
        half_sorted.resize(self.facts.len(), (0, 0));
        sort_by_digit(&self.facts, half_sorted, 0);
        sort_by_digit(half_sorted, &mut self.facts, DIGIT);
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
