//! When a task executes: schedules, time zones and execution times.
//!
//! A [`Schedule`] names dates and one time of day on the wall clock of its
//! [`TimeZone`]. Each named date stands for one [`Execution`], an instant.
//! There is no clock in here: every question carries the instant it is about.
//!
//! ```
//! use taskdex::schedule::{MonthDates, Months, Schedule};
//!
//! // `MONTH`: on the last day of each month, at 02:00 in Shanghai.
//! let schedule = Schedule::monthly(
//!     Months::ALL,
//!     "L".parse::<MonthDates>()?,
//!     "02:00:00".parse().unwrap(),
//!     "Asia/Shanghai".parse()?,
//! )?;
//!
//! let now = "2026-02-01T00:00:00Z".parse().unwrap();
//! let next = schedule.next_execution(now).unwrap();
//! assert_eq!(next.to_string(), "2026-02-28 02:00:00");
//! assert_eq!(next.to_rfc3339(), "2026-02-28T02:00:00+08:00");
//!
//! let later: Vec<_> = schedule.executions(now).skip(1).take(2).collect();
//! assert_eq!(later[0].to_string(), "2026-03-31 02:00:00");
//! assert_eq!(later[1].to_string(), "2026-04-30 02:00:00");
//! # Ok::<(), taskdex::Error>(())
//! ```
//!
//! # What is guaranteed
//!
//! - **Strictly after.** [`Schedule::next_execution`] is after the instant it is
//!   asked about, to the nanosecond. Asked again about its own answer it moves on:
//!   executions ascend strictly.
//! - **Gaps.** A time that the clock skips is moved forward by the length of the
//!   gap: 02:30 becomes 03:30. This is a decision of this crate, for the reasons
//!   given at [`GapRule`], where two other rules can be chosen.
//! - **Folds.** A time that the clock repeats is the first of the two, once. This is
//!   a decision of this crate: a daily task runs once a day, and no later than it
//!   was meant to.
//! - **Skipped days.** Where a zone skipped a whole day (Pacific/Apia had no 30
//!   December 2011) the same rule lands on the next day. Two dates that come to fall
//!   on one instant are one execution.
//! - **Expiry** is inclusive: an execution at exactly the `expire_time` happens. This is
//!   a decision of this crate, so that the last wanted time can be given as it is. In a gap it
//!   moves forward by the gap's length, whatever the rule for executions; in a fold it is the first.
//! - **Years.** The first date is 0001-01-01, the last 9999-12-31, on the wall clock.
//!   Any instant may be asked about; where nothing is left the answer is `None`.
//! - **Cost.** No question searches: an answer takes tens of nanoseconds, for
//!   29 February and for the year 9999 too, and allocates nothing. The first
//!   schedule in a zone takes up to 0.2 ms more, once in a process.
//!
//! # The zone data
//!
//! Offsets are those of an edition of the IANA time zone database that the crate carries, whose
//! version [`zone_database_version`] returns. After the last change that a zone lists, its rule
//! goes on for ever. Newer data, as any system has it, can be put in force as [`ZoneData`], once,
//! before the first zone is used.
//!
//! Without the feature `bundled-zones`, the data is that of chrono-tz. It has no rules: in the
//! years after 2099 each zone's last offset holds.

mod calendar;
mod execution;
mod executions;
mod expiry;
mod gaps;
mod search;
mod sets;
pub mod text;
mod zone;

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

use crate::error::{Error, ErrorKind};
use crate::limits::{DAY_INTERVAL, YEARS, YEARS_ACCEPTED};
use calendar::{Anchor, Pattern, date_of, day_of, day_of_wall, is_possible};
use expiry::Expiry;

pub use execution::Execution;
pub use executions::{Executions, ExecutionsBefore, ExecutionsBetween};
pub use gaps::GapRule;
pub use sets::{MonthDate, MonthDateIter, MonthDates, MonthIter, Months, WeekdayIter, Weekdays};
#[cfg(feature = "testkit")]
pub(crate) use zone::LooseZone;
pub use zone::{Resolution, TimeZone, ZoneChange, ZoneData, zone_database_version};

/// When a task executes: dates, a time of day, and the zone whose wall clock
/// shows them.
///
/// A value of 24 bytes, `Copy`, nothing on the heap. A schedule that exists is
/// valid: it names at least one date, unless its expiry or
/// [`GapRule::Skip`] leaves none.
///
/// ```
/// use taskdex::schedule::{Schedule, Weekdays};
///
/// // `WEEK`: Mondays and Fridays, until the end of May.
/// let days: Weekdays = "2,6".parse()?;
/// let schedule = Schedule::weekly(days, "08:30:00".parse().unwrap(), "GMT+08:00".parse()?)?
///     .with_expire_time("2026-05-31T23:59:59".parse().unwrap())?;
///
/// let now = "2026-05-25T00:30:00Z".parse().unwrap();
/// let rest: Vec<_> = schedule.executions(now).map(|found| found.to_string()).collect();
/// assert_eq!(rest, ["2026-05-29 08:30:00"]);
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Schedule {
    pattern: Pattern,
    expiry: Expiry,
    /// Seconds from midnight.
    time: u32,
    zone: TimeZone,
    gap_rule: GapRule,
}

/// How the dates of a schedule recur, as plain values.
///
/// What [`Schedule::recurrence`] gives back; a schedule is made by the
/// constructor of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recurrence {
    /// `FIXED_TIME`: once.
    FixedTime {
        /// The `scheduled_date`.
        date: NaiveDate,
    },
    /// `DAY`: every so many calendar days.
    Daily {
        /// The `day_interval`, 1 to 31.
        day_interval: u32,
    },
    /// `WEEK`: on some weekdays.
    Weekly {
        /// The `week_list`.
        days: Weekdays,
    },
    /// `MONTH`: on some dates of some months.
    Monthly {
        /// The `month_list`.
        months: Months,
        /// The `date_list`.
        dates: MonthDates,
    },
}

/// Making a schedule.
impl Schedule {
    /// A `FIXED_TIME` schedule: once, on a date.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`] for a `scheduled_date` that is not of years 1 to
    /// 9999; [`ErrorKind::InvalidSyntax`] for a `scheduled_time` that is not a whole
    /// second, or a leap second.
    ///
    /// ```
    /// use taskdex::schedule::{Schedule, TimeZone};
    ///
    /// let date = "2026-12-01".parse().unwrap();
    /// let schedule = Schedule::fixed_time(date, "02:00:00".parse().unwrap(), TimeZone::UTC)?;
    /// let found = schedule.next_execution("2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
    /// assert_eq!(found.to_string(), "2026-12-01 02:00:00");
    /// assert_eq!(schedule.next_execution(found.instant()), None);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn fixed_time(date: NaiveDate, time: NaiveTime, zone: TimeZone) -> Result<Self, Error> {
        let day = checked_day(date, "scheduled_date")?;
        Self::new(Pattern::Once { day }, time, zone)
    }

    /// A `DAY` schedule: every `day_interval` calendar days.
    ///
    /// It counts on across the ends of months, from its
    /// [start date](Self::with_start_date) or from when it was
    /// [added](Self::counting_from). With neither it counts from the date, in
    /// its zone, of the instant that it is asked about. That it does not begin
    /// anew with each month is a decision of this crate: the distance of two
    /// executions is then what the interval says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`] for a `day_interval` that is not 1 to 31;
    /// [`ErrorKind::InvalidSyntax`] for a `scheduled_time` that is not a whole second.
    ///
    /// ```
    /// use taskdex::schedule::{Schedule, TimeZone};
    ///
    /// let schedule = Schedule::daily(3, "08:00:00".parse().unwrap(), TimeZone::UTC)?
    ///     .with_start_date("2026-01-30".parse().unwrap())?;
    /// let now = "2026-01-30T08:00:00Z".parse().unwrap();
    /// assert_eq!(schedule.next_execution(now).unwrap().to_string(), "2026-02-02 08:00:00");
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn daily(day_interval: u32, time: NaiveTime, zone: TimeZone) -> Result<Self, Error> {
        let interval = DAY_INTERVAL.check("day_interval", day_interval)?;
        // The limits are far below the end of a byte.
        let interval = u8::try_from(interval).unwrap_or(u8::MAX);
        let pattern = Pattern::EveryDays {
            interval,
            anchor: Anchor::Asked,
            from: 0,
        };
        Self::new(pattern, time, zone)
    }

    /// A `WEEK` schedule: on every day whose weekday is one of `days`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSyntax`] for a `scheduled_time` that is not a whole second.
    ///
    /// ```
    /// use chrono::Weekday;
    /// use taskdex::schedule::{Schedule, TimeZone, Weekdays};
    ///
    /// let sundays = Weekdays::from(Weekday::Sun);
    /// let schedule = Schedule::weekly(sundays, "00:00:00".parse().unwrap(), TimeZone::UTC)?;
    /// let now = "2026-02-28T12:00:00Z".parse().unwrap();
    /// assert_eq!(schedule.next_execution(now).unwrap().to_string(), "2026-03-01 00:00:00");
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn weekly(days: Weekdays, time: NaiveTime, zone: TimeZone) -> Result<Self, Error> {
        Self::new(Pattern::Weekly { days: days.bits() }, time, zone)
    }

    /// A `MONTH` schedule: in each of `months`, on each of `dates` that the month
    /// has.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ImpossibleSchedule`] where none of the months ever has any of the
    /// dates; [`ErrorKind::InvalidSyntax`] for a `scheduled_time` that is not a whole second.
    ///
    /// ```
    /// use chrono::Month;
    /// use taskdex::schedule::{Months, Schedule, TimeZone};
    /// use taskdex::ErrorKind;
    ///
    /// let february = Months::from(Month::February);
    /// let on = |dates: &str| {
    ///     Schedule::monthly(february, dates.parse()?, "00:00:00".parse().unwrap(), TimeZone::UTC)
    /// };
    /// let now = "2096-03-01T00:00:00Z".parse().unwrap();
    /// assert_eq!(on("29")?.next_execution(now).unwrap().to_string(), "2104-02-29 00:00:00");
    /// assert_eq!(on("30").unwrap_err().kind(), ErrorKind::ImpossibleSchedule);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn monthly(
        months: Months,
        dates: MonthDates,
        time: NaiveTime,
        zone: TimeZone,
    ) -> Result<Self, Error> {
        if !is_possible(months.bits(), dates.bits()) {
            return Err(Error::refused(
                ErrorKind::ImpossibleSchedule,
                "date_list",
                &dates.to_string(),
                format!("a date that one of the months {months} has"),
            ));
        }
        let pattern = Pattern::Monthly {
            months: months.bits(),
            dates: dates.bits(),
        };
        Self::new(pattern, time, zone)
    }

    fn new(pattern: Pattern, time: NaiveTime, zone: TimeZone) -> Result<Self, Error> {
        let time = checked_second(time, "scheduled_time")?;
        // The first schedule in a zone waits for its spans to be found; a question for an
        // execution never does.
        let _ = zone.clock();
        Ok(Self {
            pattern,
            expiry: Expiry::NEVER,
            time,
            zone,
            gap_rule: GapRule::default(),
        })
    }

    /// The same `DAY` schedule, counting from a date: on it, and every
    /// `day_interval` days after it.
    ///
    /// The documented API has no such field; it is a decision of this crate to
    /// accept one, as a count must begin somewhere.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`] for a `start_date` that is not of years 1 to 9999;
    /// [`ErrorKind::ImpossibleSchedule`] for a schedule that is not a `DAY` schedule.
    ///
    /// ```
    /// use taskdex::schedule::{Schedule, TimeZone};
    ///
    /// let daily = Schedule::daily(1, "08:00:00".parse().unwrap(), TimeZone::UTC)?;
    /// let started = daily.with_start_date("2030-01-01".parse().unwrap())?;
    /// let now = "2026-01-01T00:00:00Z".parse().unwrap();
    /// assert_eq!(started.next_execution(now).unwrap().to_string(), "2030-01-01 08:00:00");
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn with_start_date(self, date: NaiveDate) -> Result<Self, Error> {
        let from = checked_day(date, "start_date")?;
        let Pattern::EveryDays { interval, .. } = self.pattern else {
            return Err(Error::refused(
                ErrorKind::ImpossibleSchedule,
                "start_date",
                &date.to_string(),
                "a start date for a DAY schedule only",
            ));
        };
        let pattern = Pattern::EveryDays {
            interval,
            anchor: Anchor::Started,
            from,
        };
        Ok(Self { pattern, ..self })
    }

    /// The same schedule, ending with what executes at `at` or before.
    ///
    /// `at` is on the wall clock of the schedule's zone. A moment that the clock
    /// repeats is the first of the two. One that it skips moves forward by the length of the
    /// gap, whatever the schedule's [`GapRule`]: an expiry is a moment, not an execution. This
    /// is a decision of this crate.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`] for an `expire_time` that is not of years 1 to 9999;
    /// [`ErrorKind::InvalidSyntax`] for one that is not a whole second.
    ///
    /// ```
    /// use taskdex::schedule::{Schedule, TimeZone, Weekdays};
    ///
    /// let schedule = Schedule::weekly(Weekdays::ALL, "08:00:00".parse().unwrap(), TimeZone::UTC)?
    ///     .with_expire_time("2026-01-02T08:00:00".parse().unwrap())?;
    /// let last = "2026-01-02T08:00:00Z".parse().unwrap();
    /// assert_eq!(schedule.executions("2026-01-01T00:00:00Z".parse().unwrap()).count(), 2);
    /// assert_eq!(schedule.next_execution(last), None);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn with_expire_time(self, at: NaiveDateTime) -> Result<Self, Error> {
        checked_day(at.date(), "expire_time")?;
        checked_second(at.time(), "expire_time")?;
        let wall = at.and_utc().timestamp();
        let offset = match self.zone.clock().resolve(wall) {
            Resolution::Single { offset } => offset,
            Resolution::Gap { before, .. } => before,
            Resolution::Fold { first, .. } => first,
        };
        Ok(Self {
            expiry: Expiry::new(wall, wall - i64::from(offset)),
            ..self
        })
    }

    /// The same schedule under another rule for executions at times that the clock skips.
    ///
    /// The expiry is the same: it is no execution.
    #[must_use]
    pub fn with_gap_rule(self, rule: GapRule) -> Self {
        Self {
            gap_rule: rule,
            ..self
        }
    }

    /// The same schedule, as one that was added at an instant.
    ///
    /// A `DAY` schedule without a start date then counts from that instant's date in
    /// its zone. Every other schedule, and one that counts from somewhere
    /// already, is unchanged: the first adding is the one that counts.
    ///
    /// ```
    /// use taskdex::schedule::{Schedule, TimeZone};
    ///
    /// let schedule = Schedule::daily(10, "08:00:00".parse().unwrap(), TimeZone::UTC)?
    ///     .counting_from("2026-01-01T09:00:00Z".parse().unwrap());
    /// let now = "2026-01-05T00:00:00Z".parse().unwrap();
    /// assert_eq!(schedule.next_execution(now).unwrap().to_string(), "2026-01-11 08:00:00");
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[must_use]
    pub fn counting_from(self, added: DateTime<Utc>) -> Self {
        if !self.pattern.is_unanchored() {
            return self;
        }
        let second = added.timestamp();
        let wall = second + i64::from(self.zone.clock().at(second).offset);
        Self {
            pattern: self.pattern.counting_from(day_of_wall(wall)),
            ..self
        }
    }
}

/// What a schedule was made of.
impl Schedule {
    /// How the dates recur.
    ///
    /// ```
    /// use taskdex::schedule::{Recurrence, Schedule, TimeZone};
    ///
    /// let schedule = Schedule::daily(3, "08:00:00".parse().unwrap(), TimeZone::UTC)?;
    /// assert_eq!(schedule.recurrence(), Recurrence::Daily { day_interval: 3 });
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[must_use]
    pub fn recurrence(&self) -> Recurrence {
        match self.pattern {
            Pattern::Once { day } => Recurrence::FixedTime { date: date_of(day) },
            Pattern::EveryDays { interval, .. } => Recurrence::Daily {
                day_interval: u32::from(interval),
            },
            Pattern::Weekly { days } => Recurrence::Weekly {
                days: Weekdays::from_bits(days),
            },
            Pattern::Monthly { months, dates } => Recurrence::Monthly {
                months: Months::from_bits(months),
                dates: MonthDates::from_bits(dates),
            },
        }
    }

    /// The time of day, a whole second.
    #[must_use]
    pub fn time(&self) -> NaiveTime {
        // It was taken from a time of day, so that there is one.
        NaiveTime::from_num_seconds_from_midnight_opt(self.time, 0).unwrap_or_default()
    }

    /// The zone on whose wall clock dates and times are read.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        self.zone
    }

    /// The date from which a `DAY` schedule counts, where it has one.
    ///
    /// It was [given](Self::with_start_date), or follows from when the task was
    /// [added](Self::counting_from).
    #[must_use]
    pub fn start_date(&self) -> Option<NaiveDate> {
        match self.pattern {
            Pattern::EveryDays {
                anchor: Anchor::Started,
                from,
                ..
            } => Some(date_of(from)),
            _ => None,
        }
    }

    /// Whether this is a `DAY` schedule without a [start date](Self::start_date).
    #[must_use]
    pub(crate) fn lacks_start_date(&self) -> bool {
        self.pattern.is_unanchored()
    }

    /// The expiry as it was given, on the wall clock of the zone.
    #[must_use]
    pub fn expire_time(&self) -> Option<NaiveDateTime> {
        self.expiry.wall_clock()
    }

    /// The rule for times that the clock skips.
    #[must_use]
    pub fn gap_rule(&self) -> GapRule {
        self.gap_rule
    }
}

#[expect(
    clippy::missing_fields_in_debug,
    reason = "each is shown as it was given"
)]
impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Schedule");
        shown
            .field("recurrence", &self.recurrence())
            .field("time", &self.time())
            .field("time_zone", &self.time_zone())
            .field("gap_rule", &self.gap_rule());
        if let Pattern::EveryDays { anchor, from, .. } = self.pattern {
            match anchor {
                Anchor::Asked => {}
                Anchor::Started => _ = shown.field("start_date", &date_of(from)),
            }
        }
        if let Some(expire_time) = self.expire_time() {
            shown.field("expire_time", &expire_time);
        }
        shown.finish()
    }
}

/// The day number of a date of years 1 to 9999.
fn checked_day(date: NaiveDate, parameter: &'static str) -> Result<i32, Error> {
    if YEARS.contains(&date.year()) {
        return Ok(day_of(date));
    }
    Err(Error::refused(
        ErrorKind::OutOfRange,
        parameter,
        &date.to_string(),
        YEARS_ACCEPTED,
    ))
}

/// The second of the day, of a time that is a whole one.
fn checked_second(time: NaiveTime, parameter: &'static str) -> Result<u32, Error> {
    // chrono has a leap second as a fraction of more than a second.
    if time.nanosecond() == 0 {
        return Ok(time.num_seconds_from_midnight());
    }
    Err(Error::refused(
        ErrorKind::InvalidSyntax,
        parameter,
        &time.to_string(),
        "a time of whole seconds",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_schedules_stay_small() {
        assert_eq!(size_of::<Schedule>(), 24);
        assert_eq!(size_of::<TimeZone>(), 2);
        assert_eq!(size_of::<Execution>(), 16);
    }

    #[test]
    fn a_schedule_gives_back_what_it_was_made_of() {
        let zone: TimeZone = "UTC+05:30".parse().unwrap();
        let time: NaiveTime = "23:59:58".parse().unwrap();
        let date: NaiveDate = "2026-02-28".parse().unwrap();
        let days: Weekdays = "1,7".parse().unwrap();
        let months: Months = "2,12".parse().unwrap();
        let dates: MonthDates = "29,L".parse().unwrap();
        for (schedule, recurrence) in [
            (
                Schedule::fixed_time(date, time, zone),
                Recurrence::FixedTime { date },
            ),
            (
                Schedule::daily(31, time, zone),
                Recurrence::Daily { day_interval: 31 },
            ),
            (
                Schedule::weekly(days, time, zone),
                Recurrence::Weekly { days },
            ),
            (
                Schedule::monthly(months, dates, time, zone),
                Recurrence::Monthly { months, dates },
            ),
        ] {
            let schedule = schedule.unwrap();
            assert_eq!(schedule.recurrence(), recurrence);
            assert_eq!((schedule.time(), schedule.time_zone()), (time, zone));
            assert_eq!(
                (schedule.start_date(), schedule.expire_time()),
                (None, None)
            );
            let expire = date.and_time(time);
            let expiring = schedule.with_expire_time(expire).unwrap();
            assert_eq!(expiring.expire_time(), Some(expire));
        }
        let started = Schedule::daily(1, time, zone)
            .unwrap()
            .with_start_date(date);
        assert_eq!(started.unwrap().start_date(), Some(date));
    }
}
