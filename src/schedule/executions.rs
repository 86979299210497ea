//! The executions of a schedule as lazy sequences.

use std::iter::FusedIterator;

use chrono::{DateTime, Utc};

use super::Schedule;
use super::execution::Execution;

/// The executions after an instant, ascending: see [`Schedule::executions`].
#[derive(Debug, Clone)]
pub struct Executions {
    schedule: Schedule,
    after: i64,
}

/// The executions before an instant, descending: see
/// [`Schedule::executions_before`].
#[derive(Debug, Clone)]
pub struct ExecutionsBefore {
    schedule: Schedule,
    until: i64,
}

/// The executions between two instants, from either end: see
/// [`Schedule::executions_between`].
#[derive(Debug, Clone)]
pub struct ExecutionsBetween {
    schedule: Schedule,
    after: i64,
    until: i64,
}

impl Schedule {
    /// The executions strictly after `after`, ascending.
    #[must_use]
    pub fn executions(&self, after: DateTime<Utc>) -> Executions {
        Executions {
            schedule: self.counting_from(after),
            after: after.timestamp(),
        }
    }

    /// The executions strictly before `before`, latest first.
    #[must_use]
    pub fn executions_before(&self, before: DateTime<Utc>) -> ExecutionsBefore {
        let fraction = i64::from(before.timestamp_subsec_nanos() > 0);
        ExecutionsBefore {
            schedule: self.counting_from(before),
            until: before.timestamp() - 1 + fraction,
        }
    }

    /// The executions strictly after `after` and not after `until`.
    #[must_use]
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
