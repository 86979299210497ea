//! The executions of a schedule as lazy sequences.

use std::iter::FusedIterator;

use chrono::{DateTime, Utc};

use super::Schedule;
use super::execution::Execution;
use super::search::second_before;

/// The executions after an instant, earliest first: see [`Schedule::executions`].
#[derive(Debug, Clone)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Executions {
    schedule: Schedule,
    /// The last Unix second that has been dealt with.
    after: i64,
}

/// The executions before an instant, latest first: see
/// [`Schedule::executions_before`].
#[derive(Debug, Clone)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct ExecutionsBefore {
    schedule: Schedule,
    /// The last Unix second that has not been dealt with.
    until: i64,
}

/// The executions between two instants, from either end: see
/// [`Schedule::executions_between`].
#[derive(Debug, Clone)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct ExecutionsBetween {
    schedule: Schedule,
    after: i64,
    until: i64,
}

/// Walking through executions.
///
/// Each step costs what [`next_execution`](Self::next_execution) does. A `DAY` schedule that
/// counts from nothing yet counts from the date, in its zone, of the first
/// argument, all along the walk.
impl Schedule {
    /// The executions strictly after `after`, earliest first.
    ///
    /// Without an expiry they go on to the end of the year 9999.
    ///
    /// ```
    /// use taskdex::schedule::{Schedule, TimeZone};
    ///
    /// let schedule = Schedule::daily(2, "12:00:00".parse().unwrap(), TimeZone::UTC)?;
    /// let after = "2026-01-01T12:00:00Z".parse().unwrap();
    /// let shown: Vec<_> = schedule.executions(after).take(2).map(|found| found.to_string()).collect();
    /// assert_eq!(shown, ["2026-01-03 12:00:00", "2026-01-05 12:00:00"]);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn executions(&self, after: DateTime<Utc>) -> Executions {
        Executions {
            schedule: self.counting_from(after),
            after: after.timestamp(),
        }
    }

    /// The executions strictly before `before`, latest first.
    ///
    /// ```
    /// use taskdex::schedule::{Months, Schedule, TimeZone};
    ///
    /// let last_days = "L".parse()?;
    /// let time = "12:00:00".parse().unwrap();
    /// let schedule = Schedule::monthly(Months::ALL, last_days, time, TimeZone::UTC)?;
    /// let before = "2028-03-31T12:00:00Z".parse().unwrap();
    /// let shown: Vec<_> =
    ///     schedule.executions_before(before).take(2).map(|found| found.to_string()).collect();
    /// assert_eq!(shown, ["2028-02-29 12:00:00", "2028-01-31 12:00:00"]);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn executions_before(&self, before: DateTime<Utc>) -> ExecutionsBefore {
        ExecutionsBefore {
            schedule: self.counting_from(before),
            until: second_before(before),
        }
    }

    /// The executions strictly after `after`, up to and including `until`.
    ///
    /// So neighbouring spans share no execution and lose none. Empty where
    /// `until` is not after `after`. From the back it is the latest first.
    ///
    /// ```
    /// use taskdex::schedule::{Schedule, TimeZone, Weekdays};
    ///
    /// let schedule = Schedule::weekly(Weekdays::ALL, "12:00:00".parse().unwrap(), TimeZone::UTC)?;
    /// let after = "2026-01-01T12:00:00Z".parse().unwrap();
    /// let until = "2026-01-04T12:00:00Z".parse().unwrap();
    /// let mut between = schedule.executions_between(after, until);
    /// assert_eq!(between.next_back().unwrap().to_string(), "2026-01-04 12:00:00");
    /// assert_eq!(between.next().unwrap().to_string(), "2026-01-02 12:00:00");
    /// assert_eq!(between.count(), 1);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn executions_between(
        &self,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> ExecutionsBetween {
        ExecutionsBetween {
            schedule: self.counting_from(after),
            after: after.timestamp(),
            until: until.timestamp(),
        }
    }
}

impl Iterator for Executions {
    type Item = Execution;

    fn next(&mut self) -> Option<Execution> {
        let found = self.schedule.first_after(self.after)?;
        self.after = found.unix_seconds();
        Some(found)
    }
}

impl FusedIterator for Executions {}

impl Iterator for ExecutionsBefore {
    type Item = Execution;

    fn next(&mut self) -> Option<Execution> {
        let found = self.schedule.last_until(self.until)?;
        self.until = found.unix_seconds() - 1;
        Some(found)
    }
}

impl FusedIterator for ExecutionsBefore {}

impl Iterator for ExecutionsBetween {
    type Item = Execution;

    fn next(&mut self) -> Option<Execution> {
        let found = self.schedule.first_after(self.after)?;
        if found.unix_seconds() > self.until {
            return None;
        }
        self.after = found.unix_seconds();
        Some(found)
    }
}

impl DoubleEndedIterator for ExecutionsBetween {
    fn next_back(&mut self) -> Option<Execution> {
        let found = self.schedule.last_until(self.until)?;
        if found.unix_seconds() <= self.after {
            return None;
        }
        self.until = found.unix_seconds() - 1;
        Some(found)
    }
}

impl FusedIterator for ExecutionsBetween {}
