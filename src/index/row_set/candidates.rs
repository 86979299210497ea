//! The rows of one block while sets are searched, added up, or taken from each other.

use super::block::{
    Block, Part, SEARCHED_FROM, Words, clear_bit, clear_bits, each_bit, has_bit, no_words, set_bit,
};

/// Fewer rows than this are kept as a list while a block is searched.
const LIST_MAX: usize = 1_024;

/// A set of rows of one block.
#[derive(Debug, Clone)]
pub(in crate::index) enum Candidates {
    /// Ascending.
    List(Vec<u16>),
    Bits(Box<Words>),
}

impl Candidates {
    pub(in crate::index) fn none() -> Self {
        Self::List(Vec::new())
    }

    /// The rows of any of `parts`.
    pub(in crate::index) fn of(parts: &[Part<'_>]) -> Self {
        match parts {
            [] => Self::none(),
            [Part::Bits(words, _)] => Self::Bits(Box::new(**words)),
            [Part::Narrow(rows)] => Self::List(rows.to_vec()),
            [part] => {
                let mut rows = Vec::with_capacity(part.len());
                part.each(|low| rows.push(low));
                Self::List(rows)
            }
            parts => {
                let sum = Self::Bits(sum(parts));
                if parts.iter().map(|part| part.len()).sum::<usize>() <= LIST_MAX {
                    sum.compact()
                } else {
                    sum
                }
            }
        }
    }

    pub(in crate::index) fn is_empty(&self) -> bool {
        match self {
            Self::List(rows) => rows.is_empty(),
            Self::Bits(words) => words.iter().all(|&word| word == 0),
        }
    }

    /// How many rows there are; for a list alone O(1).
    pub(in crate::index) fn len(&self) -> usize {
        match self {
            Self::List(rows) => rows.len(),
            Self::Bits(words) => words.iter().map(|word| word.count_ones() as usize).sum(),
        }
    }

    /// Whether there are at most `count` rows, as far as is known without counting.
    pub(in crate::index) fn are_few(&self, count: usize) -> bool {
        matches!(self, Self::List(rows) if rows.len() <= count)
    }

    /// The same rows as a list, where they are few enough.
    pub(in crate::index) fn compact(self) -> Self {
        match self {
            Self::Bits(words) => {
                let bits = Self::Bits(words);
                let count = bits.len();
                if count > LIST_MAX {
                    return bits;
                }
                let mut rows = Vec::with_capacity(count);
                bits.each(|low| rows.push(low));
                Self::List(rows)
            }
            list @ Self::List(_) => list,
        }
    }

    /// Keeps the rows that are in any of `parts`.
    pub(in crate::index) fn keep(&mut self, parts: &[Part<'_>]) {
        match (&mut *self, parts) {
            (_, []) => *self = Self::none(),
            (_, [part]) if part.is_empty() => *self = Self::none(),
            (Self::List(rows), [Part::Bits(words, _)]) => rows.retain(|&low| has_bit(words, low)),
            // Searching for a few costs less than looking at all.
            (Self::List(rows), parts)
                if rows.len() * SEARCHED_FROM < parts.iter().map(|part| part.len()).sum() =>
            {
                rows.retain(|&low| parts.iter().any(|part| part.contains(low)));
            }
            (Self::List(rows), parts) => {
                let words = sum(parts);
                rows.retain(|&low| has_bit(&words, low));
            }
            (Self::Bits(words), [Part::Bits(others, _)]) => and(words, others),
            (Self::Bits(words), [part]) => {
                let mut rows = Vec::with_capacity(part.len());
                part.each(|low| {
                    if has_bit(words, low) {
                        rows.push(low);
                    }
                });
                *self = Self::List(rows);
            }
            (Self::Bits(words), parts) => and(words, &sum(parts)),
        }
    }

    /// Takes out the rows of `others`.
    pub(in crate::index) fn drop_all(&mut self, others: &Self) {
        match (self, others) {
            (Self::List(rows), others) => rows.retain(|&low| !others.contains(low)),
            (Self::Bits(words), Self::Bits(others)) => clear_bits(words, others),
            (Self::Bits(words), Self::List(others)) => {
                for &low in others {
                    clear_bit(words, low);
                }
            }
        }
    }

    /// Those of the rows that are in `part`.
    pub(in crate::index) fn common(&self, part: Part<'_>) -> Self {
        match self {
            // A copy of the smaller side is all that is needed.
            Self::Bits(words) if !matches!(part, Part::Bits(..)) => {
                let mut rows = Vec::new();
                part.each(|low| {
                    if has_bit(words, low) {
                        rows.push(low);
                    }
                });
                Self::List(rows)
            }
            _ if part.is_empty() => Self::none(),
            _ => {
                let mut common = self.clone();
                common.keep(&[part]);
                common
            }
        }
    }

    /// Adds the rows of `others`.
    pub(in crate::index) fn add_all(&mut self, others: &Self) {
        if self.is_empty() {
            *self = others.clone();
            return;
        }
        let mut words = no_words();
        self.each(|low| set_bit(&mut words, low));
        others.each(|low| set_bit(&mut words, low));
        *self = Self::Bits(words).compact();
    }

    fn contains(&self, low: u16) -> bool {
        match self {
            Self::List(rows) => rows.binary_search(&low).is_ok(),
            Self::Bits(words) => has_bit(words, low),
        }
    }

    fn each(&self, mut see: impl FnMut(u16)) {
        match self {
            Self::List(rows) => rows.iter().for_each(|&low| see(low)),
            Self::Bits(words) => each_bit(words, see),
        }
    }
}

impl From<Candidates> for Block {
    fn from(candidates: Candidates) -> Self {
        match candidates {
            Candidates::List(rows) => Self::from(rows),
            Candidates::Bits(words) => Self::from(words),
        }
    }
}

fn sum(parts: &[Part<'_>]) -> Box<Words> {
    let mut words = no_words();
    for part in parts {
        part.add_to(&mut words);
    }
    words
}

fn and(words: &mut Words, others: &Words) {
    for (word, other) in words.iter_mut().zip(others) {
        *word &= other;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    type Rows = BTreeSet<u16>;

    fn rows(step: usize) -> Rows {
        (3..=u16::MAX).step_by(step).collect()
    }

    /// The rows as a part of a list of all blocks, where they are few, of a block's list, or of bits.
    fn with_part(rows: &Rows, see: impl FnOnce(Part<'_>)) {
        if rows.len() < 12 {
            let wide: Vec<u32> = rows.iter().map(|&low| 0x1_0000 | u32::from(low)).collect();
            see(Part::Wide(&wide));
        } else {
            see(Block::from(rows.iter().copied().collect::<Vec<_>>()).part());
        }
    }

    fn seen(candidates: &Candidates) -> Rows {
        let mut rows = Rows::new();
        candidates.each(|low| assert!(rows.insert(low)));
        assert_eq!(candidates.len(), rows.len());
        assert_eq!(candidates.is_empty(), rows.is_empty());
        let block = Block::from(candidates.clone());
        block.validate().unwrap();
        let mut kept = Rows::new();
        block.part().each(|low| assert!(kept.insert(low)));
        assert_eq!(kept, rows);
        rows
    }

    #[test]
    fn every_pair_of_forms_agrees_with_plain_sets() {
        let steps = [70_000, 9_000, 90, 60, 5, 1];
        for a in steps.map(rows) {
            for b in steps.map(rows) {
                with_part(&a, |first| {
                    with_part(&b, |second| agree((&a, first), (&b, second)));
                });
            }
        }
    }

    fn agree((a, first): (&Rows, Part<'_>), (b, second): (&Rows, Part<'_>)) {
        let others = Candidates::of(&[second]);
        let mut candidates = Candidates::of(&[first]);
        assert_eq!(seen(&candidates), *a);

        assert_eq!(first.common_count(second) as usize, (a & b).len());
        assert_eq!(seen(&candidates.common(second)), a & b);
        assert_eq!(seen(&Candidates::of(&[first, second])), a | b);
        let mut sum = candidates.clone();
        sum.add_all(&others);
        assert_eq!(seen(&sum), a | b);
        let mut rest = candidates.clone();
        rest.drop_all(&others);
        assert_eq!(seen(&rest), a - b);

        let mut kept = candidates.clone();
        kept.keep(&[first, second]);
        assert_eq!(seen(&kept), *a);
        candidates.keep(&[second]);
        assert_eq!(seen(&candidates.clone().compact()), a & b);
        assert_eq!(seen(&candidates), a & b);
        candidates.keep(&[Part::Narrow(&[])]);
        assert_eq!(seen(&candidates), Rows::new());
        candidates.keep(&[]);
        assert_eq!(seen(&candidates), Rows::new());
    }
}
