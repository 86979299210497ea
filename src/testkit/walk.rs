//! The next execution by the plainest means, as a check on the engine.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use super::plain_clock::PlainClock;
use crate::schedule::{GapRule, MonthDate, Recurrence, Resolution, Schedule};

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
/// It shares no code with the engine: dates are chrono's, and each one is asked of the
/// library that reads the zone data. It takes up to a few milliseconds.
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
    walk_under(&PlainClock::of(schedule.time_zone()), schedule, after)
}

/// The same under another clock than that of the schedule's zone.
pub(super) fn walk_under(clock: &PlainClock, schedule: &Schedule, after: DateTime<Utc>) -> Walked {
    let zone = Zone(clock);
    let today = zone.wall_clock(after).date();
    let expiry = schedule
        .expire_time()
        // A moment, which moves as times in a gap do by default.
        .and_then(|at| zone.instant(at, GapRule::Forward));
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

/// A zone, as the library that reads its data knows it.
#[derive(Debug)]
struct Zone<'a>(&'a PlainClock);

impl Zone<'_> {
    fn wall_clock(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        let naive = instant.naive_utc();
        let offset = i64::from(self.0.offset_seconds(instant.timestamp()));
        naive
            .checked_add_signed(TimeDelta::seconds(offset))
            .unwrap_or(naive)
    }

    /// The instant that a moment of the wall clock names under a rule for gaps.
    fn instant(&self, wall: NaiveDateTime, rule: GapRule) -> Option<DateTime<Utc>> {
        let wall = wall.and_utc().timestamp();
        let second = match (self.0.resolve(wall), rule) {
            (Resolution::Single { offset } | Resolution::Fold { first: offset, .. }, _) => {
                wall - i64::from(offset)
            }
            (Resolution::Gap { before, .. }, GapRule::Forward) => wall - i64::from(before),
            (Resolution::Gap { change, .. }, GapRule::GapEnd) => change,
            (Resolution::Gap { .. }, GapRule::Skip) => return None,
        };
        DateTime::from_timestamp(second, 0)
    }
}
