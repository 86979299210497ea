//! When a schedule ends.

use super::calendar::{date_of, day_of_wall, second_of_day};
use chrono::{NaiveDateTime, NaiveTime};

/// The expiry of a schedule: the moment of the wall clock as it was given, and
/// the instant that it means.
///
/// Both in one word, since a million schedules are held: the upper 44 bits are
/// the wall clock in seconds, the lower 20 how far it is ahead of the instant,
/// plus `BIAS`. That is less than two days, whatever the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Expiry(i64);

impl Expiry {
    /// No expiry: no moment of years 1 to 9999 is packed into this word, and
    /// its instant is past all of them.
    pub(super) const NEVER: Self = Self(i64::MAX);

    const BITS: u32 = 20;
    const BIAS: i64 = 1 << (Self::BITS - 1);

    pub(super) fn new(wall: i64, instant: i64) -> Self {
        Self((wall << Self::BITS) | (wall - instant + Self::BIAS))
    }

    /// The moment as it was given, in seconds on the wall clock.
    pub(super) fn wall(self) -> Option<i64> {
        (self != Self::NEVER).then_some(self.0 >> Self::BITS)
    }

    /// The last Unix second that is not expired.
    #[inline]
    pub(super) fn instant(self) -> i64 {
        let ahead = (self.0 & ((1 << Self::BITS) - 1)) - Self::BIAS;
        (self.0 >> Self::BITS) - ahead
    }

    /// The moment as it was given.
    pub(super) fn wall_clock(self) -> Option<NaiveDateTime> {
        let wall = self.wall()?;
        NaiveTime::from_num_seconds_from_midnight_opt(second_of_day(wall), 0)
            .map(|time| date_of(day_of_wall(wall)).and_time(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_holds_both_moments_of_any_year_and_offset() {
        for wall in [-62_135_596_800, -1, 0, 1, 1_780_272_000, 253_402_300_799] {
            for ahead in [-172_800, -50_400, -1, 0, 1, 56_767, 172_800] {
                let expiry = Expiry::new(wall, wall - ahead);
                assert_eq!(expiry.wall(), Some(wall));
                assert_eq!(expiry.instant(), wall - ahead);
            }
        }
        assert_eq!(Expiry::NEVER.wall(), None);
        assert!(Expiry::NEVER.instant() > 300_000_000_000);
    }
}
