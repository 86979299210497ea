//! A zone's spans of constant offset, found once and then looked up.
//!
//! chrono-tz stays the source of truth, but converts by a binary search over
//! every transition of the zone. Here a table of buckets leads straight to the
//! span, in both directions.

use std::sync::OnceLock;

use chrono::{DateTime, Offset, TimeZone as _};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::Stretch;

/// Beyond any instant or wall clock that is ever asked about, and still far
/// from overflow when an offset is added.
const FAR: i64 = i64::MAX / 4;

/// Offsets are probed from 1840-01-01 to 2101-01-01: the database's first
/// transition is of December 1844, and its last of November 2099.
const PROBED_FROM: i64 = -4_102_444_800;
const PROBED_UNTIL: i64 = 4_133_980_800;

/// The distance of two probes: 3 days and 49 minutes. It must not exceed the
/// shortest span of the database, which is 6 days 23 hours (Brazil in October
/// 2000, and Gaza in years to come): then two probes have at most one
/// transition between them, and none where they agree.
const PROBE_STEP: i64 = 1 << 18;

/// A bucket is 2^21 seconds, 24 days: most hold no transition, and few two.
const BUCKET_BITS: u32 = 21;

/// The spans of each zone of the database, by its position there.
///
/// This is the memo of a pure function of the linked database. Nothing can be
/// observed of it but the time that a zone's first use takes.
static SPANS: [OnceLock<Spans>; TZ_VARIANTS.len()] = [const { OnceLock::new() }; TZ_VARIANTS.len()];

/// The spans of the zone at a position of the database.
pub(super) fn spans_of(position: u16) -> Option<&'static Spans> {
    let position = usize::from(position);
    let memo = SPANS.get(position)?;
    if let Some(spans) = memo.get() {
        return Some(spans);
    }
    let zone = *TZ_VARIANTS.get(position)?;
    Some(memo.get_or_init(|| Spans::probe(zone)))
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
/// Invariant: neighbours differ in offset; the first begins, and a sentinel
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
    offset_max: i32,
}

impl Spans {
    fn probe(zone: Tz) -> Self {
        let mut offset = offset_in(zone, PROBED_FROM);
        let mut spans = vec![Span {
            begin: -FAR,
            offset,
            before: offset,
        }];
        let mut probed = PROBED_FROM;
        while probed < PROBED_UNTIL {
            let next = probed + PROBE_STEP;
            let found = offset_in(zone, next);
            if found != offset {
                let begin = first_with_other_offset(zone, probed, next, offset);
                spans.push(Span {
                    begin,
                    offset: found,
                    before: offset,
                });
                offset = found;
            }
            probed = next;
        }
        let base = spans.get(1).map_or(0, |span| span.begin);
        let last = spans.last().map_or(0, |span| span.begin).max(base);
        spans.push(Span {
            begin: FAR,
            offset,
            before: offset,
        });
        let offset_max = spans.iter().map(|span| span.offset).max().unwrap_or(0);
        let mut buckets = Vec::new();
        let mut position: u16 = 0;
        for bucket in 0..=(last - base) >> BUCKET_BITS {
            let first = base + (bucket << BUCKET_BITS);
            while spans
                .get(usize::from(position) + 1)
                .is_some_and(|next| next.begin <= first)
            {
                position += 1;
            }
            // The first bucket also stands for everything before it.
            buckets.push(if bucket == 0 { 0 } else { position });
        }
        Self {
            list: spans.into_boxed_slice(),
            buckets: buckets.into_boxed_slice(),
            base,
            offset_max,
        }
    }

    /// The span of an instant.
    #[inline]
    pub(super) fn at(&self, instant: i64) -> Stretch {
        self.first_from(instant, |next| instant < next.begin)
    }

    /// The span that resolves a moment of the wall clock: the first of two in
    /// a fold, the one after a gap.
    #[inline]
    pub(super) fn at_wall(&self, wall: i64) -> Stretch {
        // No moment is later on a wall clock than at the largest offset.
        self.first_from(wall - i64::from(self.offset_max), |next| {
            wall < next.begin + i64::from(next.before)
        })
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
}

/// The offset of a zone at an instant, as chrono-tz has it.
fn offset_in(zone: Tz, instant: i64) -> i32 {
    // Probes are within chrono's years.
    let utc = DateTime::from_timestamp(instant, 0).unwrap_or_default();
    zone.offset_from_utc_datetime(&utc.naive_utc())
        .fix()
        .local_minus_utc()
}

/// The first second in `low + 1 ..= high` whose offset is not `offset`, which
/// is that of `low`, and not that of `high`.
fn first_with_other_offset(zone: Tz, mut low: i64, mut high: i64, offset: i32) -> i64 {
    while high - low > 1 {
        let middle = i64::midpoint(low, high);
        if offset_in(zone, middle) == offset {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn every_zone() -> impl Iterator<Item = (Tz, &'static Spans)> {
        (0..)
            .zip(TZ_VARIANTS)
            .map(|(position, zone)| (zone, spans_of(position).unwrap()))
    }

    #[test]
    fn a_position_is_that_of_the_variant() {
        for (position, zone) in TZ_VARIANTS.into_iter().enumerate() {
            assert_eq!(zone as usize, position);
        }
    }

    /// What the search relies on.
    #[test]
    fn spans_are_long_and_gaps_no_longer_than_a_day() {
        let mut shortest = FAR;
        for (zone, spans) in every_zone() {
            for pair in spans.list.windows(2) {
                let [span, next] = [pair[0], pair[1]];
                assert_eq!(span.offset, next.before, "{zone}");
                let changes = [span, next]
                    .map(|span| i64::from(span.offset - span.before).abs())
                    .iter()
                    .sum::<i64>();
                assert!(
                    next.begin - span.begin > changes,
                    "{zone} at {}",
                    next.begin
                );
                assert!(i64::from(span.offset - span.before).abs() <= DAY, "{zone}");
                shortest = shortest.min(next.begin - span.begin);
            }
        }
        assert_eq!(shortest, 7 * DAY - 3600);
        assert!(PROBE_STEP < shortest);
    }

    #[test]
    fn a_bucket_leads_to_the_span_of_its_first_second() {
        for (zone, spans) in every_zone() {
            for (bucket, &position) in (0..).zip(&spans.buckets).skip(1) {
                let first = spans.base + (bucket << BUCKET_BITS);
                let position = usize::from(position);
                let [span, next] = [spans.list[position], spans.list[position + 1]];
                assert!(span.begin <= first && first < next.begin, "{zone}");
            }
        }
    }

    #[test]
    fn the_probed_years_hold_every_change() {
        for (zone, spans) in every_zone() {
            let [first, .., last, _end] = spans.list[..] else {
                assert_eq!(spans.list.len(), 2, "{zone}");
                continue;
            };
            assert!(last.begin < PROBED_UNTIL - 366 * DAY, "{zone}");
            for year in (-62_135_596_800..PROBED_FROM).step_by(300 * 86_400) {
                assert_eq!(offset_in(zone, year), first.offset, "{zone}");
            }
            for year in (PROBED_UNTIL..253_402_300_800).step_by(3000 * 86_400) {
                assert_eq!(offset_in(zone, year), last.offset, "{zone}");
            }
        }
    }
}
