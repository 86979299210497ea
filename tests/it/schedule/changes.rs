//! Zones by shape, and the instants around which their clocks change.

use std::sync::OnceLock;

use chrono::{DateTime, Duration, NaiveDateTime, Utc};
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
