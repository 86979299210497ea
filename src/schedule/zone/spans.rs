//! A zone's spans of constant offset, found once and then looked up.
//!
//! A table of buckets leads straight to the span, from an instant and from a moment of the wall
//! clock. It ends some 400 years after the last change that is not by a rule: the Gregorian
//! calendar repeats after 400 years, weekdays too, so a rule's changes do, and what lies beyond
//! is looked up a multiple of 400 years earlier.

use chrono::DateTime;

use super::Stretch;
use crate::schedule::calendar::DAY_SECONDS;

/// Beyond any instant or wall clock that is ever asked about, and still far
/// from overflow when an offset is added.
const FAR: i64 = i64::MAX / 4;

/// The begins of the years 1 and 10000: changes of the clock lie between.
const YEARS: std::ops::Range<i64> = -62_135_596_800..253_402_300_800;

/// 400 Gregorian years, which are a whole number of weeks.
pub(super) const CYCLE: i64 = 146_097 * DAY_SECONDS;

/// How far beyond a cycle the table goes: no look-up within a cycle reaches that far.
const CYCLE_SLACK: i64 = 8 * DAY_SECONDS;

/// A bucket is 2^21 seconds, 24 days: most hold no change, and few two.
const BUCKET_BITS: u32 = 21;

/// Most changes of one zone: a position among them takes 16 bits.
const CHANGES_MAX: usize = 40_000;

/// Why changes of a clock are no zone that can be searched.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum Unsearchable {
    #[error("more than {CHANGES_MAX} changes")]
    TooManyChanges,
    #[error("the clock changes at Unix second {0}, which is not of years 1 to 9999")]
    ChangeOutOfYears(i64),
    #[error("an offset of {0} seconds, which is not less than a day")]
    OffsetTooLarge(i32),
    #[error("the clock moves by more than a day at {}", utc(*.0))]
    ChangeTooLarge(i64),
    #[error("the span before {} is no longer than the changes at its two ends", utc(*.0))]
    SpanTooShort(i64),
    #[error("a rule whose changes cease for years")]
    IrregularRule,
}

fn utc(second: i64) -> String {
    DateTime::from_timestamp(second, 0).map_or(second.to_string(), |at| at.to_rfc3339())
}

/// One span: from `begin` to the begin of the next one.
#[derive(Debug, Clone, Copy)]
struct Span {
    /// The first Unix second.
    begin: i64,
    /// Seconds that the wall clock is ahead of UTC.
    offset: i32,
    /// The offset of the span before.
    before: i32,
}

/// The spans of one zone, in order.
///
/// Invariant: neighbours differ in offset, by a day at most; the first begins, and a sentinel
/// after the last one begins, beyond every instant. A span is longer than the
/// gap or fold at its begin and the one at its end together, so that no moment
/// of the wall clock belongs to more than two spans, and the wall clock at
/// which each span ends ascends as well.
#[derive(Debug)]
pub(in crate::schedule) struct Spans {
    list: Box<[Span]>,
    /// For each bucket the span of its first second.
    buckets: Box<[u16]>,
    /// The first second of the first bucket.
    base: i64,
    /// From here on a rule decides, and all repeats after a [`CYCLE`]; `FAR` without a rule.
    regular_from: i64,
    offset_max: i32,
}

impl Spans {
    /// The spans of a clock that never changes.
    pub(super) fn constant(offset: i32) -> Self {
        let ends = [-FAR, FAR].map(|begin| Span {
            begin,
            offset,
            before: offset,
        });
        Self::indexed(Box::new(ends), FAR)
    }

    /// The spans between changes, which are instants in ascending order, each with the offset
    /// from then on. Those after `rule_after` are made by a rule, for more than a cycle.
    ///
    /// Takes time and memory for each change, and for each 24 days between the first and the last.
    pub(super) fn new(
        offset_first: i32,
        changes: impl IntoIterator<Item = (i64, i32)>,
        rule_after: i64,
    ) -> Result<Self, Unsearchable> {
        let mut offset = offset_first;
        let mut list = vec![Span {
            begin: -FAR,
            offset,
            before: offset,
        }];
        for (begin, after) in changes {
            // Such a change is one of the clock's name only.
            if after == offset {
                continue;
            }
            if !YEARS.contains(&begin) && begin <= rule_after {
                return Err(Unsearchable::ChangeOutOfYears(begin));
            }
            if list.len() > CHANGES_MAX {
                return Err(Unsearchable::TooManyChanges);
            }
            list.push(Span {
                begin,
                offset: after,
                before: offset,
            });
            offset = after;
        }
        let by_rule = list.iter().skip(1).filter(|span| span.begin > rule_after);
        let regular_from = match *by_rule.map(|span| span.begin).collect::<Vec<_>>() {
            [] => FAR,
            // The first one is preceded by an offset that was not by the rule.
            [_, second, .., end] if end - second > CYCLE + CYCLE_SLACK => second,
            _ => return Err(Unsearchable::IrregularRule),
        };
        list.push(Span {
            begin: FAR,
            offset,
            before: offset,
        });
        check(&list)?;
        Ok(Self::indexed(list.into_boxed_slice(), regular_from))
    }

    /// Makes the buckets of a list with its two ends.
    fn indexed(list: Box<[Span]>, regular_from: i64) -> Self {
        let changes = list.get(1..list.len() - 1).unwrap_or(&[]);
        let base = changes.first().map_or(0, |span| span.begin);
        let end = changes.last().map_or(base, |span| span.begin);
        let mut buckets = Vec::new();
        let mut position: u16 = 0;
        for bucket in 0..=(end - base) >> BUCKET_BITS {
            let first = base + (bucket << BUCKET_BITS);
            while list
                .get(usize::from(position) + 1)
                .is_some_and(|next| next.begin <= first)
            {
                position += 1;
            }
            // The first bucket also stands for everything before it.
            buckets.push(if bucket == 0 { 0 } else { position });
        }
        Self {
            buckets: buckets.into_boxed_slice(),
            base,
            regular_from,
            offset_max: list.iter().map(|span| span.offset).max().unwrap_or(0),
            list,
        }
    }

    /// The span of an instant.
    #[inline]
    pub(super) fn at(&self, instant: i64) -> Stretch {
        let cycles = self.whole_cycles(instant);
        let instant = instant - cycles;
        self.first_from(instant, |next| instant < next.begin)
            .moved_by(cycles)
    }

    /// The span that resolves a moment of the wall clock: the first of two in
    /// a fold, the one after a gap.
    #[inline]
    pub(super) fn at_wall(&self, wall: i64) -> Stretch {
        // No moment is later on a wall clock than at the largest offset.
        let earliest = wall - i64::from(self.offset_max);
        let cycles = self.whole_cycles(earliest);
        let wall = wall - cycles;
        self.first_from(earliest - cycles, |next| {
            wall < next.begin + i64::from(next.before)
        })
        .moved_by(cycles)
    }

    /// The seconds of the whole cycles that an instant lies behind the first one.
    #[inline]
    fn whole_cycles(&self, instant: i64) -> i64 {
        let regular = instant - self.regular_from;
        if regular < CYCLE {
            0
        } else {
            regular - regular % CYCLE
        }
    }

    /// The first span, from that of the bucket of `instant` on, whose
    /// successor satisfies `ends`.
    #[inline]
    fn first_from(&self, instant: i64, ends: impl Fn(&Span) -> bool) -> Stretch {
        let bucket = ((instant - self.base) >> BUCKET_BITS).max(0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is not negative, and chrono's years have 2^22 buckets"
        )]
        let bucket = (bucket as usize).min(self.buckets.len() - 1);
        let position = self.buckets.get(bucket).copied().unwrap_or(0);
        let mut pairs = self.list.get(usize::from(position)..).unwrap_or(&[]);
        loop {
            let [span, next, ..] = pairs else {
                // The sentinel ends the last span for every argument.
                return Stretch::endless(0);
            };
            if ends(next) {
                return Stretch {
                    begin: span.begin,
                    end: next.begin,
                    before: span.before,
                    offset: span.offset,
                    after: next.offset,
                };
            }
            pairs = pairs.get(1..).unwrap_or(&[]);
        }
    }

    /// The first Unix second from `from` on at which the offset is not that of other spans.
    pub(super) fn first_difference(&self, other: &Self, from: i64) -> Option<i64> {
        let is_last = |spans: &Self, second: i64| match spans.regular_from {
            FAR => spans.at(second).end == FAR,
            regular_from => second > regular_from.max(from) + CYCLE,
        };
        let mut second = from;
        loop {
            let [ours, theirs] = [self.at(second), other.at(second)];
            if ours.offset != theirs.offset {
                return Some(second);
            }
            if is_last(self, second) && is_last(other, second) {
                return None;
            }
            second = ours.end.min(theirs.end);
        }
    }
}

/// Checks what the search relies on.
fn check(list: &[Span]) -> Result<(), Unsearchable> {
    let change = |span: &Span| i64::from(span.offset) - i64::from(span.before);
    for (span, next) in list.iter().zip(list.iter().skip(1)) {
        if i64::from(span.offset).abs() >= DAY_SECONDS {
            return Err(Unsearchable::OffsetTooLarge(span.offset));
        }
        if change(span).abs() > DAY_SECONDS {
            return Err(Unsearchable::ChangeTooLarge(span.begin));
        }
        if next.begin - span.begin <= change(span).abs() + change(next).abs() {
            return Err(Unsearchable::SpanTooShort(next.begin));
        }
    }
    Ok(())
}

impl Stretch {
    /// The stretch of a clock whose offset never changes.
    pub(super) const fn endless(offset: i32) -> Self {
        Self {
            begin: -FAR,
            end: FAR,
            before: offset,
            offset,
            after: offset,
        }
    }

    /// The same stretch, so many seconds later.
    #[inline]
    fn moved_by(self, seconds: i64) -> Self {
        Self {
            begin: self.begin + seconds,
            end: self.end + seconds,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::zone::own;

    fn every_zone() -> impl Iterator<Item = (&'static str, Spans)> {
        own::names().map(|name| (name, own::spans(name).unwrap()))
    }

    /// What the search relies on holds for all that the crate carries, with room to spare.
    #[test]
    fn spans_of_the_data_that_the_crate_carries_are_days_long() {
        let mut shortest = FAR;
        for (name, spans) in every_zone() {
            assert!(check(&spans.list).is_ok(), "{name}");
            for pair in spans.list.windows(2) {
                let [span, next] = [pair[0], pair[1]];
                assert_eq!(span.offset, next.before, "{name}");
                shortest = shortest.min(next.begin - span.begin);
            }
        }
        assert_eq!(shortest, 7 * DAY_SECONDS - 3600);
    }

    #[test]
    fn a_bucket_leads_to_the_span_of_its_first_second() {
        for (name, spans) in every_zone() {
            for (bucket, &position) in (0..).zip(&spans.buckets).skip(1) {
                let first = spans.base + (bucket << BUCKET_BITS);
                let position = usize::from(position);
                let [span, next] = [spans.list[position], spans.list[position + 1]];
                assert!(span.begin <= first && first < next.begin, "{name}");
            }
        }
    }

    /// A year's changes by a rule are looked up in the first cycle, and moved back to their year.
    #[test]
    #[cfg_attr(not(feature = "bundled-zones"), ignore = "chrono-tz has no rules")]
    fn a_span_is_the_same_a_cycle_later() {
        for (name, spans) in every_zone().filter(|(_, spans)| spans.regular_from < FAR) {
            let end = spans.list[spans.list.len() - 2].begin;
            assert!(end > spans.regular_from + CYCLE + CYCLE_SLACK, "{name}");
            for span in spans.list.iter().skip(1) {
                if !(spans.regular_from..spans.regular_from + CYCLE).contains(&span.begin) {
                    continue;
                }
                for cycles in [0, 1, 2, 18] {
                    let begin = span.begin + cycles * CYCLE;
                    let [before, found] = [begin - 1, begin].map(|second| spans.at(second));
                    assert_eq!((found.begin, before.end), (begin, begin), "{name}");
                    assert_eq!((found.offset, found.before), (span.offset, span.before));
                    assert_eq!((before.offset, before.after), (span.before, span.offset));
                    // The moment before the change, and what it skips or repeats.
                    let wall = begin - 1 + i64::from(before.offset);
                    assert_eq!(spans.at_wall(wall).begin, before.begin, "{name}");
                    let wall = begin + i64::from(span.offset.max(span.before));
                    assert_eq!(spans.at_wall(wall).begin, begin, "{name}");
                }
            }
        }
    }

    #[test]
    fn the_first_difference_is_looked_for_through_a_whole_cycle() {
        let spans =
            |changes: &[(i64, i32)]| Spans::new(0, changes.iter().copied(), i64::MAX).unwrap();
        let [one, other] = [spans(&[(100, 60)]), spans(&[(100, 60), (900, 0)])];
        assert_eq!(one.first_difference(&other, -5), Some(900));
        assert_eq!(other.first_difference(&one, 901), Some(901));
        assert_eq!(one.first_difference(&one, -5), None);
        assert_eq!(Spans::constant(60).first_difference(&one, 0), Some(0));
        assert_eq!(Spans::constant(60).first_difference(&one, 100), None);
    }
}
