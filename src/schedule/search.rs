//! From an instant to the executions around it.
//!
//! The instant is put on the wall clock, the calendar names the nearest date,
//! and its moment is turned back into an instant. A moment near a change of the
//! clock may belong elsewhere than its date says: below it is shown why one or
//! two steps are always enough.

use chrono::{DateTime, Utc};

#[cfg(feature = "testkit")]
use super::LooseZone;
use super::Schedule;
use super::calendar::{DAY_SECONDS, day_of_wall};
use super::execution::Execution;
use super::zone::{Clock, Stretch};

/// Asking when it executes.
///
/// A `DAY` schedule that counts from nothing yet counts from the date, in its
/// zone, of the instant it is asked about.
impl Schedule {
    /// The first execution strictly after `after`, to the nanosecond.
    ///
    /// `None` where nothing is left: a fixed time that has passed, nothing
    /// before the expiry, the end of the year 9999. Any instant is accepted.
    ///
    /// Takes tens of nanoseconds, whatever the schedule and the distance.
    /// Only [`GapRule::Skip`](super::GapRule::Skip) takes one step more for each execution in a row
    /// that falls into a gap: 23 at worst, in Egypt from 1959 to 1981.
    ///
    /// ```
    /// use taskdex::schedule::{Schedule, TimeZone, Weekdays};
    ///
    /// let schedule = Schedule::weekly(Weekdays::ALL, "12:00:00".parse().unwrap(), TimeZone::UTC)?;
    /// let noon = "2026-01-01T12:00:00Z".parse().unwrap();
    /// let next = schedule.next_execution(noon).unwrap();
    /// assert_eq!(next.to_string(), "2026-01-02 12:00:00");
    ///
    /// let just_before = "2026-01-01T11:59:59.999999999Z".parse().unwrap();
    /// let next = schedule.next_execution(just_before).unwrap();
    /// assert_eq!(next.instant(), noon);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[must_use]
    pub fn next_execution(&self, after: DateTime<Utc>) -> Option<Execution> {
        // Executions are whole seconds: a fraction beyond one does not matter.
        self.counting_from(after).first_after(after.timestamp())
    }

    /// The last execution strictly before `before`, to the nanosecond.
    ///
    /// The mirror image of [`next_execution`](Self::next_execution), at the same cost.
    ///
    /// ```
    /// use taskdex::schedule::{Schedule, TimeZone, Weekdays};
    ///
    /// let schedule = Schedule::weekly(Weekdays::ALL, "12:00:00".parse().unwrap(), TimeZone::UTC)?;
    /// let noon = "2026-01-01T12:00:00Z".parse().unwrap();
    /// let previous = schedule.previous_execution(noon).unwrap();
    /// assert_eq!(previous.to_string(), "2025-12-31 12:00:00");
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[must_use]
    pub fn previous_execution(&self, before: DateTime<Utc>) -> Option<Execution> {
        self.counting_from(before).last_until(second_before(before))
    }

    /// The last execution that is not after `now`, and the first one after it.
    ///
    /// The second is the next execution for every instant from the first one up
    /// to itself, itself excluded: an answer that holds for that whole span. It takes
    /// less than the two questions apart.
    ///
    /// ```
    /// use taskdex::schedule::{Schedule, TimeZone, Weekdays};
    ///
    /// let schedule = Schedule::weekly(Weekdays::ALL, "12:00:00".parse().unwrap(), TimeZone::UTC)?;
    /// let noon = "2026-01-01T12:00:00Z".parse().unwrap();
    /// let (last, next) = schedule.neighbours(noon);
    /// assert_eq!(last.unwrap().to_string(), "2026-01-01 12:00:00");
    /// assert_eq!(next.unwrap().to_string(), "2026-01-02 12:00:00");
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[must_use]
    pub fn neighbours(&self, now: DateTime<Utc>) -> (Option<Execution>, Option<Execution>) {
        let schedule = self.counting_from(now);
        let second = now.timestamp();
        let clock = self.zone.clock();
        let here = clock.at(second);
        (
            schedule.last_near(clock, here, second),
            schedule.first_near(clock, here, second),
        )
    }

    /// The first execution after a Unix second.
    #[inline]
    pub(super) fn first_after(&self, second: i64) -> Option<Execution> {
        let clock = self.zone.clock();
        self.first_near(clock, clock.at(second), second)
    }

    /// The first execution after an instant under another clock than that of the zone.
    #[cfg(feature = "testkit")]
    pub(crate) fn first_after_under(
        &self,
        zone: &LooseZone,
        after: DateTime<Utc>,
    ) -> Option<Execution> {
        let clock = zone.clock();
        let here = clock.at(after.timestamp());
        let today = day_of_wall(after.timestamp() + i64::from(here.offset));
        let schedule = Self {
            pattern: self.pattern.counting_from(today),
            ..*self
        };
        schedule.first_near(clock, here, after.timestamp())
    }

    /// The last execution up to a Unix second.
    #[inline]
    pub(super) fn last_until(&self, second: i64) -> Option<Execution> {
        let clock = self.zone.clock();
        self.last_near(clock, clock.at(second), second)
    }

    /// The first execution after `second`, which is in the stretch `here`.
    #[inline]
    fn first_near(&self, clock: Clock<'_>, here: Stretch, second: i64) -> Option<Execution> {
        let mut wall = passed_wall(here, second);
        // A date is passed over where the clock has already shown its moment:
        // in the first pass of a fold, or in the gap's length after a gap. As
        // neither is longer than a day, that happens once at most. Dates left
        // out by the gap rule are passed over as well.
        loop {
            let earliest = day_of_wall(wall - i64::from(self.time)) + 1;
            let day = self.pattern.on_or_after(earliest)?;
            wall = i64::from(day) * DAY_SECONDS + i64::from(self.time);
            if let Some(found) = self.execution_at(clock, here, wall)
                && found.unix_seconds() > second
            {
                return (found.unix_seconds() <= self.expiry.instant()).then_some(found);
            }
        }
    }

    /// The last execution up to `second`, which is in the stretch `here`.
    #[inline]
    fn last_near(&self, clock: Clock<'_>, here: Stretch, second: i64) -> Option<Execution> {
        let end = self.expiry.instant();
        let (here, second) = if second > end {
            (clock.at(end), end)
        } else {
            (here, second)
        };
        let mut wall = reached_wall(here, second);
        // A date is passed over where its moment, moved out of a gap, is still
        // to come: once at most, as no gap is longer than a day.
        loop {
            let latest = day_of_wall(wall - i64::from(self.time));
            let day = self.pattern.on_or_before(latest)?;
            wall = i64::from(day) * DAY_SECONDS + i64::from(self.time);
            if let Some(found) = self.execution_at(clock, here, wall)
                && found.unix_seconds() <= second
            {
                return Some(found);
            }
            wall -= 1;
        }
    }

    /// The execution that a moment of the wall clock stands for, most likely in
    /// the stretch `here`.
    #[inline]
    fn execution_at(&self, clock: Clock<'_>, here: Stretch, wall: i64) -> Option<Execution> {
        let meaning = if here.decides(wall) {
            here.resolve(wall)
        } else {
            clock.resolve(wall)
        };
        self.gap_rule.execution(wall, meaning)
    }
}

/// The last Unix second that is before an instant.
pub(super) fn second_before(instant: DateTime<Utc>) -> i64 {
    instant.timestamp() - i64::from(instant.timestamp_subsec_nanos() == 0)
}

/// A moment of the wall clock up to which everything has happened at `second`.
#[inline]
fn passed_wall(here: Stretch, second: i64) -> i64 {
    let gap = i64::from(here.offset) - i64::from(here.before);
    if second - here.begin < gap {
        // What was moved out of the gap may still be to come, although the
        // clock has shown a later moment: here the old offset counts.
        second + i64::from(here.before)
    } else {
        second + i64::from(here.offset)
    }
}

/// A moment of the wall clock after which nothing has happened at `second`.
#[inline]
fn reached_wall(here: Stretch, second: i64) -> i64 {
    let wall = second + i64::from(here.offset);
    // In the second pass of a fold all its moments have happened in the first.
    wall.max(here.begin + i64::from(here.before) - 1)
}
