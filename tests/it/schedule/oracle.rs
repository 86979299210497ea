//! The slow and plain account of what a schedule means, to hold the engine to.
//!
//! It walks the calendar day by day with chrono's own dates, and asks the library that reads
//! the zone data about every one. It shares no code with the engine.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use chrono::{
    DateTime, Datelike, Days, Duration, Month, NaiveDate, NaiveDateTime, NaiveTime, Utc, Weekday,
};
use taskdex::schedule::{GapRule, MonthDate, MonthDates, Months, Resolution, Schedule, Weekdays};
use taskdex::testkit::PlainClock;

/// Zones by shape.
pub(crate) const ZONES: [&str; 26] = [
    "Asia/Shanghai",
    "America/New_York",
    "Europe/Paris",
    "Europe/Dublin",       // winter time is the exception
    "Australia/Lord_Howe", // half an hour
    "Pacific/Chatham",     // an hour, at 12:45
    "Asia/Kathmandu",      // an odd offset
    "Pacific/Apia",        // a day was skipped, another repeated
    "Pacific/Kwajalein",   // a day was skipped
    "Pacific/Kiritimati",  // the largest offset
    "America/Adak",        // a day was repeated
    "Asia/Manila",         // a day was skipped in 1844
    "America/Sao_Paulo",   // midnight was skipped
    "Africa/Cairo",        // midnight is skipped
    "America/Havana",      // midnight is skipped and repeated
    "Asia/Beirut",         // midnight is skipped
    "Africa/Casablanca",   // the clock goes back for Ramadan
    "Antarctica/Troll",    // two hours
    "America/Caracas",     // half an hour, once
    "Asia/Pyongyang",      // half an hour, there and back
    "Africa/Monrovia",     // 44 minutes and 30 seconds
    "Europe/Amsterdam",    // seconds, until 1940
    "Asia/Gaza",           // the shortest spans
    "Etc/GMT+8",
    "GMT+08:00",
    "-03:30",
];

/// A zone, as the library that reads its data knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Zone(&'static PlainClock);

impl Zone {
    pub(crate) fn named(name: &str) -> Self {
        static CLOCKS: [OnceLock<PlainClock>; ZONES.len()] = [const { OnceLock::new() }; _];
        let position = ZONES.iter().position(|zone| *zone == name).unwrap();
        Self(CLOCKS[position].get_or_init(|| PlainClock::of(name.parse().unwrap())))
    }

    /// The wall clock at an instant within chrono's years.
    pub(crate) fn wall_clock(self, instant: DateTime<Utc>) -> NaiveDateTime {
        let offset = self.0.offset_seconds(instant.timestamp());
        instant
            .naive_utc()
            .checked_add_signed(Duration::seconds(offset.into()))
            .unwrap_or(instant.naive_utc())
    }

    /// The instant that a moment of the wall clock names under a gap rule.
    fn instant(self, wall: NaiveDateTime, rule: GapRule) -> Option<DateTime<Utc>> {
        let wall = wall.and_utc().timestamp();
        let second = match (self.0.resolve(wall), rule) {
            (Resolution::Single { offset } | Resolution::Fold { first: offset, .. }, _) => {
                wall - i64::from(offset)
            }
            (Resolution::Gap { before, .. }, GapRule::Forward) => wall - i64::from(before),
            (Resolution::Gap { change, .. }, GapRule::GapEnd) => change,
            (Resolution::Gap { .. }, GapRule::Skip) => return None,
            (Resolution::Gap { .. }, other) => unreachable!("no walk knows {other}"),
        };
        DateTime::from_timestamp(second, 0)
    }

    /// The seconds at which the offset changes, of 1840 to 2450.
    pub(crate) fn changes(name: &'static str) -> &'static [i64] {
        static CHANGES: [OnceLock<Vec<i64>>; ZONES.len()] = [const { OnceLock::new() }; _];
        let position = ZONES.iter().position(|zone| *zone == name).unwrap();
        CHANGES[position].get_or_init(|| Self::named(name).find_changes())
    }

    fn find_changes(self) -> Vec<i64> {
        const DAY: i64 = 86_400;
        let offset = |second| self.0.offset_seconds(second);
        let mut changes = Vec::new();
        for day in -47_482..175_316 {
            let [mut low, mut high] = [day * DAY, (day + 1) * DAY];
            if offset(low) == offset(high) {
                continue;
            }
            while high - low > 1 {
                let middle = i64::midpoint(low, high);
                if offset(middle) == offset(low) {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            changes.push(high);
        }
        changes
    }
}

/// The dates that a schedule names.
#[derive(Debug, Clone)]
pub(crate) enum Dates {
    Once(NaiveDate),
    Every {
        interval: u32,
        start: NaiveDate,
    },
    Week(Vec<u8>),
    Month {
        months: Vec<u8>,
        dates: Vec<u8>,
        last: bool,
    },
}

impl Dates {
    pub(crate) fn name(&self, date: NaiveDate) -> bool {
        if !(1..=9999).contains(&date.year()) {
            return false;
        }
        match self {
            Self::Once(only) => date == *only,
            Self::Every { interval, start } => {
                let days = (date - *start).num_days();
                days >= 0 && days % i64::from(*interval) == 0
            }
            Self::Week(days) => days
                .iter()
                .any(|day| u32::from(*day) == date.weekday().number_from_sunday()),
            Self::Month {
                months,
                dates,
                last,
            } => {
                let tomorrow = date.succ_opt().unwrap();
                months.iter().any(|month| u32::from(*month) == date.month())
                    && (dates.iter().any(|day| u32::from(*day) == date.day())
                        || *last && tomorrow.day() == 1)
            }
        }
    }

    /// How many days on either side of an instant decide an answer: no two
    /// neighbouring named dates are further apart, except under `Skip`.
    fn reach_days(&self) -> i64 {
        match self {
            Self::Once(_) | Self::Week(_) => 40,
            Self::Every { .. } => 100,
            Self::Month { .. } => 8 * 366 + 10,
        }
    }
}

/// A schedule, as the oracle has it.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) dates: Dates,
    pub(crate) time: NaiveTime,
    pub(crate) zone: &'static str,
    pub(crate) expire: Option<NaiveDateTime>,
    pub(crate) rule: GapRule,
}

/// An answer: an instant; or that there is none; or that the walk did not reach
/// far enough, and what lies within it is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Found(DateTime<Utc>),
    NoneWithin { seconds: i64 },
}

impl Spec {
    /// The engine's schedule, or none where it names no date that exists.
    pub(crate) fn schedule(&self) -> Option<Schedule> {
        let zone = self.zone.parse().unwrap();
        let schedule = match &self.dates {
            Dates::Once(date) => Schedule::fixed_time(*date, self.time, zone),
            Dates::Every { interval, start } => Schedule::daily(*interval, self.time, zone)
                .and_then(|schedule| schedule.with_start_date(*start)),
            Dates::Week(days) => Schedule::weekly(
                Weekdays::new(
                    days.iter()
                        .map(|&day| Weekday::try_from((day + 5) % 7).unwrap()),
                )
                .unwrap(),
                self.time,
                zone,
            ),
            Dates::Month {
                months,
                dates,
                last,
            } => {
                let months =
                    Months::new(months.iter().map(|&it| Month::try_from(it).unwrap())).unwrap();
                let dates = dates.iter().copied().map(MonthDate::Date);
                let dates = dates.chain(last.then_some(MonthDate::Last));
                Schedule::monthly(months, MonthDates::new(dates).unwrap(), self.time, zone)
            }
        };
        let mut schedule = schedule.ok()?;
        if let Some(expire) = self.expire {
            schedule = schedule.with_expire_time(expire).unwrap();
        }
        Some(schedule.with_gap_rule(self.rule))
    }

    /// The last instant at which the schedule may execute.
    fn expiry(&self) -> Option<DateTime<Utc>> {
        // A moment, not an execution.
        Zone::named(self.zone).instant(self.expire?, GapRule::Forward)
    }

    /// Every instant that a date in `days` days from `first` on names.
    pub(crate) fn walk(&self, first: NaiveDate, days: i64) -> BTreeSet<DateTime<Utc>> {
        let zone = Zone::named(self.zone);
        let expiry = self.expiry();
        first
            .iter_days()
            .take(usize::try_from(days).unwrap())
            .filter(|date| self.dates.name(*date))
            .filter_map(|date| zone.instant(date.and_time(self.time), self.rule))
            .filter(|instant| expiry.is_none_or(|expiry| *instant <= expiry))
            .collect()
    }

    fn around(&self, now: DateTime<Utc>) -> (BTreeSet<DateTime<Utc>>, i64) {
        let reach = self.dates.reach_days();
        let middle = Zone::named(self.zone).wall_clock(now).date();
        let back = Days::new(reach.unsigned_abs());
        let first = middle
            .checked_sub_days(back)
            .unwrap_or(NaiveDate::MIN)
            .max(NaiveDate::from_ymd_opt(0, 1, 1).unwrap());
        let days = 2 * reach + 1;
        // A day at either end is left out, as the clock may move its times.
        (self.walk(first, days), (reach - 2) * 86_400)
    }

    pub(crate) fn next(&self, after: DateTime<Utc>) -> Answer {
        let (instants, seconds) = self.around(after);
        let found = instants.into_iter().find(|instant| *instant > after);
        found.map_or(Answer::NoneWithin { seconds }, Answer::Found)
    }

    pub(crate) fn previous(&self, before: DateTime<Utc>) -> Answer {
        let (instants, seconds) = self.around(before);
        let found = instants.into_iter().rfind(|instant| *instant < before);
        found.map_or(Answer::NoneWithin { seconds }, Answer::Found)
    }
}
