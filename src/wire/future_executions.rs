//! The documented future-executions call: when would this schedule run?

use chrono::{DateTime, Utc};

use super::fields::{Field, Fields};
use super::response::write_string;
use super::schedule::{read_enabled, read_scheduled_type, read_trigger, read_whole_schedule};
use crate::error::Error;
use crate::schedule::{Execution, Schedule, TimeZone};

/// How many executions the documented call returns.
pub const FUTURE_EXECUTIONS_USUAL: usize = 5;

/// How an execution is written in the answer of the future-executions call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ExecutionFormat {
    /// `2026-11-01 01:30:00`, on the wall clock of the schedule's zone: the documented form.
    #[default]
    WallClock,
    /// `2026-11-01T01:30:00-04:00`, the wall clock with its offset.
    Rfc3339,
}

/// A schedule to be previewed, and the instant to look from.
///
/// ```
/// use taskdex::wire::{ExecutionFormat, FutureExecutions};
///
/// let now = "2026-12-01T00:00:00Z".parse()?;
/// let preview = FutureExecutions::from_json(
///     r#"{"scheduled_type":"MONTH","month_list":"2","date_list":"L","scheduled_time":"02:00:00"}"#,
///     now,
/// )?;
/// let mut body = Vec::new();
/// preview.write_json(2, ExecutionFormat::WallClock, &mut body);
/// assert_eq!(
///     String::from_utf8(body)?,
///     r#"{"future_executions":["2027-02-28 02:00:00","2028-02-29 02:00:00"],"time_zone":"Asia/Shanghai"}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FutureExecutions {
    /// None where nothing is ever executed by the clock.
    schedule: Option<Schedule>,
    time_zone: TimeZone,
    now: DateTime<Utc>,
}

impl FutureExecutions {
    /// Reads one JSON object: `scheduled_type`, the fields that it uses, and
    /// optionally `time_zone`, `enable` and `now` (RFC 3339, in place of the argument).
    ///
    /// A triggered or disabled schedule is checked like any other, and has no executions. A
    /// `DAY` schedule without a start date counts from the date of `now` in its zone.
    ///
    /// # Errors
    ///
    /// As [`Record::from_json`](crate::Record::from_json) for these fields;
    /// and a timed object without a schedule is refused with
    /// [`ErrorKind::IncompleteSchedule`](crate::ErrorKind::IncompleteSchedule).
    pub fn from_json(json: impl AsRef<[u8]>, now: DateTime<Utc>) -> Result<Self, Error> {
        let fields = Fields::from_json(json.as_ref())?;
        let now = fields.instant(Field::Now)?.unwrap_or(now);
        let enabled = read_enabled(&fields)?;
        let scheduled_type = read_scheduled_type(&fields)?;
        let (schedule, time_zone) = if scheduled_type.is_timed() {
            let schedule = read_whole_schedule(&fields)?.counting_from(now);
            (Some(schedule).filter(|_| enabled), schedule.time_zone())
        } else {
            (None, read_trigger(&fields)?.time_zone().unwrap_or_default())
        };
        Ok(Self {
            schedule,
            time_zone,
            now,
        })
    }

    /// The executions after `now`, soonest first, computed as they are asked for.
    pub fn executions(&self) -> impl Iterator<Item = Execution> + use<> {
        self.schedule
            .map(|schedule| schedule.executions(self.now))
            .into_iter()
            .flatten()
    }

    /// The zone in which the schedule is kept; `Asia/Shanghai` unless one was given.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        self.time_zone
    }

    /// Appends the documented body to `out`, with at most `count` executions.
    ///
    /// O(`count`), and at most one execution for each day up to the year 9999.
    pub fn write_json(&self, count: usize, format: ExecutionFormat, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"future_executions\":[");
        for (position, execution) in self.executions().take(count).enumerate() {
            if position > 0 {
                out.push(b',');
            }
            out.push(b'"');
            match format {
                ExecutionFormat::WallClock => out.extend_from_slice(&execution.to_ascii()),
                ExecutionFormat::Rfc3339 => out.extend_from_slice(&execution.to_rfc3339_ascii()),
            }
            out.push(b'"');
        }
        out.extend_from_slice(b"],\"time_zone\":");
        write_string(out, self.time_zone.name());
        out.push(b'}');
    }
}
