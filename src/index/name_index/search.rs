//! Finds the rows of a needle in posting lists.

use std::borrow::Cow;

use super::name_facts::{END, Form, START};
use super::trigrams::{Alternatives, Trigrams};
use crate::index::row_set::{Block, RowSet, SEARCHED_MAX};
use crate::index::slot::RowNumber;
use crate::query::{NameMatch, NameMatchMode};

/// Trigrams that are asked of few rows: after so many, hardly a row is left that has not the
/// needle.
const SELECTIVE_MAX: usize = 8;

/// Bytes of a trigram.
const TRIGRAM: usize = 3;

/// Sizes at which a search changes its method. They change no answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thresholds {
    /// The most rows for each block of a rare trigram, after which only selective ones are asked.
    pub(super) rare_max: usize,
    /// Of so few rows left, the names are compared rather than more trigrams asked.
    pub(super) compared_max: u32,
}

impl Thresholds {
    pub(super) const USUAL: Self = Self {
        rare_max: 128,
        compared_max: 8,
    };
}

/// What to search for.
#[derive(Debug, Clone)]
pub(super) struct Pattern<'a> {
    /// The bytes that a name has, between its bounds, if it matches. At least one.
    bytes: Cow<'a, [u8]>,
    /// Whether lower-case ASCII letters stand for upper-case ones as well.
    any_case: bool,
}

impl<'a> Pattern<'a> {
    pub(super) fn of(wanted: &'a NameMatch) -> Self {
        let needle = wanted.text().as_bytes();
        let bytes = match wanted.mode() {
            NameMatchMode::Exactly => Cow::Owned([&[START], needle, &[END]].concat()),
            NameMatchMode::Contains | NameMatchMode::ContainsIgnoringCase => Cow::Borrowed(needle),
        };
        Self {
            bytes,
            any_case: wanted.mode() == NameMatchMode::ContainsIgnoringCase,
        }
    }
}

/// The rows that a search found.
#[derive(Debug, Default)]
pub(super) struct Found<N> {
    /// Rows whose name has the needle.
    pub(super) sure: RowSet<N>,
    /// Rows whose name has to be compared.
    pub(super) unsure: RowSet<N>,
    /// How many posting lists were read.
    pub(super) lists: usize,
}

impl<N: RowNumber> Found<N> {
    pub(super) fn add(&mut self, others: &Self) {
        self.sure.add_all(&others.sure);
        self.unsure.add_all(&others.unsure);
        self.lists += others.lists;
    }

    pub(super) fn remove_all(&mut self, rows: &RowSet<N>) {
        self.sure.remove_all(rows);
        self.unsure.remove_all(rows);
    }
}

/// A search that is ready to run: the posting lists that it will read.
#[derive(Debug)]
pub(super) struct SearchPlan<'a, N> {
    pattern: &'a Pattern<'a>,
    /// For each of the needle's trigrams, or for all of a needle that is shorter: a row with the
    /// needle is in all of these. The rarest is first. Empty where no name has the needle.
    trigrams: Vec<Alternatives<'a, N>>,
    /// How many of these to ask of few rows.
    selective: usize,
    /// Rows that have all trigrams, and need not have the needle.
    branches: Alternatives<'a, N>,
}

impl<N: RowNumber> Trigrams<N> {
    /// A search for a pattern, ready to run.
    pub(super) fn plan<'a>(&'a self, pattern: &'a Pattern<'a>) -> SearchPlan<'a, N> {
        SearchPlan::new(self, Form::AsIs, pattern)
    }

    /// The numbers of `within` whose name has the pattern of a [plan](Self::plan).
    pub(super) fn search(
        &self,
        plan: &SearchPlan<'_, N>,
        within: &RowSet<N>,
        thresholds: Thresholds,
    ) -> Found<N> {
        let mut found = plan.run(within, thresholds);
        if plan.pattern.any_case && !self.folded.is_empty() {
            let folded = SearchPlan::new(self, Form::Folded, plan.pattern);
            found.remove_all(&self.folded);
            found.add(&folded.run(within, thresholds));
        }
        found
    }
}

impl<'a, N: RowNumber> SearchPlan<'a, N> {
    /// Looks the needle's trigrams up. O(length of the needle).
    fn new(recorded: &'a Trigrams<N>, form: Form, pattern: &'a Pattern<'a>) -> Self {
        let mut plan = Self {
            pattern,
            trigrams: Vec::new(),
            selective: 1,
            branches: Alternatives::default(),
        };
        if pattern.bytes.len() > TRIGRAM {
            plan.look_up_trigrams(recorded, form);
        } else {
            let rows = recorded.text(form, &pattern.bytes, pattern.any_case);
            plan.trigrams.push(rows);
        }
        if plan.trigrams.iter().any(|lists| lists.len() == 0) {
            plan.trigrams.clear();
        }
        plan
    }

    fn look_up_trigrams(&mut self, recorded: &'a Trigrams<N>, form: Form) {
        let bytes = &*self.pattern.bytes;
        let mut windows: Vec<(&[u8; TRIGRAM], usize)> = bytes.array_windows().zip(0..).collect();
        windows.sort_unstable();
        windows.dedup_by_key(|(window, _)| *window);
        let mut lists = Vec::with_capacity(windows.len());
        for (window, start) in windows {
            let found = recorded.text(form, window, self.pattern.any_case);
            let is_in_no_name = found.len() == 0;
            lists.push((found, start));
            if is_in_no_name {
                break;
            }
        }
        lists.sort_by_key(|(lists, _)| lists.len());
        self.selective = put_selective_first(&mut lists, bytes.len());
        self.trigrams
            .extend(lists.into_iter().map(|(lists, _)| lists));
        // Between the first trigram and the last byte, each pair decides what follows it.
        let inner = bytes.get(1..bytes.len() - 1).unwrap_or_default();
        let pairs = inner.array_windows::<2>();
        let mut pairs: Vec<_> = pairs
            .map(|&[a, b]| [a, b].map(|it| it.to_ascii_lowercase()))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        self.branches = recorded.branches(form, pairs.into_iter());
    }

    pub(super) fn pattern(&self) -> &'a Pattern<'a> {
        self.pattern
    }

    /// About how many nanoseconds the search will take, comparisons of names aside.
    pub(super) fn cost(&self) -> usize {
        const LIST_BLOCK: usize = 300;
        let Some(rarest) = self.trigrams.first() else {
            return 0;
        };
        let all = rarest.block_count() * self.list_count() * LIST_BLOCK;
        all.min(5 * rarest.len() + 200)
    }

    fn list_count(&self) -> usize {
        let lists = self.trigrams.iter().chain([&self.branches]);
        lists.map(|lists| lists.0.len()).sum()
    }

    /// Finds the rows of `within`.
    pub(super) fn run(&self, within: &RowSet<N>, thresholds: Thresholds) -> Found<N> {
        let mut found = Found::default();
        let Some((rarest, others)) = self.trigrams.split_first() else {
            return found;
        };
        let is_rare = rarest.len() <= thresholds.rare_max * rarest.block_count();
        rarest.0.iter().for_each(|list| list.prefetch());
        found.lists = rarest.0.len();
        let mut rows = RowSet::default();
        for number in 0..rarest.block_count() {
            rows.set_block(number, rarest.block(number).into_owned());
        }
        if !is_rare {
            // The other filters come first, so that few names are compared.
            rows.keep_all(within);
        }
        let asked = if is_rare {
            self.selective - 1
        } else {
            others.len()
        };
        let mut left = others.iter();
        for other in left.by_ref().take(asked) {
            if rows.len() <= thresholds.compared_max {
                break;
            }
            if is_rare {
                other.prefetch(&rows);
            }
            rows.keep_blocks(|number| other.block(number));
            found.lists += other.0.len();
        }
        if is_rare {
            rows.keep_all(within);
        }
        let is_asked = left.len() == 0 && rows.len() > thresholds.compared_max;
        if self.pattern.bytes.len() <= TRIGRAM {
            found.sure = rows;
        } else if is_asked {
            found.unsure = rows.split_off(|number| self.branches.blocks(number));
            found.sure = rows;
            found.lists += self.branches.0.len();
        } else {
            found.unsure = rows;
        }
        found
    }
}

/// Moves forward, behind the two rarest, the trigrams that have most bytes which none before them
/// has, and returns how many trigrams have any: where `471` and `711` are, `-47` drops hardly a
/// row, and `ber` most of them.
///
/// Each is given with its place in a needle of `length` bytes, the rarest first.
fn put_selective_first<N>(trigrams: &mut [(Alternatives<'_, N>, usize)], length: usize) -> usize {
    let mut covered = vec![false; length];
    let mut selective = 0;
    for uncovered_min in (1..=TRIGRAM).rev() {
        let others = selective..trigrams.len();
        for position in others {
            let Some(&(_, start)) = trigrams.get(position) else {
                break;
            };
            let bytes = covered.get_mut(start..start + TRIGRAM).unwrap_or_default();
            let uncovered = bytes.iter().filter(|covered| !**covered).count();
            if selective < 2 || uncovered >= uncovered_min {
                bytes.fill(true);
                if let Some(before) = trigrams.get_mut(selective..=position) {
                    before.rotate_right(1);
                }
                selective += 1;
            }
        }
    }
    selective.min(SELECTIVE_MAX)
}

impl<'a, N: RowNumber> Alternatives<'a, N> {
    /// The rows of one block that are in any of the lists.
    fn block(&self, number: usize) -> Cow<'a, Block> {
        if self.0.len() < 2 {
            return self.blocks(number).next().unwrap_or_default();
        }
        Cow::Owned(Block::union(self.blocks(number)))
    }

    /// The rows of one block in each of the lists.
    fn blocks(&self, number: usize) -> impl Iterator<Item = Cow<'a, Block>> {
        self.0.iter().map(move |list| list.block(number))
    }

    /// Prefetches what tells which of some rows are in any of the lists.
    fn prefetch(&self, rows: &RowSet<N>) {
        for list in &self.0 {
            if rows.len() as usize * SEARCHED_MAX < list.len() {
                rows.each(|row| list.prefetch_near(row));
            } else {
                list.prefetch();
            }
        }
    }
}
