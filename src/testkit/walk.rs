//! The next execution by the plainest means, as a check on the engine.

use chrono::{
    DateTime, Datelike, Days, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, Offset, Utc,
};
use chrono_tz::{GapInfo, Tz};

use crate::schedule::{GapRule, MonthDate, Recurrence, Schedule};

/// How far a walk looks: the leap day may be eight years off, around 1900 and 2100.
const DAYS_MAX: usize = 9 * 366;

/// What a walk through the calendar came upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walked {
    /// The next execution.
    Found(DateTime<Utc>),
    /// There is none at this instant or before it; what comes later was not looked at.
    NoneUntil(DateTime<Utc>),
}

/// Walks from `after`, day by day, to the next execution of a schedule.
///
/// It shares no code with the engine: dates are chrono's, and each one is asked of
/// chrono-tz itself. It takes up to a millisecond.
///
/// ```
/// use taskdex::testkit::{Walked, walk_to_next};
/// use taskdex::Schedule;
///
/// let schedule = Schedule::weekly("1".parse()?, "02:30:00".parse()?, "America/New_York".parse()?)?;
/// let walked = walk_to_next(&schedule, "2026-03-07T00:00:00Z".parse()?);
/// assert_eq!(walked, Walked::Found("2026-03-08T07:30:00Z".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn walk_to_next(schedule: &Schedule, after: DateTime<Utc>) -> Walked {
    let zone = Zone::of(schedule, after);
    let today = zone.wall_clock(after).date();
    let expiry = schedule
        .expire_time()
        .map(|at| zone.last_instant_until(at, schedule.gap_rule()));
    let named = |date: NaiveDate| names(schedule, today, date);
    let first = match schedule.recurrence() {
        // Both may begin far off.
        Recurrence::FixedTime { date } => date,
        _ => schedule.start_date().unwrap_or(NaiveDate::MIN),
    };
    // A gap may move a time to the next day, so the walk begins some days before.
    let begin = today
        .checked_sub_days(Days::new(3))
        .unwrap_or(NaiveDate::MIN)
        .max(first);

    let mut found: Option<DateTime<Utc>> = None;
    let mut days_since_found = 0;
    let mut last = begin;
    for date in begin.iter_days().take(DAYS_MAX) {
        last = date;
        // For the same reason it goes on a little behind the first find.
        days_since_found += u32::from(found.is_some());
        if date.year() > 9999 || days_since_found > 3 {
            break;
        }
        if date.year() < 1 || !named(date) {
            continue;
        }
        let instant = zone.instant(date.and_time(schedule.time()), schedule.gap_rule());
        if let Some(instant) = instant.filter(|instant| *instant > after) {
            found = Some(found.map_or(instant, |earlier| earlier.min(instant)));
        }
    }
    match found {
        Some(instant) if expiry.is_none_or(|expiry| instant <= expiry) => Walked::Found(instant),
        Some(_) => Walked::NoneUntil(DateTime::<Utc>::MAX_UTC),
        None if last.year() > 9999
            || matches!(schedule.recurrence(), Recurrence::FixedTime { .. }) =>
        {
            Walked::NoneUntil(DateTime::<Utc>::MAX_UTC)
        }
        None => Walked::NoneUntil((last - Days::new(3)).and_time(schedule.time()).and_utc()),
    }
}

/// Whether a schedule, asked about on `today`, names a date.
fn names(schedule: &Schedule, today: NaiveDate, date: NaiveDate) -> bool {
    match schedule.recurrence() {
        Recurrence::FixedTime { date: only } => date == only,
        Recurrence::Daily { day_interval } => {
            // A count that would begin before the calendar's first date begins on it.
            let added = today.max(NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default());
            let days = (date - schedule.start_date().unwrap_or(added)).num_days();
            days >= 0 && days % i64::from(day_interval) == 0
        }
        Recurrence::Weekly { days } => days.iter().any(|day| day == date.weekday()),
        Recurrence::Monthly { months, dates } => {
            let is_last = date.succ_opt().is_none_or(|tomorrow| tomorrow.day() == 1);
            months
                .iter()
                .any(|month| month.number_from_month() == date.month())
                && dates.iter().any(|item| match item {
                    MonthDate::Date(day) => u32::from(day) == date.day(),
                    MonthDate::Last => is_last,
                })
        }
    }
}

/// A zone, as the libraries below the engine know it.
#[derive(Debug, Clone, Copy)]
enum Zone {
    Iana(Tz),
    Fixed(FixedOffset),
}

impl Zone {
    fn of(schedule: &Schedule, any: DateTime<Utc>) -> Self {
        let zone = schedule.time_zone();
        match zone.name().parse() {
            Ok(zone) => Self::Iana(zone),
            // A name that the database does not have has one offset for all time.
            Err(_) => {
                Self::Fixed(FixedOffset::east_opt(zone.offset_seconds(any)).unwrap_or(Utc.fix()))
            }
        }
    }

    fn wall_clock(self, instant: DateTime<Utc>) -> NaiveDateTime {
        use chrono::TimeZone;

        let naive = instant.naive_utc();
        let offset = match self {
            Self::Iana(zone) => zone.offset_from_utc_datetime(&naive).fix(),
            Self::Fixed(offset) => offset,
        };
        naive.checked_add_offset(offset).unwrap_or(naive)
    }

    /// The instant that a moment of the wall clock names under a rule for gaps.
    fn instant(self, wall: NaiveDateTime, rule: GapRule) -> Option<DateTime<Utc>> {
        use chrono::TimeZone;

        let zone = match self {
            Self::Iana(zone) => zone,
            Self::Fixed(offset) => {
                return Some(offset.from_local_datetime(&wall).single()?.to_utc());
            }
        };
        match zone.from_local_datetime(&wall) {
            LocalResult::Single(found) => Some(found.to_utc()),
            LocalResult::Ambiguous(one, other) => Some(one.to_utc().min(other.to_utc())),
            LocalResult::None => {
                let gap = GapInfo::new(&wall, &zone)?;
                match rule {
                    GapRule::Forward => {
                        let before = gap.begin?.1.fix();
                        Some(before.from_local_datetime(&wall).single()?.to_utc())
                    }
                    GapRule::GapEnd => Some(gap.end?.to_utc()),
                    GapRule::Skip => None,
                }
            }
        }
    }

    /// The last instant that is not past a moment of the wall clock.
    fn last_instant_until(self, wall: NaiveDateTime, rule: GapRule) -> DateTime<Utc> {
        self.instant(wall, rule).unwrap_or_else(|| {
            // In a gap that is left out: the last second before it.
            let end = self.instant(wall, GapRule::GapEnd);
            end.unwrap_or(DateTime::<Utc>::MIN_UTC) - chrono::TimeDelta::seconds(1)
        })
    }
}
