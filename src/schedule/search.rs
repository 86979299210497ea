//! From an instant to the executions around it.

use chrono::{DateTime, Utc};

use super::calendar::{DAY_SECONDS, Pattern, day_of_wall};
use super::execution::Execution;
use super::zone::{Clock, Resolution, Stretch};
use super::{GapRule, Schedule};

impl Schedule {
    /// The first execution strictly after `after`.
    #[must_use]
    pub fn next_execution(&self, after: DateTime<Utc>) -> Option<Execution> {
        // Executions are whole seconds: a fraction after one does not matter.
        self.first_after(after.timestamp())
    }

    /// The last execution strictly before `before`.
    #[must_use]
    pub fn previous_execution(&self, before: DateTime<Utc>) -> Option<Execution> {
        let second = before.timestamp();
        let fraction = i64::from(before.timestamp_subsec_nanos() > 0);
        self.last_until(second - 1 + fraction)
    }

    /// The last execution that is not after `now`, and the first one after it.
    #[must_use]
    pub fn neighbours(&self, now: DateTime<Utc>) -> (Option<Execution>, Option<Execution>) {
        let second = now.timestamp();
        let clock = self.zone.clock();
        let here = clock.at(second);
        let pattern = self.pattern_at(second, here);
        (
            self.last_of(pattern, clock, here, second),
            self.first_of(pattern, clock, here, second),
        )
    }

    /// The first execution after a Unix second.
    #[inline]
    pub(super) fn first_after(&self, second: i64) -> Option<Execution> {
        let clock = self.zone.clock();
        let here = clock.at(second);
        self.first_of(self.pattern_at(second, here), clock, here, second)
    }

    /// The last execution up to a Unix second.
    #[inline]
    pub(super) fn last_until(&self, second: i64) -> Option<Execution> {
        let clock = self.zone.clock();
        let here = clock.at(second);
        self.last_of(self.pattern_at(second, here), clock, here, second)
    }

    /// The first execution of `pattern` after `second`, which is `here`.
    fn first_of(
        &self,
        pattern: Pattern,
        clock: Clock,
        here: Stretch,
        second: i64,
    ) -> Option<Execution> {
        let mut wall = settled_wall(here, second);
        loop {
            let earliest = day_of_wall(wall - i64::from(self.time)) + 1;
            let day = pattern.on_or_after(earliest)?;
            wall = i64::from(day) * DAY_SECONDS + i64::from(self.time);
            if let Some(found) = self.execution_named(clock, here, wall)
                && found.unix_seconds() > second
            {
                return (found.unix_seconds() <= self.expiry.instant()).then_some(found);
            }
        }
    }

    /// The last execution of `pattern` up to `second`, which is `here`.
    fn last_of(
        &self,
        pattern: Pattern,
        clock: Clock,
        mut here: Stretch,
        mut second: i64,
    ) -> Option<Execution> {
        if second > self.expiry.instant() {
            second = self.expiry.instant();
            here = clock.at(second);
        }
        let mut wall = reached_wall(here, second) + 1;
        loop {
            let latest = day_of_wall(wall - 1 - i64::from(self.time));
            let day = pattern.on_or_before(latest)?;
            wall = i64::from(day) * DAY_SECONDS + i64::from(self.time);
            if let Some(found) = self.execution_named(clock, here, wall)
                && found.unix_seconds() <= second
            {
                return Some(found);
            }
        }
    }

    fn pattern_at(&self, second: i64, here: Stretch) -> Pattern {
        if self.pattern.is_unanchored() {
            self.pattern
                .counting_from(day_of_wall(second + i64::from(here.offset)))
        } else {
            self.pattern
        }
    }

    fn execution_named(&self, clock: Clock, here: Stretch, wall: i64) -> Option<Execution> {
        let resolution = if here.decides(wall) {
            here.resolve(wall)
        } else {
            clock.resolve(wall)
        };
        self.gap_rule.execution(resolution, wall)
    }
}

impl GapRule {
    /// The execution that is named by a moment of the wall clock.
    pub(super) fn execution(self, resolution: Resolution, wall: i64) -> Option<Execution> {
        let (instant, offset) = match (resolution, self) {
            (Resolution::Single { offset } | Resolution::Fold { first: offset, .. }, _) => {
                (wall - i64::from(offset), offset)
            }
            (Resolution::Gap { before, after, .. }, Self::Forward) => {
                (wall - i64::from(before), after)
            }
            (Resolution::Gap { after, change, .. }, Self::GapEnd) => (change, after),
            (Resolution::Gap { .. }, Self::Skip) => return None,
        };
        Some(Execution::new(instant, offset))
    }
}

/// A moment of the wall clock up to which every named moment resolves to
/// `second` or earlier.
fn settled_wall(here: Stretch, second: i64) -> i64 {
    let gap = i64::from(here.offset) - i64::from(here.before);
    if second - here.begin < gap {
        // What was named in the gap may still be to come.
        second + i64::from(here.before)
    } else {
        second + i64::from(here.offset)
    }
}

/// A moment of the wall clock after which every named moment resolves to later
/// than `second`.
fn reached_wall(here: Stretch, second: i64) -> i64 {
    let wall = second + i64::from(here.offset);
    wall.max(here.begin + i64::from(here.before) - 1)
}
