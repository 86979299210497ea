//! One execution of a schedule, and how it is written.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::text::{rfc3339_text, wall_clock_text};

/// One execution of a schedule: an instant, with the offset of its zone.
///
/// Always a whole second, on a wall clock of years 1 to 9999. Its `Display` form
/// is the documented `yyyy-MM-dd HH:mm:ss` on that wall clock. Executions are
/// ordered by their instants.
///
/// ```
/// use taskdex::schedule::{Schedule, Weekdays};
///
/// // New York's clocks go back on 1 November 2026: this is the first 01:30.
/// let zone = "America/New_York".parse()?;
/// let schedule = Schedule::weekly(Weekdays::ALL, "01:30:00".parse().unwrap(), zone)?;
/// let found = schedule.next_execution("2026-11-01T00:00:00Z".parse().unwrap()).unwrap();
///
/// assert_eq!(found.to_string(), "2026-11-01 01:30:00");
/// assert_eq!(found.to_rfc3339(), "2026-11-01T01:30:00-04:00");
/// assert_eq!(found.offset_seconds(), -4 * 3600);
/// assert_eq!(found.instant().to_string(), "2026-11-01 05:30:00 UTC");
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Execution {
    /// Unix seconds.
    instant: i64,
    /// Seconds that the wall clock is ahead of UTC.
    offset: i32,
}

impl Execution {
    /// `instant` in Unix seconds, `offset` in seconds ahead of UTC.
    pub(crate) fn new(instant: i64, offset: i32) -> Self {
        Self { instant, offset }
    }

    /// The instant.
    #[must_use]
    pub fn instant(self) -> DateTime<Utc> {
        // Years 1 to 9999 are well within chrono's.
        DateTime::from_timestamp(self.instant, 0).unwrap_or_default()
    }

    /// The instant in Unix seconds.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.instant
    }

    /// The offset of the zone at the instant, in seconds that its wall clock is
    /// ahead of UTC.
    #[must_use]
    pub fn offset_seconds(self) -> i32 {
        self.offset
    }

    /// What the wall clock of the zone shows at the instant.
    #[must_use]
    pub fn wall_clock(self) -> NaiveDateTime {
        DateTime::from_timestamp(self.wall(), 0)
            .unwrap_or_default()
            .naive_utc()
    }

    fn wall(self) -> i64 {
        self.instant + i64::from(self.offset)
    }

    /// `yyyy-MM-dd HH:mm:ss` on the wall clock, in ASCII.
    ///
    /// What `Display` writes, without allocation, in some 15 ns.
    #[must_use]
    #[inline]
    pub fn to_ascii(self) -> [u8; 19] {
        wall_clock_text(self.wall(), b' ')
    }

    /// The wall clock and its offset as in RFC 3339, in ASCII:
    /// `2026-11-01T01:30:00-04:00`, with `+00:00` for UTC.
    ///
    /// Before standard time, zones had offsets with seconds (Shanghai's was
    /// 8 hours, 5 minutes and 43 seconds until 1901), which RFC 3339 cannot write. The wall clock
    /// then stays true and the offset is rounded to the nearest minute, as
    /// Temporal and chrono do.
    #[must_use]
    pub fn to_rfc3339_ascii(self) -> [u8; 25] {
        rfc3339_text(self.wall(), self.offset)
    }

    /// As [`to_rfc3339_ascii`](Self::to_rfc3339_ascii), in a `String`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        str::from_utf8(&self.to_rfc3339_ascii())
            .unwrap_or_default()
            .to_owned()
    }
}

impl fmt::Debug for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Execution({})", self.to_rfc3339())
    }
}

impl fmt::Display for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(str::from_utf8(&self.to_ascii()).unwrap_or_default())
    }
}
