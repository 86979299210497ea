use chrono::{DateTime, Month, NaiveDateTime, TimeZone, Utc, Weekday};
use rrule::{Frequency, NWeekday, RRule, RRuleSet, Tz};

use super::{Peer, Wordless};
use crate::plans::{Dates, Plan};

/// The `rrule` crate: recurrence rules of iCalendar.
///
/// A rule is walked from its first date on. Where a plan has none, it begins on
/// the date of `now`, which leaves the fewest dates to walk.
#[derive(Debug)]
pub struct Rrule(RRuleSet);

impl Peer for Rrule {
    const NAME: &str = "rrule";

    fn of(plan: &Plan, now: DateTime<Utc>) -> Result<Self, Wordless> {
        let today = plan.zone.date(now);
        let (start, rule) = match &plan.dates {
            Dates::Once(date) => (*date, RRule::new(Frequency::Daily)),
            Dates::EveryDays(interval, start) => {
                (*start, RRule::new(Frequency::Daily).interval(*interval))
            }
            Dates::Weekdays(days) => {
                let days = days.iter().map(|&day| NWeekday::Every(weekday(day)));
                let rule = RRule::new(Frequency::Weekly).by_weekday(days.collect());
                (today, rule)
            }
            Dates::Monthly {
                months,
                dates,
                last,
            } => {
                let months: Vec<Month> = (months.iter())
                    .map(|&month| Month::try_from(month).expect("1 to 12"))
                    .collect();
                let dates = dates.iter().map(|date| date.cast_signed());
                let rule = RRule::new(Frequency::Monthly)
                    .by_month(&months)
                    .by_month_day(dates.chain(last.then_some(-1)).collect());
                (today, rule)
            }
        };
        let instant = |wall: NaiveDateTime| plan.zone.tz.from_local_datetime(&wall).earliest();
        let start = instant(start.and_time(plan.time)).ok_or(Wordless::SkippedStart)?;
        // `COUNT=1` would go on to the next day where one is left out.
        let once = matches!(plan.dates, Dates::Once(_)).then_some(start);
        let expiry = plan.expires.and_then(instant);
        let expiry = once.into_iter().chain(expiry).min();
        let start = start.with_timezone(&Tz::from(plan.zone.tz));
        let rule = match expiry {
            // A rule that would end before it begins is refused: no rule at all.
            Some(expiry) if expiry < start => return Ok(Self(RRuleSet::new(start))),
            Some(expiry) => rule.until(expiry.with_timezone(&Tz::UTC)),
            None => rule,
        };
        Ok(Self(rule.build(start).expect("a valid rule")))
    }

    fn executions(&self, now: DateTime<Utc>, count: usize) -> Vec<i64> {
        (self.0.into_iter())
            .map(|time| time.timestamp())
            .filter(|&second| second > now.timestamp())
            .take(count)
            .collect()
    }

    fn next_execution(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let found = self.0.into_iter().find(|&time| time > now)?;
        Some(found.with_timezone(&Utc))
    }
}

/// The weekday of a number: 1 is Sunday.
fn weekday(number: u8) -> Weekday {
    Weekday::try_from((number + 5) % 7).expect("0 is Monday, 6 is Sunday")
}
