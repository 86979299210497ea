//! Which tasks have a name that matches.

mod batch;
mod chain;
mod followed;
mod grams;
mod layer;
mod posting;
mod renamed;
mod search;
#[cfg(test)]
mod tests;
mod text;

use std::borrow::Cow;

pub(crate) use self::batch::Batch;
use self::layer::{Layer, folded_beyond_ascii};
use self::renamed::Renamed;
use self::search::{Patience, Pattern, Plan};
use self::text::{END, START, Text};
use super::row_set::RowSet;
use super::rows::{PAGE_ROWS, Rows, Slot};
use crate::query::{NameMatch, NameMatchMode, NameMatcher, NameStrategy};

/// Where the names are.
pub(super) trait Names {
    /// The name of a row; none of a row that was removed.
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

/// About how many nanoseconds it takes to look at a name.
const LOOK_COST: u64 = 80;
/// So many bytes of names are recorded at once.
const RECORDED_BYTES: usize = 1_024;

/// The names of a project's rows, made ready to be searched.
///
/// Rows before `recorded_end` are recorded, those from there to `begun_end` maybe in part, and
/// from `recorded_end` on names are looked at one by one. What is recorded of a row that was
/// removed stays until the rows are numbered anew: an answer never holds it, because its answer
/// list does not.
///
/// Recording a name is O(its length), and finding one is no search of the
/// names: see [`Grams`](grams::Grams).
#[derive(Debug, Default)]
pub(crate) struct NameIndex {
    first: Layer,
    renamed: Renamed,
    recorded_end: Slot,
    begun_end: Slot,
}

/// Rows whose name matches, and how they were found.
#[derive(Debug)]
pub(super) struct Matching {
    pub(super) rows: RowSet,
    pub(super) effort: Effort,
}

/// What was done to find an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effort {
    pub(super) way: Way,
    /// How many postings were read.
    pub(super) postings: usize,
    /// How many names were looked at.
    pub(super) looked_at: u64,
}

/// A way to search names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Every name matches, or none can.
    Known,
    EachName,
    Grams,
}

impl NameIndex {
    /// Records some more names of the rows before `end`, in their order: all of one new
    /// row, where all before it are recorded.
    pub(super) fn record(&mut self, end: Slot, names: &impl Names) {
        let mut bytes = 0;
        while self.recorded_end < end && bytes < RECORDED_BYTES {
            if let Some(name) = names.name(self.recorded_end) {
                self.first.insert(self.recorded_end, name);
                bytes += name.len();
            }
            self.recorded_end += 1;
        }
        self.begun_end = self.begun_end.max(self.recorded_end);
    }

    /// Fills a batch with the facts of names that are still to be recorded, up to those of the rows
    /// before `end`, and returns whether there are any. O(length of the names), which are not all
    /// if they are too many.
    pub(super) fn fill(&self, batch: &mut Batch, end: Slot, names: &impl Names) -> bool {
        let mut text = Text::default();
        batch.begin(self.recorded_end);
        while batch.rows.end < end && !batch.is_full() {
            let slot = batch.rows.end;
            if let Some(name) = names.name(slot) {
                text.fill(name);
                batch.exact.add(slot, &text);
                if let Some(folded) = folded_beyond_ascii(name) {
                    text.fill(&folded);
                    batch.folded.add(slot, &text);
                    batch.folded_rows.push(slot);
                }
            }
            batch.rows.end += 1;
        }
        batch.exact.sort();
        batch.folded.sort();
        !batch.rows.is_empty()
    }

    /// Records some more of a batch, which must be of the names as they are, and returns whether
    /// there is more to record.
    pub(super) fn record_step(&mut self, batch: &mut Batch) -> bool {
        self.begun_end = self.begun_end.max(batch.rows.end);
        let is_left = self.first.insert_step(batch);
        if !is_left {
            self.recorded_end = batch.rows.end;
        }
        is_left
    }

    /// Records all names of the rows before `end` that are not yet.
    pub(super) fn record_all(&mut self, end: Slot, names: &impl Names) {
        let mut batch = Batch::default();
        while self.fill(&mut batch, end, names) {
            while self.record_step(&mut batch) {}
        }
    }

    /// Records another name of a row. O(its length), amortised.
    pub(super) fn rename(&mut self, slot: Slot, name: &str) {
        if slot < self.begun_end {
            self.renamed.insert(slot, name);
        }
    }

    /// Whether so much is recorded of former names of a project of so many rows that all names
    /// should be recorded anew; `renamed_min` renamings are no reason.
    pub(super) fn is_outdated(&self, rows: u32, renamed_min: u32) -> bool {
        self.renamed.len() > renamed_min.max(rows / 2) as usize
    }

    /// Forgets the last row, whose number will be used again, and which was
    /// not renamed. O(length of the name).
    pub(super) fn pop(&mut self, slot: Slot, names: &impl Names) {
        debug_assert!(!self.renamed.is_renamed(slot), "row {slot} was renamed");
        if slot >= self.begun_end {
            return;
        }
        self.begun_end = slot;
        self.recorded_end = self.recorded_end.min(slot);
        if let Some(name) = names.name(slot) {
            self.first.remove(slot, name);
        }
    }

    /// The rows of `within`, before `end`, whose name matches.
    pub(super) fn find(
        &self,
        wanted: &NameMatch,
        within: &RowSet,
        end: Slot,
        names: &impl Names,
    ) -> Matching {
        let bytes = match PatternBytes::of(wanted) {
            Ok(bytes) => bytes,
            Err(Every::Name) => return Matching::known(up_to(within.clone(), end)),
            Err(Every::NoName) => return Matching::known(RowSet::default()),
        };
        let plan = self.first.plan(bytes.pattern());
        if u64::from(within.len()) * LOOK_COST < plan.cost() as u64 {
            Self::look_at_each(wanted, &within.rows(0..end), names)
        } else {
            self.find_by_plan(&plan, Patience::USUAL, wanted, within, end, names)
        }
    }

    fn find_by_plan(
        &self,
        plan: &Plan<'_>,
        patience: Patience,
        wanted: &NameMatch,
        within: &RowSet,
        end: Slot,
        names: &impl Names,
    ) -> Matching {
        let mut found = self.first.search(plan, within, patience);
        self.renamed
            .correct(&mut found, plan.pattern(), within, patience);
        // Where a later name branches may not be recorded yet.
        let recorded_end = self.recorded_end.min(end);
        let mut unsure = found.unsure.rows(0..recorded_end);
        unsure.extend(within.rows(recorded_end..end));
        let mut matching = Self::look_at_each(wanted, &unsure, names);
        matching.rows.add_all(up_to(found.sure, recorded_end));
        matching.effort.way = Way::Grams;
        matching.effort.postings = found.postings;
        matching
    }

    /// Checks what is recorded against the names.
    pub(super) fn validate(&self, end: Slot, names: &impl Names) -> Result<(), String> {
        if self.recorded_end > self.begun_end || self.begun_end > end {
            return Err(format!("names are recorded up to {}", self.begun_end));
        }
        let mut facts = 0;
        for slot in (0..self.recorded_end).filter(|&slot| !self.renamed.is_renamed(slot)) {
            if let Some(name) = names.name(slot) {
                facts += self.first.count_facts(slot, name)?;
            }
        }
        let is_live = |slot| names.name(slot).is_some() && !self.renamed.is_renamed(slot);
        let recorded = self.first.count_recorded(is_live);
        if recorded != facts {
            return Err(format!("{recorded} facts are recorded, not {facts}"));
        }
        self.renamed.validate(|slot| names.name(slot))
    }

    /// `slots` ascend.
    fn look_at_each(wanted: &NameMatch, slots: &[Slot], names: &impl Names) -> Matching {
        let mut rows = RowSet::default();
        if !slots.is_empty() {
            let mut matcher = NameMatcher::new(wanted);
            for part in slots.chunks(PAGE_ROWS) {
                let wanted = names.names(part).filter(|(_, name)| matcher.matches(name));
                rows.extend(wanted.map(|(slot, _)| slot));
            }
        }
        let effort = Effort {
            way: Way::EachName,
            postings: 0,
            looked_at: slots.len() as u64,
        };
        Matching { rows, effort }
    }
}

impl From<Effort> for NameStrategy {
    fn from(effort: Effort) -> Self {
        match effort.way {
            Way::Known => Self::Known,
            Way::EachName => Self::EachName,
            Way::Grams => Self::Grams {
                postings: effort.postings as u64,
                compared: effort.looked_at,
            },
        }
    }
}

impl Matching {
    fn known(rows: RowSet) -> Self {
        Self {
            rows,
            effort: Effort {
                way: Way::Known,
                postings: 0,
                looked_at: 0,
            },
        }
    }
}

/// The bytes that a name has, between its bounds, if it matches.
#[derive(Debug)]
struct PatternBytes<'a> {
    bytes: Cow<'a, [u8]>,
    folded: bool,
}

/// A needle that needs no search.
#[derive(Debug)]
enum Every {
    Name,
    NoName,
}

impl<'a> PatternBytes<'a> {
    fn of(wanted: &'a NameMatch) -> Result<Self, Every> {
        let needle = wanted.text().as_bytes();
        let bytes = match wanted.mode() {
            NameMatchMode::Exactly if needle.is_empty() => return Err(Every::NoName),
            _ if needle.is_empty() => return Err(Every::Name),
            NameMatchMode::Exactly => Cow::Owned([&[START], needle, &[END]].concat()),
            NameMatchMode::Contains | NameMatchMode::ContainsIgnoringCase => Cow::Borrowed(needle),
        };
        Ok(Self {
            bytes,
            folded: wanted.mode() == NameMatchMode::ContainsIgnoringCase,
        })
    }

    fn pattern(&self) -> Pattern<'_> {
        Pattern {
            bytes: &self.bytes,
            folded: self.folded,
        }
    }
}

/// The rows before `end`. Staged ones, not yet visible, are behind it.
fn up_to(mut rows: RowSet, end: Slot) -> RowSet {
    rows.truncate(end);
    rows
}
