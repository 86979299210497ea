//! taskdex and the libraries it is compared with, each asked in its own words.

mod cron;
mod croner;
mod cronexpr;
mod rrule;
mod taskdex;

use chrono::{DateTime, Datelike, Timelike, Utc};

pub use self::cron::Cron;
pub use self::croner::Croner;
pub use self::cronexpr::Cronexpr;
pub use self::rrule::Rrule;
pub use self::taskdex::Taskdex;

use crate::plans::{Dates, Plan};

/// A library that computes executions.
pub trait Peer: Sized {
    /// What it is called.
    const NAME: &str;

    /// Says a plan in the library's own words, for use from `now` on.
    ///
    /// # Errors
    ///
    /// What the library has no words for.
    fn of(plan: &Plan, now: DateTime<Utc>) -> Result<Self, Wordless>;

    /// The Unix seconds of the first executions strictly after `now`.
    fn executions(&self, now: DateTime<Utc>, count: usize) -> Vec<i64>;

    /// The first execution strictly after `now`, from instant to instant.
    fn next_execution(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>>;
}

/// What a library has no words for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wordless {
    /// Every n days across month ends: `*/n` begins anew with each month.
    DayInterval,
    /// A first date: an expression holds from ever on.
    StartDate,
    /// The last day of a month.
    LastDay,
    /// An expiry.
    Expiry,
    /// A year.
    Year,
    /// Seconds of a time of day.
    Second,
    /// A rule whose first date and time the clock skips.
    SkippedStart,
}

/// Seconds, minutes, hours, dates, months, weekdays and year, as `cron` and
/// `croner` both read them where Sunday is 1.
fn expression(plan: &Plan) -> Result<String, Wordless> {
    let dates = match &plan.dates {
        Dates::Once(date) => format!("{} {} ? {}", date.day(), date.month(), date.year()),
        Dates::EveryDays(1, _) => "* * * *".to_owned(),
        Dates::EveryDays(..) => return Err(Wordless::DayInterval),
        Dates::Weekdays(days) => format!("? * {} *", between_commas(days)),
        Dates::Monthly {
            months,
            dates,
            last,
        } => format!(
            "{} {} ? *",
            month_dates(dates, *last),
            between_commas(months)
        ),
    };
    if plan.expires.is_some() {
        return Err(Wordless::Expiry);
    }
    let time = plan.time;
    Ok(format!(
        "{} {} {} {dates}",
        time.second(),
        time.minute(),
        time.hour()
    ))
}

/// Refuses a plan that begins after `now`.
fn begun(plan: &Plan, now: DateTime<Utc>) -> Result<(), Wordless> {
    match plan.dates {
        Dates::EveryDays(1, start) if start > plan.zone.date(now) => Err(Wordless::StartDate),
        _ => Ok(()),
    }
}

/// A list as expressions have it.
fn between_commas(numbers: &[u8]) -> String {
    let texts: Vec<String> = numbers.iter().map(u8::to_string).collect();
    texts.join(",")
}

/// Dates of months, and the last day.
fn month_dates(dates: &[u8], last: bool) -> String {
    let l = match (last, dates.is_empty()) {
        (false, _) => "",
        (true, false) => ",L",
        (true, true) => "L",
    };
    between_commas(dates) + l
}
