//! A zone's clock by the plainest means, as a check on the engine's tables and search.

use chrono::{DateTime, Offset, TimeZone as _, Utc};
use chrono_tz::Tz;
use tz::timezone::{Transition, TransitionRule};

use crate::schedule::{Resolution, TimeZone};

/// The clock of a zone, by the conversions of the library that reads its data.
///
/// It shares no code with the tables of the engine, and looks each answer up anew.
///
/// ```
/// use taskdex::schedule::Resolution;
/// use taskdex::testkit::PlainClock;
///
/// let clock = PlainClock::of("America/New_York".parse()?);
/// assert_eq!(clock.offset_seconds(1_768_478_400), -18_000);
/// // On 1 November 2026 it is 01:30 twice.
/// let wall = "2026-11-01T01:30:00Z".parse::<chrono::DateTime<chrono::Utc>>()?;
/// let fold = Resolution::Fold { first: -14_400, second: -18_000 };
/// assert_eq!(clock.resolve(wall.timestamp()), fold);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PlainClock(Reader);

#[derive(Debug)]
enum Reader {
    Fixed(i32),
    Tzif(tz::TimeZone),
    Chrono(Tz),
}

impl PlainClock {
    /// The clock under the data in force; the data of the zone is read, in some microseconds.
    #[must_use]
    pub fn of(zone: TimeZone) -> Self {
        let read = zone.tzif().map(tz::TimeZone::from_tz_data);
        Self(match (read, Tz::try_from(zone)) {
            (Some(Ok(read)), _) => Reader::Tzif(read),
            (_, Ok(zone)) => Reader::Chrono(zone),
            // A name that the database does not have has one offset for all time.
            _ => Reader::Fixed(zone.offset_seconds(DateTime::<Utc>::UNIX_EPOCH)),
        })
    }

    /// The clock of a TZif file.
    pub(super) fn read(tzif: &[u8]) -> Option<Self> {
        let read = tz::TimeZone::from_tz_data(tzif).ok()?;
        Some(Self(Reader::Tzif(read)))
    }

    /// The offset at a Unix second of years 1 to 9999, in seconds that the wall clock is ahead
    /// of UTC.
    #[must_use]
    pub fn offset_seconds(&self, second: i64) -> i32 {
        match &self.0 {
            Reader::Fixed(offset) => *offset,
            Reader::Tzif(zone) => match zone.as_ref().find_local_time_type(second) {
                Ok(found) => found.ut_offset(),
                // After the last change of a zone without a rule.
                Err(_) => last_offset(zone),
            },
            Reader::Chrono(zone) => {
                let utc = DateTime::from_timestamp(second, 0).unwrap_or_default();
                let offset = zone.offset_from_utc_datetime(&utc.naive_utc());
                offset.fix().local_minus_utc()
            }
        }
    }

    /// The seconds at which the offset may change, up to the last that the data lists.
    #[must_use]
    pub fn listed_changes(&self) -> Vec<i64> {
        match &self.0 {
            Reader::Tzif(zone) => {
                let changes = zone.as_ref().transitions().iter();
                changes.map(Transition::unix_leap_time).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The meaning of a moment of the wall clock, in seconds.
    #[must_use]
    pub fn resolve(&self, wall: i64) -> Resolution {
        let mut offsets = self.offsets_near(wall);
        offsets.sort_unstable();
        offsets.dedup();
        let instant = |offset: i32| wall - i64::from(offset);
        let mut meanings = offsets.clone();
        meanings.retain(|offset| self.offset_seconds(instant(*offset)) == *offset);
        // The larger an offset, the earlier the instant.
        if let [second, .., first] = meanings[..] {
            return Resolution::Fold { first, second };
        }
        if let [offset, ..] = meanings[..] {
            return Resolution::Single { offset };
        }
        let [Some(mut low), Some(mut high)] =
            [offsets.last(), offsets.first()].map(|offset| offset.copied().map(instant))
        else {
            return Resolution::Single { offset: 0 };
        };
        while high - low > 1 {
            let middle = i64::midpoint(low, high);
            if middle + i64::from(self.offset_seconds(middle)) > wall {
                high = middle;
            } else {
                low = middle;
            }
        }
        Resolution::Gap {
            before: self.offset_seconds(low),
            after: self.offset_seconds(high),
            change: high,
        }
    }

    /// Offsets among which are those of all instants that show a moment of the wall clock.
    fn offsets_near(&self, wall: i64) -> Vec<i32> {
        match &self.0 {
            Reader::Fixed(offset) => vec![*offset],
            Reader::Tzif(zone) => {
                let types = zone.as_ref().local_time_types().iter();
                let rule = match zone.as_ref().extra_rule() {
                    Some(TransitionRule::Alternate(rule)) => vec![*rule.std(), *rule.dst()],
                    Some(TransitionRule::Fixed(fixed)) => vec![*fixed],
                    None => Vec::new(),
                };
                types
                    .chain(&rule)
                    .map(tz::LocalTimeType::ut_offset)
                    .collect()
            }
            // Its spans are days long.
            Reader::Chrono(_) => [-2, 0, 2]
                .map(|days| self.offset_seconds(wall + days * 86_400))
                .to_vec(),
        }
    }
}

fn last_offset(zone: &tz::TimeZone) -> i32 {
    let zone = zone.as_ref();
    let index = zone
        .transitions()
        .last()
        .map(Transition::local_time_type_index);
    let found = zone.local_time_types().get(index.unwrap_or(0));
    found.map_or(0, tz::LocalTimeType::ut_offset)
}
