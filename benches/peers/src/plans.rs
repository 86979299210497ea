//! Seeded schedules as plain values, so that no library reads another's form.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use crate::random::Random;

/// A schedule before any library has seen it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The dates.
    pub dates: Dates,
    /// The time of day.
    pub time: NaiveTime,
    /// The zone of both.
    pub zone: Zone,
    /// The last moment of the wall clock at which it may execute.
    pub expires: Option<NaiveDateTime>,
}

/// The dates of a plan.
#[derive(Debug, Clone)]
pub enum Dates {
    /// `FIXED_TIME`.
    Once(NaiveDate),
    /// `DAY`: every so many days from a date on.
    EveryDays(u16, NaiveDate),
    /// `WEEK`: 1 is Sunday, 7 is Saturday.
    Weekdays(Vec<u8>),
    /// `MONTH`.
    Monthly {
        /// 1 to 12.
        months: Vec<u8>,
        /// 1 to 31; may be empty where `last` is true.
        dates: Vec<u8>,
        /// Whether the last day of each month is meant too: `L`.
        last: bool,
    },
}

impl Dates {
    /// Leaves December out of months whose last day is meant, which `cronexpr` does not find.
    pub fn leave_out_the_last_of_december(&mut self) {
        if let Self::Monthly {
            months, last: true, ..
        } = self
        {
            months.retain(|month| *month != 12);
            if months.is_empty() {
                months.push(1);
            }
        }
    }
}

/// A zone, by the name that taskdex is given and by the one that peers are.
///
/// The two differ where taskdex is given a fixed offset: then the peers are
/// given a zone of the database that has the same offset all the time.
#[derive(Debug, Clone, Copy)]
pub struct Zone {
    /// For taskdex.
    pub name: &'static str,
    /// For the others.
    pub tz: Tz,
}

/// The kinds of recurrence, by their documented names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `FIXED_TIME`.
    FixedTime,
    /// `DAY` with an interval of 1.
    Daily,
    /// `DAY` with a longer interval.
    EveryFewDays,
    /// `WEEK`.
    Week,
    /// `MONTH` with dates only.
    Month,
    /// `MONTH` with `L`, alone or among dates.
    MonthLast,
}

/// Every kind.
pub const KINDS: [Kind; 6] = [
    Kind::FixedTime,
    Kind::Daily,
    Kind::EveryFewDays,
    Kind::Week,
    Kind::Month,
    Kind::MonthLast,
];

/// Zones whose clocks have not changed since 1996, and which no version of the
/// database changes later on.
pub const STEADY_ZONES: [Zone; 12] = [
    zone("UTC", Tz::UTC),
    zone("Z", Tz::UTC),
    zone("Coordinated Universal Time", Tz::UTC),
    zone("Asia/Shanghai", Tz::Asia__Shanghai),
    zone("Asia/Kolkata", Tz::Asia__Kolkata),
    zone("Pacific/Kiritimati", Tz::Pacific__Kiritimati),
    zone("GMT+8", Tz::Etc__GMTMinus8),
    zone("UTC-3", Tz::Etc__GMTPlus3),
    zone("+05:30", Tz::Asia__Kolkata),
    zone("UTC+05:45", Tz::Asia__Kathmandu),
    zone("-9:30", Tz::Pacific__Marquesas),
    zone("GMT+14:00", Tz::Pacific__Kiritimati),
];

const fn zone(name: &'static str, tz: Tz) -> Zone {
    Zone { name, tz }
}

impl Zone {
    /// A zone of the database.
    #[must_use]
    pub fn named(tz: Tz) -> Self {
        zone(tz.name(), tz)
    }

    /// The date of an instant on the wall clock.
    #[must_use]
    pub fn date(self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.tz).date_naive()
    }
}

impl Plan {
    /// A random plan of a kind, at a whole second, for use around `now`.
    pub fn random(random: &mut Random, kind: Kind, zone: Zone, now: DateTime<Utc>) -> Self {
        let second = match random.below(4) {
            0 => random.pick(&[0, 1, 43_200, 86_399]),
            _ => random.between(0, 86_399),
        };
        let time = time_of_day(second);
        let dates = match kind {
            Kind::FixedTime => Dates::Once(around(random, zone.date(now), 400)),
            Kind::Daily => Dates::EveryDays(1, around(random, zone.date(now), 40)),
            Kind::EveryFewDays => {
                let interval = u16::try_from(random.between(2, 31)).unwrap_or_default();
                Dates::EveryDays(interval, around(random, zone.date(now), 400))
            }
            Kind::Week => Dates::Weekdays(random.some(&[1, 2, 3, 4, 5, 6, 7])),
            Kind::Month | Kind::MonthLast => random_month(random, kind == Kind::MonthLast),
        };
        let expires = random.percent(25).then(|| {
            let date = around(random, zone.date(now), 60);
            // Every other one at the time of an execution: the bound counts.
            let at = random.percent(50).then(|| random.between(0, 86_399));
            date.and_time(at.map_or(time, time_of_day))
        });
        Self {
            dates,
            time,
            zone,
            expires,
        }
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.dates {
            Dates::Once(_) => Kind::FixedTime,
            Dates::EveryDays(1, _) => Kind::Daily,
            Dates::EveryDays(..) => Kind::EveryFewDays,
            Dates::Weekdays(_) => Kind::Week,
            Dates::Monthly { last: false, .. } => Kind::Month,
            Dates::Monthly { last: true, .. } => Kind::MonthLast,
        }
    }
}

/// A time of day, from seconds after midnight.
#[must_use]
pub fn time_of_day(second: i64) -> NaiveTime {
    let second = u32::try_from(second).unwrap_or_default();
    NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap_or_default()
}

/// A random second of the years from `first` to `last`.
pub fn random_now(random: &mut Random, first: i32, last: i32) -> DateTime<Utc> {
    let begin = |year| Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).unwrap();
    let second = random.between(begin(first).timestamp(), begin(last + 1).timestamp() - 1);
    DateTime::from_timestamp(second, 0).unwrap_or_default()
}

fn around(random: &mut Random, date: NaiveDate, days: u64) -> NaiveDate {
    date - Days::new(days) + Days::new(random.below(2 * days + 1))
}

/// Dates of months, at least one of which exists.
fn random_month(random: &mut Random, last: bool) -> Dates {
    let numbers: Vec<u8> = (1..=31).collect();
    let months = random.some(&numbers[..12]);
    let dates = match random.below(4) {
        0 if last => Vec::new(),
        // The dates that some months lack.
        0 | 1 => random.some(&[28, 29, 30, 31]),
        _ => random.some(&numbers),
    };
    let days_max = |month: &u8| match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let first = dates.first().copied().unwrap_or_default();
    if !last && months.iter().all(|month| first > days_max(month)) {
        return random_month(random, last);
    }
    Dates::Monthly {
        months,
        dates,
        last,
    }
}
