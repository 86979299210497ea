//! The name index: posting lists that lead from a needle to rows.

mod name_batch;
mod name_facts;
mod posting_list;
mod renamed;
mod search;
#[cfg(test)]
mod tests;
mod trigrams;

pub(crate) use self::name_batch::NameBatch;
use self::name_facts::NameFacts;
use self::renamed::RenamedNames;
use self::search::{Pattern, SearchPlan, Thresholds};
use self::trigrams::Trigrams;
use super::row_set::RowSet;
use super::rows::{PAGE_ROWS, Rows};
use super::slot::Slot;
use crate::query::{NameMatch, NameMatchMode, NameMatcher, NameStrategy};

/// Where the names are.
pub(super) trait Names {
    /// The name of a row; `None` for a row that was removed.
    fn name(&self, slot: Slot) -> Option<&str>;

    /// The names of at most [`PAGE_ROWS`] rows.
    fn names<'a>(&'a self, slots: &'a [Slot]) -> impl Iterator<Item = (Slot, &'a str)> {
        let named = |&slot| Some((slot, self.name(slot)?));
        slots.iter().filter_map(named)
    }
}

impl Names for Rows {
    fn name(&self, slot: Slot) -> Option<&str> {
        Some(self.view(slot)?.task().task_name())
    }

    fn names<'a>(&'a self, slots: &'a [Slot]) -> impl Iterator<Item = (Slot, &'a str)> {
        self.page(slots)
            .map(|(slot, row)| (slot, row.task().task_name()))
    }
}

/// Nanoseconds of one comparison of a name, about.
const COMPARISON_COST: u64 = 80;
/// Bytes of names that are recorded in one step.
const RECORDED_BYTES: usize = 1_024;

/// The names of a project's rows in posting lists, so that needles are found without a look at
/// each name.
///
/// Rows before `recorded_end` are recorded, those from there to `begun_end` maybe in part. From
/// `recorded_end` on, names are compared one by one. What is recorded of a removed row stays until
/// rows are renumbered: no answer shows it, because no answer list holds the row.
///
/// Recording a name is O(its length). How needles are found: [`Trigrams`].
#[derive(Debug, Default)]
pub(crate) struct NameIndex {
    /// By row, as the names were when they were recorded.
    original: Trigrams<Slot>,
    renamed: RenamedNames,
    recorded_end: Slot,
    begun_end: Slot,
    facts: NameFacts,
}

impl NameIndex {
    /// Records a step's worth of names of the rows before `end`, in their order. One row's name is
    /// always recorded.
    pub(super) fn record(&mut self, end: Slot, names: &impl Names) {
        let mut bytes = 0;
        while self.recorded_end < end && bytes < RECORDED_BYTES {
            if let Some(name) = names.name(self.recorded_end) {
                self.facts.fill(name);
                self.original.insert(self.recorded_end, &self.facts);
                bytes += name.len();
            }
            self.recorded_end = self.recorded_end.next();
        }
        self.begun_end = self.begun_end.max(self.recorded_end);
    }

    /// Fills a batch with names of the rows before `end` that are not yet recorded, and returns
    /// whether there are any. O(length of the names). Many names take more than one batch.
    pub(super) fn fill(&self, batch: &mut NameBatch, end: Slot, names: &impl Names) -> bool {
        let mut facts = NameFacts::default();
        batch.begin(self.recorded_end);
        while batch.rows.end < end && !batch.is_full() {
            let slot = batch.rows.end;
            if let Some(name) = names.name(slot) {
                facts.fill(name);
                batch.add(slot, &facts);
            }
            batch.rows.end = batch.rows.end.next();
        }
        batch.sort();
        !batch.rows.is_empty()
    }

    /// Records some more of a batch, and returns whether there is more to record. The names must
    /// be those that the batch was filled with.
    pub(super) fn record_step(&mut self, batch: &mut NameBatch) -> bool {
        self.begun_end = self.begun_end.max(batch.rows.end);
        let is_left = self.original.insert_step(batch);
        if !is_left {
            self.recorded_end = batch.rows.end;
        }
        is_left
    }

    /// Records all names of the rows before `end` that are not yet recorded.
    pub(super) fn record_all(&mut self, end: Slot, names: &impl Names) {
        let mut batch = NameBatch::default();
        while self.fill(&mut batch, end, names) {
            while self.record_step(&mut batch) {}
        }
    }

    /// Records another name of a row. O(its length), amortised.
    pub(super) fn rename(&mut self, slot: Slot, name: &str) {
        if slot < self.begun_end {
            self.facts.fill(name);
            self.renamed.insert(slot, &self.facts);
        }
    }

    /// Whether so many names were replaced that all should be recorded again: more than half as
    /// many as the project has `rows`, and than `renamed_min`.
    pub(super) fn is_outdated(&self, rows: u32, renamed_min: u32) -> bool {
        self.renamed.len() > renamed_min.max(rows / 2) as usize
    }

    /// Takes out the last row, whose number will be used again. It was not renamed. O(length of
    /// the name).
    pub(super) fn pop(&mut self, slot: Slot, names: &impl Names) {
        debug_assert!(!self.renamed.is_renamed(slot), "row {slot} was renamed");
        if slot >= self.begun_end {
            return;
        }
        self.begun_end = slot;
        self.recorded_end = self.recorded_end.min(slot);
        if let Some(name) = names.name(slot) {
            self.facts.fill(name);
            self.original.remove(slot, &self.facts);
        }
    }

    /// The rows of `within`, before `end`, whose name matches, and how they were found.
    pub(super) fn find(
        &self,
        wanted: &NameMatch,
        within: &RowSet,
        end: Slot,
        names: &impl Names,
    ) -> (RowSet, NameStrategy) {
        if wanted.text().is_empty() {
            // Every name has it in it, and no name is it.
            let mut rows = RowSet::default();
            if wanted.mode() != NameMatchMode::Exactly {
                rows = within.clone();
                rows.truncate(end);
            }
            return (rows, NameStrategy::Known);
        }
        let pattern = Pattern::of(wanted);
        let plan = self.original.plan(&pattern);
        if u64::from(within.len()) * COMPARISON_COST < plan.cost() as u64 {
            let rows = compare_each(wanted, &within.rows(Slot::FIRST..end), names);
            (rows, NameStrategy::EachName)
        } else {
            self.find_by_plan(&plan, Thresholds::USUAL, wanted, within, end, names)
        }
    }

    fn find_by_plan(
        &self,
        plan: &SearchPlan<'_, Slot>,
        thresholds: Thresholds,
        wanted: &NameMatch,
        within: &RowSet,
        end: Slot,
        names: &impl Names,
    ) -> (RowSet, NameStrategy) {
        let mut found = self.original.search(plan, within, thresholds);
        self.renamed
            .correct(&mut found, plan.pattern(), within, thresholds);
        // Where a later name branches may not be recorded yet.
        let recorded_end = self.recorded_end.min(end);
        let mut unsure = found.unsure.rows(Slot::FIRST..recorded_end);
        unsure.extend(within.rows(recorded_end..end));
        let mut rows = found.sure;
        rows.truncate(recorded_end);
        rows.add_all(&compare_each(wanted, &unsure, names));
        let strategy = NameStrategy::Trigrams {
            postings: found.lists as u64,
            compared: unsure.len() as u64,
        };
        (rows, strategy)
    }

    /// Bytes of heap memory. O(blocks of all posting lists).
    pub(super) fn heap_bytes(&self) -> usize {
        self.original.heap_bytes() + self.renamed.heap_bytes() + self.facts.heap_bytes()
    }

    /// Checks what is recorded against the names.
    pub(super) fn validate(&self, end: Slot, names: &impl Names) -> Result<(), String> {
        if self.recorded_end > self.begun_end || self.begun_end > end {
            return Err(format!("names are recorded up to {}", self.begun_end));
        }
        let mut facts = 0;
        let slots = Slot::range(Slot::FIRST..self.recorded_end);
        for slot in slots.filter(|&slot| !self.renamed.is_renamed(slot)) {
            if let Some(name) = names.name(slot) {
                facts += self.original.count_facts(slot, name)?;
            }
        }
        let is_live = |slot| names.name(slot).is_some() && !self.renamed.is_renamed(slot);
        let recorded = self.original.count_recorded(is_live);
        if recorded != facts {
            return Err(format!("{recorded} facts are recorded, not {facts}"));
        }
        self.renamed.validate(|slot| names.name(slot))
    }
}

/// Those of these rows, which ascend, whose name matches.
fn compare_each(wanted: &NameMatch, slots: &[Slot], names: &impl Names) -> RowSet {
    let mut rows = RowSet::default();
    if !slots.is_empty() {
        let mut matcher = NameMatcher::new(wanted);
        for part in slots.chunks(PAGE_ROWS) {
            let wanted = names.names(part).filter(|(_, name)| matcher.matches(name));
            rows.extend(wanted.map(|(slot, _)| slot));
        }
    }
    rows
}
