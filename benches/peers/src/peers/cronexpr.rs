use chrono::{DateTime, Timelike, Utc};
use cronexpr::{Crontab, MakeTimestamp, parse_crontab};

use super::{Peer, Wordless, begun, between_commas, month_dates};
use crate::plans::{Dates, Plan};

/// The `cronexpr` crate, over jiff and the zone files of the system where there are some.
#[derive(Debug)]
pub struct Cronexpr(Crontab);

impl Peer for Cronexpr {
    const NAME: &str = "cronexpr";

    fn of(plan: &Plan, now: DateTime<Utc>) -> Result<Self, Wordless> {
        begun(plan, now)?;
        let dates = match &plan.dates {
            Dates::Once(_) => return Err(Wordless::Year),
            Dates::EveryDays(1, _) => "* * *".to_owned(),
            Dates::EveryDays(..) => return Err(Wordless::DayInterval),
            Dates::Weekdays(days) => {
                // 0 is Sunday.
                let days: Vec<u8> = days.iter().map(|day| day - 1).collect();
                format!("* * {}", between_commas(&days))
            }
            Dates::Monthly {
                months,
                dates,
                last,
            } => format!("{} {} *", month_dates(dates, *last), between_commas(months)),
        };
        if plan.expires.is_some() {
            return Err(Wordless::Expiry);
        }
        if plan.time.second() != 0 {
            return Err(Wordless::Second);
        }
        let (minute, hour, zone) = (plan.time.minute(), plan.time.hour(), plan.zone.tz.name());
        let expression = format!("{minute} {hour} {dates} {zone}");
        Ok(Self(
            parse_crontab(&expression).expect("an expression of cronexpr"),
        ))
    }

    fn executions(&self, now: DateTime<Utc>, count: usize) -> Vec<i64> {
        let after = MakeTimestamp::from_second(now.timestamp()).expect("an instant of its years");
        (self.0.iter_after(after).expect("an instant"))
            .map_while(Result::ok)
            .take(count)
            .map(|time| time.timestamp().as_second())
            .collect()
    }

    fn next_execution(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let after = MakeTimestamp::from_second(now.timestamp()).ok()?;
        let found = self.0.find_next(after).ok()?;
        DateTime::from_timestamp(found.timestamp().as_second(), 0)
    }
}
