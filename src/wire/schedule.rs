//! The schedule fields of a record, and the future-executions call.

use chrono::{NaiveDate, NaiveTime};

use super::record::{Field, Fields};
use crate::error::{Error, ErrorKind};
use crate::limits::DAY_INTERVAL;
use crate::schedule::text::{parse_date, parse_date_time, parse_time};
use crate::schedule::{MonthDates, Months, Schedule, TimeZone, Weekdays};
use crate::task::ScheduledType;

const DATE_ACCEPTED: &str = "a date as yyyy-MM-dd";
const TIME_ACCEPTED: &str = "a time as HH:mm:ss";
const DATE_TIME_ACCEPTED: &str = "a date and time as yyyy-MM-dd HH:mm:ss";

/// The fields that a timed type cannot do without, and those it may have.
fn fields_used(scheduled_type: ScheduledType) -> (&'static [Field], &'static [Field]) {
    match scheduled_type {
        ScheduledType::FixedTime => (
            &[Field::ScheduledDate, Field::ScheduledTime],
            &[Field::ExpireTime],
        ),
        ScheduledType::Day => (
            &[Field::DayInterval, Field::ScheduledTime],
            &[Field::ExpireTime, Field::StartDate],
        ),
        ScheduledType::Week => (
            &[Field::WeekList, Field::ScheduledTime],
            &[Field::ExpireTime],
        ),
        ScheduledType::Month => (
            &[Field::MonthList, Field::DateList, Field::ScheduledTime],
            &[Field::ExpireTime],
        ),
        ScheduledType::LifeCycle => (&[], &[]),
    }
}

/// Reads the schedule of a timed record; none where it carries no field of one.
pub(super) fn read_schedule(
    fields: &Fields<'_>,
    scheduled_type: ScheduledType,
) -> Result<Option<Schedule>, Error> {
    let (required, optional) = fields_used(scheduled_type);
    if !required
        .iter()
        .chain(optional)
        .any(|&field| fields.has(field))
    {
        return Ok(None);
    }
    if let Some(missing) = required.iter().find(|&&field| !fields.has(field)) {
        return Err(incomplete(scheduled_type, *missing));
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
            .ok_or_else(|| malformed(Field::ExpireTime, &text, DATE_TIME_ACCEPTED))?;
        schedule = schedule.with_expire_time(at)?;
    }
    Ok(Some(schedule))
}

/// Reads the zone of a task with a schedule or a trigger; null and empty are none.
pub(super) fn read_time_zone(fields: &Fields<'_>) -> Result<Option<TimeZone>, Error> {
    fields.parsed(Field::TimeZone)
}

fn read_time(fields: &Fields<'_>) -> Result<NaiveTime, Error> {
    let text = fields.required_string(Field::ScheduledTime, TIME_ACCEPTED)?;
    parse_time(&text).ok_or_else(|| malformed(Field::ScheduledTime, &text, TIME_ACCEPTED))
}

fn read_date(fields: &Fields<'_>, field: Field) -> Result<Option<NaiveDate>, Error> {
    let Some(text) = fields.string(field)? else {
        return Ok(None);
    };
    parse_date(&text)
        .map(Some)
        .ok_or_else(|| malformed(field, &text, DATE_ACCEPTED))
}

fn malformed(field: Field, text: &str, accepted: &'static str) -> Error {
    Error::refused(ErrorKind::InvalidSyntax, field.as_str(), text, accepted)
}

/// The refusal of a timed object that carries no schedule.
pub(super) fn missing_schedule(scheduled_type: ScheduledType) -> Error {
    incomplete(scheduled_type, Field::ScheduledTime)
}

fn incomplete(scheduled_type: ScheduledType, missing: Field) -> Error {
    let (required, _) = fields_used(scheduled_type);
    let names: Vec<&str> = required.iter().map(|field| field.as_str()).collect();
    Error::incomplete(
        missing.as_str(),
        format!("{} for {scheduled_type}", names.join(", ")),
    )
}
