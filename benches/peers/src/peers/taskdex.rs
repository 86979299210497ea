use chrono::{DateTime, Month, Utc, Weekday};
use taskdex::schedule::MonthDate;
use taskdex::{Error, Execution, MonthDates, Months, Schedule, TimeZone, Weekdays};

use super::{Peer, Wordless};
use crate::plans::{Dates, Plan};

/// This crate.
#[derive(Debug)]
pub struct Taskdex(pub Schedule);

impl Peer for Taskdex {
    const NAME: &str = "taskdex";

    fn of(plan: &Plan, _now: DateTime<Utc>) -> Result<Self, Wordless> {
        Ok(Self(schedule(plan).expect("a valid plan")))
    }

    fn executions(&self, now: DateTime<Utc>, count: usize) -> Vec<i64> {
        (self.0.executions(now))
            .take(count)
            .map(Execution::unix_seconds)
            .collect()
    }

    fn next_execution(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        Some(self.0.next_execution(now)?.instant())
    }
}

fn schedule(plan: &Plan) -> Result<Schedule, Error> {
    let zone: TimeZone = plan.zone.name.parse()?;
    let schedule = match &plan.dates {
        Dates::Once(date) => Schedule::fixed_time(*date, plan.time, zone),
        Dates::EveryDays(interval, start) => {
            Schedule::daily(u32::from(*interval), plan.time, zone)?.with_start_date(*start)
        }
        Dates::Weekdays(days) => {
            // 1 is Sunday, and chrono has 0 for Monday.
            let days = days
                .iter()
                .map(|day| Weekday::try_from((day + 5) % 7).expect("0 is Monday, 6 is Sunday"));
            Schedule::weekly(Weekdays::new(days)?, plan.time, zone)
        }
        Dates::Monthly {
            months,
            dates,
            last,
        } => {
            let dates = dates.iter().map(|&date| MonthDate::Date(date));
            let dates = MonthDates::new(dates.chain(last.then_some(MonthDate::Last)))?;
            let months = months
                .iter()
                .map(|&month| Month::try_from(month).expect("1 to 12"));
            Schedule::monthly(Months::new(months)?, dates, plan.time, zone)
        }
    }?;
    match plan.expires {
        Some(expires) => schedule.with_expire_time(expires),
        None => Ok(schedule),
    }
}
