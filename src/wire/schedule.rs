//! The fields that say when a task runs, of a record and of the future-executions call.

use chrono::{NaiveDate, NaiveTime};

use super::fields::{Field, Fields};
use crate::error::{Error, ErrorKind};
use crate::limits::DAY_INTERVAL;
use crate::schedule::text::{parse_date, parse_date_time, parse_time, refused_date};
use crate::schedule::{GapRule, MonthDates, Months, Schedule, TimeZone, Weekdays};
use crate::task::{LifeCycleType, ReportedTiming, ScheduledType, Trigger};

const DATE_ACCEPTED: &str = "a date as yyyy-MM-dd";
const TIME_ACCEPTED: &str = "a time as HH:mm:ss";
const DATE_TIME_ACCEPTED: &str = "a date and time as yyyy-MM-dd HH:mm:ss";

/// The fields that a timed type cannot do without.
fn fields_required(scheduled_type: ScheduledType) -> &'static [Field] {
    match scheduled_type {
        ScheduledType::FixedTime => &[Field::ScheduledDate, Field::ScheduledTime],
        ScheduledType::Day => &[Field::DayInterval, Field::ScheduledTime],
        ScheduledType::Week => &[Field::WeekList, Field::ScheduledTime],
        ScheduledType::Month => &[Field::MonthList, Field::DateList, Field::ScheduledTime],
        ScheduledType::LifeCycle => &[],
    }
}

pub(super) fn read_scheduled_type(fields: &Fields<'_>) -> Result<ScheduledType, Error> {
    fields.required(Field::ScheduledType, ScheduledType::ACCEPTED)
}

/// Whether the task is executed; an absent `enable` is true.
pub(super) fn read_enabled(fields: &Fields<'_>) -> Result<bool, Error> {
    Ok(fields.boolean(Field::Enable)?.unwrap_or(true))
}

/// Reads the event of a triggered task, and its zone.
pub(super) fn read_trigger(fields: &Fields<'_>) -> Result<Trigger, Error> {
    let life_cycle_type: LifeCycleType =
        fields.required(Field::LifeCycleType, LifeCycleType::ACCEPTED)?;
    let trigger = Trigger::on(life_cycle_type);
    Ok(match read_time_zone(fields)? {
        Some(time_zone) => trigger.with_time_zone(time_zone),
        None => trigger,
    })
}

/// Reads what another service reported of a timed task without a schedule.
pub(super) fn read_reported(
    fields: &Fields<'_>,
    scheduled_type: ScheduledType,
) -> Result<ReportedTiming, Error> {
    let mut timing = ReportedTiming::new(scheduled_type)?;
    if let Some(time) = fields.parsed(Field::NextExecutionTime)? {
        timing = timing.with_next_execution_time(time);
    }
    if let Some(time_zone) = fields.string(Field::TimeZone)? {
        timing = timing.with_time_zone(&time_zone);
    }
    Ok(timing)
}

/// Reads the schedule of a timed record.
///
/// `None` where it has no field that its type requires: then another service reported it, and an
/// `expire_time`, `start_date` or `gap_rule` beside it says nothing.
pub(super) fn read_schedule(
    fields: &Fields<'_>,
    scheduled_type: ScheduledType,
) -> Result<Option<Schedule>, Error> {
    let required = fields_required(scheduled_type);
    if !required.iter().any(|&field| fields.has(field)) {
        return Ok(None);
    }
    if let Some(&missing) = required.iter().find(|&&field| !fields.has(field)) {
        return Err(incomplete(scheduled_type, missing));
    }

    let time = read_time(fields)?;
    let zone = read_time_zone(fields)?.unwrap_or_default();
    let unread = |field| move || incomplete(scheduled_type, field);
    let mut schedule = match scheduled_type {
        ScheduledType::FixedTime => {
            let date = read_date(fields, Field::ScheduledDate)?
                .ok_or_else(unread(Field::ScheduledDate))?;
            Schedule::fixed_time(date, time, zone)?
        }
        ScheduledType::Day => {
            let interval = fields
                .integer(Field::DayInterval, DAY_INTERVAL.accepted)?
                .ok_or_else(unread(Field::DayInterval))?;
            Schedule::daily(interval, time, zone)?
        }
        ScheduledType::Week => {
            let days: Weekdays = fields
                .parsed(Field::WeekList)?
                .ok_or_else(unread(Field::WeekList))?;
            Schedule::weekly(days, time, zone)?
        }
        ScheduledType::Month => {
            let months: Months = fields
                .parsed(Field::MonthList)?
                .ok_or_else(unread(Field::MonthList))?;
            let dates: MonthDates = fields
                .parsed(Field::DateList)?
                .ok_or_else(unread(Field::DateList))?;
            Schedule::monthly(months, dates, time, zone)?
        }
        ScheduledType::LifeCycle => return Ok(None),
    };
    if scheduled_type == ScheduledType::Day
        && let Some(date) = read_date(fields, Field::StartDate)?
    {
        schedule = schedule.with_start_date(date)?;
    }
    if let Some(text) = fields.string(Field::ExpireTime)? {
        let at = parse_date_time(&text)
            .ok_or_else(|| refused_date(Field::ExpireTime.as_str(), &text, DATE_TIME_ACCEPTED))?;
        schedule = schedule.with_expire_time(at)?;
    }
    if let Some(rule) = fields.parsed::<GapRule>(Field::GapRule)? {
        schedule = schedule.with_gap_rule(rule);
    }
    Ok(Some(schedule))
}

/// Reads a schedule that must be there, with its `scheduled_type`.
pub(super) fn read_whole_schedule(fields: &Fields<'_>) -> Result<Schedule, Error> {
    let scheduled_type = read_scheduled_type(fields)?;
    read_schedule(fields, scheduled_type)?.ok_or_else(|| {
        if scheduled_type.is_timed() {
            return missing_schedule(scheduled_type);
        }
        Error::refused(
            ErrorKind::UnknownValue,
            Field::ScheduledType.as_str(),
            scheduled_type.as_str(),
            ScheduledType::TIMED_ACCEPTED,
        )
    })
}

/// Reads the zone of a task with a schedule or a trigger.
fn read_time_zone(fields: &Fields<'_>) -> Result<Option<TimeZone>, Error> {
    fields.parsed(Field::TimeZone)
}

fn read_time(fields: &Fields<'_>) -> Result<NaiveTime, Error> {
    let text = fields.required_string(Field::ScheduledTime, TIME_ACCEPTED)?;
    parse_time(&text).ok_or_else(|| {
        let name = Field::ScheduledTime.as_str();
        Error::refused(ErrorKind::InvalidSyntax, name, &text, TIME_ACCEPTED)
    })
}

fn read_date(fields: &Fields<'_>, field: Field) -> Result<Option<NaiveDate>, Error> {
    let Some(text) = fields.string(field)? else {
        return Ok(None);
    };
    parse_date(&text)
        .map(Some)
        .ok_or_else(|| refused_date(field.as_str(), &text, DATE_ACCEPTED))
}

/// The refusal of a timed object that carries no schedule.
pub(super) fn missing_schedule(scheduled_type: ScheduledType) -> Error {
    incomplete(scheduled_type, Field::ScheduledTime)
}

fn incomplete(scheduled_type: ScheduledType, missing: Field) -> Error {
    let required = fields_required(scheduled_type);
    let names: Vec<&str> = required.iter().map(|field| field.as_str()).collect();
    Error::incomplete(
        missing.as_str(),
        format!("{} for {scheduled_type}", names.join(", ")),
    )
}
