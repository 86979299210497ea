//! One execution of a schedule, and how it is written.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::text::{rfc3339_text, wall_clock_text};

/// One execution: an instant, and the offset of the task's zone at it.
///
/// Always a whole second. Displayed on the wall clock of the zone, as
/// `yyyy-MM-dd HH:mm:ss`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Execution {
    instant: i64,
    offset: i32,
}

impl Execution {
    pub(crate) fn new(instant: i64, offset: i32) -> Self {
        Self { instant, offset }
    }

    /// The instant.
    #[must_use]
    pub fn instant(self) -> DateTime<Utc> {
        // Wall clocks are of years 1 to 9999, well within chrono's.
        DateTime::from_timestamp(self.instant, 0).unwrap_or_default()
    }

    /// The instant in Unix seconds.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.instant
    }

    /// The offset of the zone at the instant, in seconds ahead of UTC.
    #[must_use]
    pub fn offset_seconds(self) -> i32 {
        self.offset
    }

    /// The wall clock of the zone at the instant.
    #[must_use]
    pub fn wall_clock(self) -> NaiveDateTime {
        DateTime::from_timestamp(self.wall(), 0)
            .unwrap_or_default()
            .naive_utc()
    }

    fn wall(self) -> i64 {
        self.instant + i64::from(self.offset)
    }

    /// `yyyy-MM-dd HH:mm:ss` on the wall clock, in ASCII, without allocation.
    #[must_use]
    pub fn to_ascii(self) -> [u8; 19] {
        wall_clock_text(self.wall(), b' ')
    }

    /// The wall clock with its offset as in RFC 3339, in ASCII:
    /// `2026-11-01T01:30:00-04:00`.
    #[must_use]
    pub fn to_rfc3339_ascii(self) -> [u8; 25] {
        rfc3339_text(self.wall(), self.offset)
    }

    /// The wall clock with its offset as in RFC 3339.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        self.to_rfc3339_ascii().map(char::from).iter().collect()
    }
}

impl fmt::Display for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(str::from_utf8(&self.to_ascii()).unwrap_or_default())
    }
}
