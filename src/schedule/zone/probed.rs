//! The zone data that the crate has without `bundled-zones`: that of chrono-tz.
//!
//! It has no rules for the years to come: its changes end in 2099. And it cannot list them, so
//! they are found by asking for offsets.

use chrono::{DateTime, Offset, TimeZone as _};
use chrono_tz::{IANA_TZDB_VERSION, TZ_VARIANTS, Tz};

use super::spans::Spans;

/// Offsets are probed from 1840-01-01 to 2101-01-01: the database's first
/// transition is of December 1844, and its last of November 2099.
const PROBED_FROM: i64 = -4_102_444_800;
const PROBED_UNTIL: i64 = 4_133_980_800;

/// The distance of two probes: 3 days and 49 minutes. It must not exceed the
/// shortest span of the database, which is 6 days 23 hours (Brazil in October
/// 2000, and Gaza in years to come): then two probes have at most one
/// transition between them, and none where they agree.
const PROBE_STEP: i64 = 1 << 18;

/// The edition of the data.
pub(super) fn version() -> &'static str {
    IANA_TZDB_VERSION
}

/// All names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TZ_VARIANTS.into_iter().map(Tz::name)
}

/// The spans of a name.
pub(super) fn spans(name: &str) -> Option<Spans> {
    let zone: Tz = name.parse().ok()?;
    let first = offset_in(zone, PROBED_FROM);
    let mut offset = first;
    let mut changes = Vec::new();
    let mut probed = PROBED_FROM;
    while probed < PROBED_UNTIL {
        let next = probed + PROBE_STEP;
        let found = offset_in(zone, next);
        if found != offset {
            changes.push((first_with_other_offset(zone, probed, next, offset), found));
            offset = found;
        }
        probed = next;
    }
    Spans::new(first, changes, i64::MAX).ok()
}

/// The TZif file of a name: there are none.
#[cfg(feature = "testkit")]
pub(super) fn bytes(_name: &str) -> Option<&'static [u8]> {
    None
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

    #[test]
    fn the_probed_years_hold_every_change() {
        for zone in TZ_VARIANTS {
            let spans = spans(zone.name()).unwrap();
            let [first, last] = [PROBED_FROM, PROBED_UNTIL - 366 * DAY].map(|at| spans.at(at));
            assert!(first.begin < -62_135_596_800, "{zone}");
            assert!(last.end > 253_402_300_800, "{zone}");
            for second in (-62_135_596_800..PROBED_FROM).step_by(300 * 86_400) {
                assert_eq!(offset_in(zone, second), first.offset, "{zone}");
            }
            for second in (PROBED_UNTIL..253_402_300_800).step_by(3000 * 86_400) {
                assert_eq!(offset_in(zone, second), last.offset, "{zone}");
            }
        }
    }

    #[test]
    fn a_probe_step_is_shorter_than_every_span() {
        let mut shortest = i64::MAX;
        for zone in TZ_VARIANTS {
            let spans = spans(zone.name()).unwrap();
            let mut span = spans.at(PROBED_FROM);
            while span.end < PROBED_UNTIL {
                shortest = shortest.min(span.end - span.begin);
                span = spans.at(span.end);
            }
        }
        assert_eq!(shortest, 7 * DAY - 3600);
        assert!(PROBE_STEP < shortest);
    }
}
