//! When a task executes: schedules, time zones and execution times.

mod calendar;
mod execution;
mod executions;
mod search;
mod sets;
pub mod text;
mod zone;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

use crate::error::{Error, ErrorKind};
use calendar::{Anchor, Pattern, date_of, day_of, day_of_wall, is_possible, second_of_day};

pub use execution::Execution;
pub use executions::{Executions, ExecutionsBefore, ExecutionsBetween};
pub use sets::{MonthDate, MonthDates, Months, Weekdays};
pub use zone::{Resolution, TimeZone, zone_database_version};

/// When a task executes.
///
/// 24 bytes, `Copy`, nothing on the heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Schedule {
    pattern: Pattern,
    expiry: Expiry,
    /// Seconds from midnight.
    time: u32,
    zone: TimeZone,
    gap_rule: GapRule,
}

/// What happens to an execution at a time that the clock skips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum GapRule {
    /// It moves forward by the length of the gap.
    #[default]
    Forward,
    /// It happens at the end of the gap.
    GapEnd,
    /// It is left out.
    Skip,
}

/// How the dates of a schedule recur, as plain values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recurrence {
    /// `FIXED_TIME`: once.
    FixedTime {
        /// The date.
        date: NaiveDate,
    },
    /// `DAY`: every so many calendar days.
    Daily {
        /// 1 to 31.
        day_interval: u32,
    },
    /// `WEEK`: on these weekdays.
    Weekly {
        /// The weekdays.
        days: Weekdays,
    },
    /// `MONTH`: on these dates of these months.
    Monthly {
        /// The months.
        months: Months,
        /// The dates.
        dates: MonthDates,
    },
}

/// The expiry as given, on the wall clock, and as an instant.
///
/// Packed: the upper 44 bits are the wall clock in seconds, the lower 20 by how
/// many seconds the instant is before it, less `BIAS`. `NEVER` is apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Expiry(i64);

impl Expiry {
    const NEVER: Self = Self(i64::MAX);
    const BITS: u32 = 20;
    const BIAS: i64 = 1 << (Self::BITS - 1);

    fn new(wall: i64, instant: i64) -> Self {
        Self(wall << Self::BITS | (wall - instant + Self::BIAS))
    }

    fn wall(self) -> Option<i64> {
        (self != Self::NEVER).then_some(self.0 >> Self::BITS)
    }

    fn instant(self) -> i64 {
        let ahead = (self.0 & ((1 << Self::BITS) - 1)) - Self::BIAS;
        // `NEVER` stands for an instant of its own, past every execution.
        (self.0 >> Self::BITS) - ahead
    }
}

impl Schedule {
    /// A `FIXED_TIME` schedule: once.
    ///
    /// # Errors
    ///
    /// `scheduled_date` or `scheduled_time` out of range.
    pub fn fixed_time(date: NaiveDate, time: NaiveTime, zone: TimeZone) -> Result<Self, Error> {
        let day = checked_day(date, "scheduled_date")?;
        Self::new(Pattern::Once { day }, time, zone)
    }

    /// A `DAY` schedule: every `day_interval` days.
    ///
    /// # Errors
    ///
    /// `day_interval` or `scheduled_time` out of range.
    pub fn daily(day_interval: u32, time: NaiveTime, zone: TimeZone) -> Result<Self, Error> {
        let interval = u8::try_from(day_interval)
            .ok()
            .filter(|interval| (1..=31).contains(interval))
            .ok_or_else(|| {
                Error::refused(
                    ErrorKind::OutOfRange,
                    "day_interval",
                    &day_interval.to_string(),
                    "a whole number from 1 to 31",
                )
            })?;
        let pattern = Pattern::EveryDays {
            interval,
            anchor: Anchor::Asked,
            from: 0,
        };
        Self::new(pattern, time, zone)
    }

    /// A `WEEK` schedule: on some weekdays.
    ///
    /// # Errors
    ///
    /// `scheduled_time` out of range.
    pub fn weekly(days: Weekdays, time: NaiveTime, zone: TimeZone) -> Result<Self, Error> {
        Self::new(Pattern::Weekly { days: days.bits() }, time, zone)
    }

    /// A `MONTH` schedule: on some dates of some months.
    ///
    /// # Errors
    ///
    /// `scheduled_time` out of range; [`ErrorKind::ImpossibleSchedule`] where
    /// no month has any of the dates.
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
                format!("a date that a month of month_list={months} has"),
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
        // The spans of a zone are found here rather than by whoever asks first.
        let _ = zone.clock();
        Ok(Self {
            pattern,
            expiry: Expiry::NEVER,
            time,
            zone,
            gap_rule: GapRule::default(),
        })
    }

    /// The same `DAY` schedule, counting from a date.
    ///
    /// # Errors
    ///
    /// `start_date` out of range, or given for another recurrence.
    pub fn starting_on(self, date: NaiveDate) -> Result<Self, Error> {
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

    /// The same schedule, with its last execution at `at` or before.
    ///
    /// # Errors
    ///
    /// `expire_time` out of range.
    pub fn expiring_at(self, at: NaiveDateTime) -> Result<Self, Error> {
        checked_day(at.date(), "expire_time")?;
        checked_second(at.time(), "expire_time")?;
        Ok(self.with_expiry(at.and_utc().timestamp()))
    }

    fn with_expiry(mut self, wall: i64) -> Self {
        let resolution = self.zone.clock().resolve(wall);
        let instant = match self.gap_rule.execution(resolution, wall) {
            Some(execution) => execution.unix_seconds(),
            // Nothing happens in a gap that is left out: its begin is as good.
            None => match resolution {
                Resolution::Gap { change, .. } => change - 1,
                Resolution::Single { offset } | Resolution::Fold { first: offset, .. } => {
                    wall - i64::from(offset)
                }
            },
        };
        self.expiry = Expiry::new(wall, instant);
        self
    }

    /// The same schedule under another rule for gaps.
    #[must_use]
    pub fn with_gap_rule(self, rule: GapRule) -> Self {
        let changed = Self {
            gap_rule: rule,
            ..self
        };
        match self.expiry.wall() {
            Some(wall) => changed.with_expiry(wall),
            None => changed,
        }
    }

    /// The same schedule, as one that was added at an instant: a `DAY` schedule
    /// without a start date counts from that date in its zone.
    #[must_use]
    pub fn counting_from(self, added: DateTime<Utc>) -> Self {
        self.counting_from_second(added.timestamp())
    }

    fn counting_from_second(self, second: i64) -> Self {
        if !self.pattern.is_unanchored() {
            return self;
        }
        let offset = self.zone.clock().at(second).offset;
        let pattern = self
            .pattern
            .counting_from(day_of_wall(second + i64::from(offset)));
        Self { pattern, ..self }
    }

    /// How the dates recur.
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

    /// The time of day.
    #[must_use]
    pub fn time(&self) -> NaiveTime {
        // Taken from a time of day when the schedule was made.
        NaiveTime::from_num_seconds_from_midnight_opt(self.time, 0).unwrap_or_default()
    }

    /// The zone whose wall clock counts.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        self.zone
    }

    /// The start date that was given.
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

    /// The expiry as given, on the wall clock of the zone.
    #[must_use]
    pub fn expire_time(&self) -> Option<NaiveDateTime> {
        let wall = self.expiry.wall()?;
        let day = date_of(day_of_wall(wall));
        NaiveTime::from_num_seconds_from_midnight_opt(second_of_day(wall), 0)
            .map(|time| day.and_time(time))
    }

    /// The rule for gaps.
    #[must_use]
    pub fn gap_rule(&self) -> GapRule {
        self.gap_rule
    }
}

fn checked_day(date: NaiveDate, parameter: &'static str) -> Result<i32, Error> {
    if (1..=9999).contains(&date.year()) {
        return Ok(day_of(date));
    }
    Err(Error::refused(
        ErrorKind::OutOfRange,
        parameter,
        &date.to_string(),
        "a date of years 0001 to 9999",
    ))
}

/// The second of the day, of a time that is a whole one.
fn checked_second(time: NaiveTime, parameter: &'static str) -> Result<u32, Error> {
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
