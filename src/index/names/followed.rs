//! The rows of a rare gram, followed from gram to gram.

use super::grams::Class;
use super::posting::Posting;
use crate::index::row_set::{RowSet, SEARCHED_FROM, Words, has_bit, no_words, split};

/// Among so few rows, each is searched for as well.
const SEARCHED_MAX: usize = 128;

/// Rows that may have a needle, ascending.
///
/// What is asked of a gram is asked for all rows before the next gram is: where they stand in its
/// postings is read first, in loops so short that the processor waits for many of them at once.
pub(super) struct Followed {
    rows: Vec<u32>,
    /// Made when it is first needed; no bit is set between two calls.
    words: Option<Box<Words>>,
}

impl Followed {
    pub(super) fn of(class: &Class<'_>) -> Self {
        class.postings().for_each(Posting::touch);
        let mut rows = Vec::with_capacity(class.len());
        for posting in class.postings() {
            posting.each(|row| rows.push(row));
        }
        if class.posting_count() > 1 {
            rows.sort_unstable();
            rows.dedup();
        }
        Self { rows, words: None }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows as a set.
    pub(super) fn into_set(self) -> RowSet {
        self.rows.into_iter().collect()
    }

    /// Keeps the rows of a set.
    pub(super) fn keep_within(&mut self, set: &RowSet) {
        self.rows.retain(|&row| set.contains(row));
    }

    /// Keeps the rows that are in any of a gram's postings.
    pub(super) fn keep(&mut self, class: &Class<'_>) {
        if class.len() <= SEARCHED_MAX || self.rows.len() * SEARCHED_FROM < class.len() {
            self.search_for_each(class);
        } else {
            self.intersect(class);
        }
    }

    fn search_for_each(&mut self, class: &Class<'_>) {
        for posting in class.postings() {
            self.rows.iter().for_each(|&row| posting.touch_near(row));
        }
        let is_in = |&row: &u32| class.postings().any(|posting| posting.contains(row));
        self.rows.retain(is_in);
    }

    fn intersect(&mut self, class: &Class<'_>) {
        class.postings().for_each(Posting::touch);
        let words = self.words.get_or_insert_with(no_words);
        let mut kept = Vec::with_capacity(self.rows.len());
        for rows in self.rows.chunk_by(|&a, &b| split(a).0 == split(b).0) {
            let Some(&first) = rows.first() else {
                continue;
            };
            let parts = || class.postings().map(|posting| posting.part(split(first).0));
            parts().for_each(|part| part.add_to(words));
            let is_in = |&&row: &&u32| has_bit(words, split(row).1);
            kept.extend(rows.iter().filter(is_in));
            parts().for_each(|part| part.take_from(words));
        }
        self.rows = kept;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    type Rows = BTreeSet<u32>;

    /// Rows of two blocks and some far away, of a density for each form of a posting.
    fn rows(step: usize) -> Rows {
        (70_000..200_000).step_by(step).chain([900_000]).collect()
    }

    fn posting(rows: &Rows) -> Posting {
        let mut posting = Posting::default();
        for &row in rows {
            posting.insert(row);
        }
        posting
    }

    fn class<'a>(postings: &[&'a Posting]) -> Class<'a> {
        let mut class = Class::default();
        for posting in postings {
            class.add(posting);
        }
        class
    }

    #[test]
    fn rows_are_followed_through_postings_of_every_form() {
        let steps = [200_000, 20_001, 2_000, 1_501, 90, 7, 1];
        for a in steps.map(rows) {
            for b in steps.map(rows) {
                let (first, second) = (posting(&a), posting(&b));
                let mut followed = Followed::of(&class(&[&first]));
                assert!(followed.rows.iter().eq(&a));

                // Twice, so that what one call leaves behind would show in the next.
                followed.keep(&class(&[&second]));
                followed.keep(&class(&[&second]));
                assert!(followed.rows.iter().eq(&(&a & &b)));

                let mut either = Followed::of(&class(&[&first, &second]));
                assert!(either.rows.iter().eq(&(&a | &b)));
                either.keep(&class(&[&second, &first]));
                assert!(either.rows.iter().eq(&(&a | &b)));
                either.keep(&class(&[&second]));
                assert_eq!(either.len(), b.len());
                assert!(either.into_set().rows(0..u32::MAX).iter().eq(&b));
            }
        }
    }
}
