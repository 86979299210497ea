//! Names by number, exact and folded.

use super::batch::Batch;
use super::grams::Grams;
use super::search::{Found, Patience, Pattern, Plan};
use super::text::Text;
use crate::index::row_set::RowSet;
use crate::query::{fold_case, fold_character};

/// Names by number, where each number has one for good.
#[derive(Debug, Default)]
pub(super) struct Layer {
    grams: Grams,
    folded: FoldedNames,
    text: Text,
}

/// The names that folding changes beyond ASCII letters, as they are folded.
///
/// Upper-case ASCII letters are looked for beside lower-case ones where case is ignored, which takes
/// no memory. Other letters are rarer, and may change their length.
#[derive(Debug, Default)]
struct FoldedNames {
    numbers: RowSet,
    grams: Grams,
}

impl Layer {
    /// Records a name. O(its length).
    pub(super) fn insert(&mut self, number: u32, name: &str) {
        self.text.fill(name);
        self.grams.insert(number, &self.text);
        if let Some(folded) = folded_beyond_ascii(name) {
            self.text.fill(&folded);
            self.folded.grams.insert(number, &self.text);
            self.folded.numbers.insert(number);
        }
    }

    /// Takes a name back. O(its length).
    pub(super) fn remove(&mut self, number: u32, name: &str) {
        self.text.fill(name);
        self.grams.remove(number, &self.text);
        if self.folded.numbers.remove(number) {
            self.text.fill(&fold_case(name));
            self.folded.grams.remove(number, &self.text);
        }
    }

    /// Records some more of a batch, and returns whether there is more to record.
    pub(super) fn insert_step(&mut self, batch: &mut Batch) -> bool {
        self.folded.numbers.extend(batch.folded_rows.drain(..));
        self.grams.insert_step(&mut batch.exact) || self.folded.grams.insert_step(&mut batch.folded)
    }

    /// A search for a pattern, made ready.
    pub(super) fn plan<'a>(&'a self, pattern: Pattern<'a>) -> Plan<'a> {
        Plan::new(&self.grams, pattern)
    }

    /// The numbers of `within` whose name has the pattern of a [plan](Self::plan).
    pub(super) fn search(&self, plan: &Plan<'_>, within: &RowSet, patience: Patience) -> Found {
        let mut found = plan.run(within, patience);
        let pattern = plan.pattern();
        if pattern.folded && !self.folded.numbers.is_empty() {
            // These texts are folded already, as the needle is.
            let pattern = Pattern {
                folded: false,
                ..pattern
            };
            let others = Plan::new(&self.folded.grams, pattern).run(within, patience);
            found.remove_all(&self.folded.numbers);
            found.add(others);
        }
        found
    }

    /// How many facts there are of a name, if all of them are recorded.
    pub(super) fn count_facts(&self, number: u32, name: &str) -> Result<usize, String> {
        let mut text = Text::default();
        text.fill(name);
        let mut facts = self.grams.count_facts(number, &text)?;
        let folded = folded_beyond_ascii(name);
        if self.folded.numbers.contains(number) != folded.is_some() {
            return Err(format!("name {number} is folded wrongly"));
        }
        if let Some(folded) = folded {
            text.fill(&folded);
            facts += self.folded.grams.count_facts(number, &text)?;
        }
        Ok(facts)
    }

    /// How many facts are recorded of some numbers.
    pub(super) fn count_recorded(&self, is_wanted: impl Fn(u32) -> bool) -> usize {
        self.grams.count_recorded(&is_wanted) + self.folded.grams.count_recorded(&is_wanted)
    }
}

/// The name folded, where that changes more than ASCII letters.
pub(super) fn folded_beyond_ascii(name: &str) -> Option<String> {
    let changes = |character: char| !character.is_ascii() && fold_character(character) != character;
    name.chars().any(changes).then(|| fold_case(name))
}
