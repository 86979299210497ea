//! The grams of a needle of more than three bytes, in the order in which they are best asked.

use super::grams::{Class, Grams};

/// So many grams say nearly all that grams can say of a needle.
const TELLING_MAX: usize = 8;
/// Bytes of a gram.
const GRAM: usize = 3;

/// The grams of a needle, the rarest first.
#[derive(Debug)]
pub(super) struct Chain<'a> {
    rarest: Class<'a>,
    others: Vec<Class<'a>>,
    telling: usize,
}

impl<'a> Chain<'a> {
    /// Looks all grams of a needle up; none if one of them is in no name.
    pub(super) fn of(grams: &'a Grams, bytes: &[u8], folded: bool) -> Option<Self> {
        let windows = bytes.windows(GRAM).zip(0..);
        let mut windows: Vec<([u8; GRAM], usize)> = windows
            .filter_map(|(window, start)| Some((window.try_into().ok()?, start)))
            .collect();
        windows.sort_unstable();
        windows.dedup_by_key(|(window, _)| *window);
        let mut classes = Vec::with_capacity(windows.len());
        for ([first, second, next], start) in windows {
            let class = grams.follows(&[first, second], next, folded);
            if class.len() == 0 {
                return None;
            }
            classes.push((class, start));
        }
        classes.sort_unstable_by_key(|(class, _)| class.len());
        let telling = put_telling_first(&mut classes, bytes.len());
        let mut classes = classes.into_iter().map(|(class, _)| class);
        Some(Self {
            rarest: classes.next()?,
            others: classes.collect(),
            telling: telling.saturating_sub(1),
        })
    }

    pub(super) fn rarest(&self) -> &Class<'a> {
        &self.rarest
    }

    pub(super) fn others(&self) -> &[Class<'a>] {
        &self.others
    }

    /// The first of the others: where a row is in these, it is hardly ever not in the rest.
    pub(super) fn telling(&self) -> &[Class<'a>] {
        self.others.get(..self.telling).unwrap_or_default()
    }
}

/// Moves forward, behind the two rarest, the grams that tell of most bytes of which none before
/// them tells, and returns how many tell of any: where `471` and `711` are, `-47` drops hardly a
/// row, and `ber` most of them.
///
/// Each is given with its place in a needle of `length` bytes, the rarest first.
fn put_telling_first(grams: &mut [(Class<'_>, usize)], length: usize) -> usize {
    let mut told = vec![false; length];
    let mut telling = 0;
    while telling < TELLING_MAX
        && let Some(rest) = grams.get_mut(telling..)
    {
        let untold = |start: usize| {
            let told = told.get(start..start + GRAM).unwrap_or_default();
            told.iter().filter(|told| !**told).count()
        };
        let place = if telling < 2 {
            0
        } else {
            let counts = rest.iter().map(|&(_, start)| untold(start)).enumerate();
            match counts.rev().max_by_key(|&(_, untold)| untold) {
                Some((place, 1..)) => place,
                _ => break,
            }
        };
        let Some(until_it) = rest.get_mut(..=place) else {
            break;
        };
        until_it.rotate_right(1);
        if let Some(&(_, start)) = until_it.first()
            && let Some(told) = told.get_mut(start..start + GRAM)
        {
            told.fill(true);
        }
        telling += 1;
    }
    telling
}

#[cfg(test)]
mod tests {
    use super::super::text::Text;
    use super::*;

    fn grams(names: impl IntoIterator<Item = &'static str>) -> Grams {
        let mut grams = Grams::default();
        let mut text = Text::default();
        for (row, name) in (0..).zip(names) {
            text.fill(name);
            grams.insert(row, &text);
        }
        grams
    }

    #[test]
    fn a_gram_that_tells_more_goes_before_a_rarer_one() {
        // Of the grams of `ber-47`: `-47` is in one name, `r-4` in two, `er-` in three, `ber` in four.
        let grams = grams(["ber-47", "ber-4", "ber-", "ber"]);
        let chain = Chain::of(&grams, b"ber-47", false).unwrap();
        assert_eq!(chain.rarest().len(), 1);
        // After the two rarest, `b` and `e` are untold of: `ber` tells of both, and `er-` of one.
        let lengths: Vec<usize> = chain.others().iter().map(Class::len).collect();
        assert_eq!(lengths, [2, 4, 3]);
        let telling: Vec<usize> = chain.telling().iter().map(Class::len).collect();
        assert_eq!(telling, [2, 4]);
    }

    #[test]
    fn only_so_many_grams_are_telling() {
        let grams = grams(["abcdefghijklmnopqrstuvwxyz0123456789"]);
        let chain = Chain::of(&grams, b"abcdefghijklmnopqrstuvwxyz0123456789", false).unwrap();
        assert_eq!(chain.others().len(), 33);
        assert_eq!(chain.telling().len(), TELLING_MAX - 1);
    }

    #[test]
    fn a_gram_in_no_name_leaves_nothing_to_ask() {
        let grams = grams(["restart"]);
        assert!(Chain::of(&grams, b"restart!", false).is_none());
        assert!(Chain::of(&grams, b"RESTART", true).is_none());
        assert!(Chain::of(&grams, b"restart", true).is_some());
    }
}
