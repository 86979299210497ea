//! What becomes of a time that the clock skips or repeats.

use super::execution::Execution;
use super::zone::Resolution;
use crate::spelled::vocabulary;

vocabulary! {
    /// What becomes of an execution at a time that the clock skips (`gap_rule`).
    ///
    /// Zones skip an hour when summer time begins, and have skipped whole days. The
    /// documented API does not say what happens then, so this is a decision of this
    /// crate: the default is [`Forward`](Self::Forward), and the other two rules in
    /// use can be chosen.
    ///
    /// ```
    /// use taskdex::schedule::{GapRule, Schedule, Weekdays};
    ///
    /// // New York's clocks go from 01:59:59 to 03:00:00 on 8 March 2026.
    /// let zone = "America/New_York".parse()?;
    /// let schedule = Schedule::weekly(Weekdays::ALL, "02:30:00".parse().unwrap(), zone)?;
    /// let eve = "2026-03-07T12:00:00Z".parse().unwrap();
    /// let next = |rule| schedule.with_gap_rule(rule).next_execution(eve).unwrap().to_string();
    ///
    /// assert_eq!(next(GapRule::Forward), "2026-03-08 03:30:00");
    /// assert_eq!(next("GAP_END".parse()?), "2026-03-08 03:00:00");
    /// assert_eq!(next(GapRule::Skip), "2026-03-09 02:30:00");
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    #[derive(Default)]
    #[non_exhaustive]
    GapRule, "gap_rule" {
        /// It moves forward by the length of the gap: 02:30 becomes 03:30.
        ///
        /// The default, as the day's execution is never lost, and those of one hour
        /// keep their distances. java.time, jiff and the "compatible" rule of
        /// Temporal do the same.
        #[default]
        Forward = "FORWARD",
        /// It happens at the end of the gap: 02:30 becomes 03:00.
        ///
        /// For a task that should run as soon as its time has passed.
        GapEnd = "GAP_END",
        /// It is left out.
        ///
        /// For a task that must run at exactly its time of day, or not at all.
        Skip = "SKIP",
    }
}

impl GapRule {
    /// The execution that a moment of the wall clock, in seconds, stands for.
    ///
    /// This is the one place that decides what gaps and folds mean to executions. Over
    /// moments that are whole days apart the instants never descend, because no
    /// gap is longer than a day.
    #[inline]
    pub(super) fn execution(self, wall: i64, meaning: Resolution) -> Option<Execution> {
        let (instant, offset) = match (meaning, self) {
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
