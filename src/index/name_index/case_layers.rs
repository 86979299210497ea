//! Names by number, as they are and folded.

use super::name_batch::NameBatch;
use super::name_facts::NameFacts;
use super::search::{Found, Pattern, Plan, Thresholds};
use super::trigrams::Trigrams;
use crate::index::row_set::RowSet;
use crate::index::slot::{RowNumber, Slot};
use crate::query::{fold_case, fold_character};

/// Names by number, where the name of a number stays the same.
#[derive(Debug, Default)]
pub(super) struct CaseLayers<N> {
    exact: Trigrams<N>,
    /// Of the names that folding changes beyond ASCII letters, as they are folded.
    ///
    /// A search that ignores case looks upper-case ASCII letters up beside lower-case ones, which
    /// takes no memory. Other letters are rarer, and may change their length.
    folded: Trigrams<N>,
    /// The numbers of the names in `folded`.
    folded_numbers: RowSet<N>,
    facts: NameFacts,
}

impl<N: RowNumber> CaseLayers<N> {
    /// Records a name. O(its length).
    pub(super) fn insert(&mut self, number: N, name: &str) {
        self.facts.fill(name);
        self.exact.insert(number, &self.facts);
        if let Some(folded) = folded_beyond_ascii(name) {
            self.facts.fill(&folded);
            self.folded.insert(number, &self.facts);
            self.folded_numbers.insert(number);
        }
    }

    /// Takes a name out. O(its length).
    pub(super) fn remove(&mut self, number: N, name: &str) {
        self.facts.fill(name);
        self.exact.remove(number, &self.facts);
        if self.folded_numbers.remove(number) {
            self.facts.fill(&fold_case(name));
            self.folded.remove(number, &self.facts);
        }
    }

    /// A search for a pattern, ready to run.
    pub(super) fn plan<'a>(&'a self, pattern: Pattern<'a>) -> Plan<'a, N> {
        Plan::new(&self.exact, pattern)
    }

    /// The numbers of `within` whose name has the pattern of a [plan](Self::plan).
    pub(super) fn search(
        &self,
        plan: &Plan<'_, N>,
        within: &RowSet<N>,
        thresholds: Thresholds,
    ) -> Found<N> {
        let mut found = plan.run(within, thresholds);
        let pattern = plan.pattern();
        if pattern.any_case && !self.folded_numbers.is_empty() {
            // These texts are folded already, as the needle is.
            let pattern = Pattern {
                any_case: false,
                ..pattern
            };
            let others = Plan::new(&self.folded, pattern).run(within, thresholds);
            found.remove_all(&self.folded_numbers);
            found.add(&others);
        }
        found
    }

    /// Bytes of heap memory. O(blocks of all posting lists).
    pub(super) fn heap_bytes(&self) -> usize {
        let facts = self.facts.heap_bytes() + self.folded_numbers.heap_bytes();
        self.exact.heap_bytes() + self.folded.heap_bytes() + facts
    }

    /// How many facts there are of a name, if all of them are recorded.
    pub(super) fn count_facts(&self, number: N, name: &str) -> Result<usize, String> {
        let mut facts = NameFacts::default();
        facts.fill(name);
        let mut count = self.exact.count_facts(number, &facts)?;
        let folded = folded_beyond_ascii(name);
        if self.folded_numbers.contains(number) != folded.is_some() {
            return Err(format!("name {number:?} is folded wrongly"));
        }
        if let Some(folded) = folded {
            facts.fill(&folded);
            count += self.folded.count_facts(number, &facts)?;
        }
        Ok(count)
    }

    /// How many facts are recorded of some numbers.
    pub(super) fn count_recorded(&self, is_wanted: impl Fn(N) -> bool) -> usize {
        self.exact.count_recorded(&is_wanted) + self.folded.count_recorded(&is_wanted)
    }
}

impl CaseLayers<Slot> {
    /// Records a step of a batch, and returns whether more is left.
    pub(super) fn insert_step(&mut self, batch: &mut NameBatch) -> bool {
        self.folded_numbers.extend(batch.folded_rows.drain(..));
        self.exact.insert_step(&mut batch.exact) || self.folded.insert_step(&mut batch.folded)
    }
}

/// The name folded, where that changes more than ASCII letters.
pub(super) fn folded_beyond_ascii(name: &str) -> Option<String> {
    let changes = |character: char| !character.is_ascii() && fold_character(character) != character;
    name.chars().any(changes).then(|| fold_case(name))
}
