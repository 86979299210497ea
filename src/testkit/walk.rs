//! Executions by the plainest means, as a check on the engine: a walk through the calendar.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use super::plain_clock::PlainClock;
use crate::schedule::{GapRule, MonthDate, Recurrence, Resolution, Schedule};

/// How far a walk looks: the leap day may be eight years off, around 1900 and 2100.
const DAYS_MAX: usize = 9 * 366;

/// A clock may move a time to another day, so a walk begins and ends some days farther.
const MARGIN: Days = Days::new(3);

/// What a walk through the calendar came upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walked {
    /// The first execution on the way.
    Found(DateTime<Utc>),
    /// There is none up to this instant, itself included; what lies beyond was not looked at.
    NoneUntil(DateTime<Utc>),
}

impl Walked {
    /// Whether a next execution is what [`walk_to_next`] came upon, as far as it went.
    #[must_use]
    pub fn agrees_with_next(self, next: Option<DateTime<Utc>>) -> bool {
        match self {
            Self::Found(found) => next == Some(found),
            Self::NoneUntil(end) => next.is_none_or(|next| next > end),
        }
    }

    /// Whether a previous execution is what [`walk_to_previous`] came upon, as far as it went.
    #[must_use]
    pub fn agrees_with_previous(self, previous: Option<DateTime<Utc>>) -> bool {
        match self {
            Self::Found(found) => previous == Some(found),
            Self::NoneUntil(end) => previous.is_none_or(|previous| previous < end),
        }
    }
}

/// Walks from `after`, day by day, to the next execution of a schedule.
///
/// It shares no code with the engine: dates are chrono's, and each one is asked of the
/// library that reads the zone data. It takes up to a few milliseconds. A `DAY` schedule without
/// a start date is taken to count from the date of `after`.
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
    let walk = Walk::new(clock, schedule, after);
    let begin = walk.today.checked_sub_days(MARGIN);
    let begin = begin.unwrap_or(NaiveDate::MIN).max(walk.first);
    let days = begin.iter_days().take_while(|date| *date <= walk.last);
    let (found, left) = walk.search(days, |instant| instant > after);
    match (found.first(), left) {
        (Some(found), _) => Walked::Found(*found),
        (None, None) => Walked::NoneUntil(DateTime::<Utc>::MAX_UTC),
        (None, Some(date)) => {
            Walked::NoneUntil((date - MARGIN).and_time(schedule.time()).and_utc())
        }
    }
}

/// Walks from `before`, day by day, back to the previous execution of a schedule.
///
/// The way back of [`walk_to_next`], at the same cost.
///
/// ```
/// use taskdex::testkit::{Walked, walk_to_previous};
/// use taskdex::Schedule;
///
/// let schedule = Schedule::weekly("1".parse()?, "02:30:00".parse()?, "America/New_York".parse()?)?;
/// let walked = walk_to_previous(&schedule, "2026-03-08T07:30:00Z".parse()?);
/// assert_eq!(walked, Walked::Found("2026-03-01T07:30:00Z".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn walk_to_previous(schedule: &Schedule, before: DateTime<Utc>) -> Walked {
    let clock = PlainClock::of(schedule.time_zone());
    let walk = Walk::new(&clock, schedule, before);
    let begin = walk.today.checked_add_days(MARGIN);
    let begin = begin.unwrap_or(NaiveDate::MAX).min(walk.last);
    let days = std::iter::successors(Some(begin), NaiveDate::pred_opt);
    let days = days.take_while(|date| *date >= walk.first);
    let (found, left) = walk.search(days, |instant| instant < before);
    match (found.last(), left) {
        (Some(found), _) => Walked::Found(*found),
        (None, None) => Walked::NoneUntil(DateTime::<Utc>::MIN_UTC),
        (None, Some(date)) => {
            Walked::NoneUntil((date + MARGIN).and_time(schedule.time()).and_utc())
        }
    }
}

/// Walks from `after` to `until`, day by day, and meets every execution on the way: those after
/// the one instant, up to and including the other.
///
/// As [`walk_to_next`], a microsecond or so a day.
///
/// ```
/// use taskdex::Schedule;
/// use taskdex::testkit::walk_between;
///
/// let schedule = Schedule::weekly("1".parse()?, "02:30:00".parse()?, "America/New_York".parse()?)?;
/// let at = |text: &str| text.parse().unwrap();
/// let met = walk_between(&schedule, at("2026-03-01T07:30:00Z"), at("2026-03-15T06:30:00Z"));
/// let expected = [at("2026-03-08T07:30:00Z"), at("2026-03-15T06:30:00Z")];
/// assert!(met.into_iter().eq(expected));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn walk_between(
    schedule: &Schedule,
    after: DateTime<Utc>,
    until: DateTime<Utc>,
) -> BTreeSet<DateTime<Utc>> {
    let clock = PlainClock::of(schedule.time_zone());
    let walk = Walk::new(&clock, schedule, after);
    let begin = walk.today.checked_sub_days(MARGIN);
    let begin = begin.unwrap_or(NaiveDate::MIN).max(walk.first);
    let end = wall_clock(&clock, until).date().checked_add_days(MARGIN);
    let end = end.unwrap_or(NaiveDate::MAX).min(walk.last);
    let days = begin.iter_days().take_while(|date| *date <= end);
    days.filter_map(|date| walk.instant_of(date))
        .filter(|instant| after < *instant && *instant <= until)
        .collect()
}

/// A schedule, as it is asked about on some day.
struct Walk<'a> {
    schedule: &'a Schedule,
    clock: &'a PlainClock,
    today: NaiveDate,
    /// The last instant at which it may execute.
    expiry: Option<DateTime<Utc>>,
    /// No date before this one is named.
    first: NaiveDate,
    /// No date after this one is named, or it is past the expiry.
    last: NaiveDate,
}

impl<'a> Walk<'a> {
    fn new(clock: &'a PlainClock, schedule: &'a Schedule, asked: DateTime<Utc>) -> Self {
        let today = wall_clock(clock, asked).date();
        let [first, last] = [(1, 1, 1), (9999, 12, 31)].map(|(year, month, day)| {
            NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
        });
        let first = match schedule.recurrence() {
            Recurrence::FixedTime { date } => date,
            // A count that would begin before the calendar's first date begins on it.
            Recurrence::Daily { .. } => schedule.start_date().unwrap_or(today.max(first)),
            _ => first,
        };
        let last = match (schedule.recurrence(), schedule.expire_time()) {
            (Recurrence::FixedTime { date }, _) => date,
            (_, Some(expire)) => (expire.date() + MARGIN).min(last),
            _ => last,
        };
        // An expiry is a moment, which moves as times in a gap do by default.
        let expiry = schedule.expire_time();
        let expiry = expiry.and_then(|at| instant(clock, at, GapRule::Forward));
        Self {
            schedule,
            clock,
            today,
            expiry,
            first,
            last,
        }
    }

    /// The first hits among these days: with them the date that was reached, where there are more
    /// days than a walk takes and none of those hit.
    fn search(
        &self,
        days: impl Iterator<Item = NaiveDate>,
        is_hit: impl Fn(DateTime<Utc>) -> bool,
    ) -> (BTreeSet<DateTime<Utc>>, Option<NaiveDate>) {
        let mut found = BTreeSet::new();
        let mut days_since_found = 0;
        for (position, date) in days.enumerate() {
            if position == DAYS_MAX {
                return (found, Some(date));
            }
            // A time may have moved past that of another day.
            days_since_found += u32::from(!found.is_empty());
            if days_since_found > 3 {
                break;
            }
            found.extend(self.instant_of(date).filter(|instant| is_hit(*instant)));
        }
        (found, None)
    }

    /// The execution that a date stands for.
    fn instant_of(&self, date: NaiveDate) -> Option<DateTime<Utc>> {
        if !self.names(date) {
            return None;
        }
        let wall = date.and_time(self.schedule.time());
        let instant = instant(self.clock, wall, self.schedule.gap_rule());
        instant.filter(|instant| self.expiry.is_none_or(|expiry| *instant <= expiry))
    }

    /// Whether the schedule names a date.
    fn names(&self, date: NaiveDate) -> bool {
        match self.schedule.recurrence() {
            Recurrence::FixedTime { date: only } => date == only,
            Recurrence::Daily { day_interval } => {
                let days = (date - self.first).num_days();
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
}

/// What a clock shows at an instant.
fn wall_clock(clock: &PlainClock, instant: DateTime<Utc>) -> NaiveDateTime {
    let naive = instant.naive_utc();
    let offset = i64::from(clock.offset_seconds(instant.timestamp()));
    naive
        .checked_add_signed(TimeDelta::seconds(offset))
        .unwrap_or(naive)
}

/// The instant that a moment of the wall clock names under a rule for gaps.
fn instant(clock: &PlainClock, wall: NaiveDateTime, rule: GapRule) -> Option<DateTime<Utc>> {
    let wall = wall.and_utc().timestamp();
    let second = match (clock.resolve(wall), rule) {
        (Resolution::Single { offset } | Resolution::Fold { first: offset, .. }, _) => {
            wall - i64::from(offset)
        }
        (Resolution::Gap { before, .. }, GapRule::Forward) => wall - i64::from(before),
        (Resolution::Gap { change, .. }, GapRule::GapEnd) => change,
        (Resolution::Gap { .. }, GapRule::Skip) => return None,
    };
    DateTime::from_timestamp(second, 0)
}
