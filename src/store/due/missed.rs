//! What becomes of executions that were missed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::index::CachedNext;
use crate::schedule::{Execution, Schedule};
use crate::store::listed::next_between;

/// Which missed executions [`TaskStore::take_due`](crate::TaskStore::take_due) returns.
///
/// An execution is missed where it was pending before the `now` that is taken with: after an
/// outage, or because of a clock that jumped ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Missed {
    /// One: the last that is not after `now`, in the place of the first. The others are left out.
    #[default]
    Latest,
    /// All of them, each in its place.
    Each,
    /// Only one that is less than a second late, in its own place. The others are left out.
    None,
}

/// What happens to a task's missed executions: which are returned, and how late at most.
///
/// ```
/// use std::time::Duration;
/// use taskdex::{Missed, MissedPolicy};
///
/// assert_eq!(MissedPolicy::default(), Missed::Latest.into());
/// let policy = MissedPolicy::from(Missed::Each).with_no_later_than(Duration::from_secs(3_600));
/// assert_eq!(policy.missed, Missed::Each);
/// assert_eq!(policy.no_later_than, Some(Duration::from_secs(3_600)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct MissedPolicy {
    /// Which are given out.
    pub missed: Missed,
    /// What is later than that is left out, and what is exactly that late is given. `None`: no
    /// execution is too late.
    ///
    /// Lateness is counted to `now` with its fraction of a second. With [`Missed::Latest`],
    /// nothing is given where the latest is too late.
    pub no_later_than: Option<Duration>,
}

impl MissedPolicy {
    /// The same policy, for executions that are at most so late.
    #[must_use]
    pub fn with_no_later_than(self, no_later_than: impl Into<Option<Duration>>) -> Self {
        Self {
            no_later_than: no_later_than.into(),
            ..self
        }
    }
}

impl From<Missed> for MissedPolicy {
    fn from(missed: Missed) -> Self {
        Self {
            missed,
            no_later_than: None,
        }
    }
}

/// What is done with a pending execution that is not after `now`.
#[derive(Debug)]
pub(super) struct Decision {
    /// What is given out, if anything is.
    pub(super) given: Option<Execution>,
    /// What is pending then.
    pub(super) next: CachedNext,
}

impl MissedPolicy {
    /// Decides about a schedule's pending execution, which is not after `now`. O(1), however
    /// many were missed.
    pub(super) fn decide(
        self,
        schedule: &Schedule,
        pending: Execution,
        now: DateTime<Utc>,
    ) -> Decision {
        let earliest = self.earliest(now);
        let after = |second| next_between(schedule.neighbours(super::instant_of(second)));
        let (given, next) = match self.missed {
            Missed::Latest => {
                let neighbours = schedule.neighbours(now);
                (neighbours.0, next_between(neighbours))
            }
            Missed::Each | Missed::None if pending.unix_seconds() >= earliest => {
                (Some(pending), after(pending.unix_seconds()))
            }
            Missed::Each | Missed::None => (None, after(earliest - 1)),
        };
        Decision {
            given: given.filter(|given| given.unix_seconds() >= earliest),
            next,
        }
    }

    /// The first second of which an execution is not too late; the one after `now` at most.
    fn earliest(self, now: DateTime<Utc>) -> i64 {
        let least = match self.missed {
            Missed::None => now.timestamp(),
            Missed::Latest | Missed::Each => i64::MIN,
        };
        let limit = self
            .no_later_than
            .and_then(|it| TimeDelta::from_std(it).ok());
        let limited = limit.and_then(|limit| now.checked_sub_signed(limit));
        let limited = limited.map_or(i64::MIN, |first| {
            first.timestamp() + i64::from(first.timestamp_subsec_nanos() > 0)
        });
        least.max(limited).min(now.timestamp() + 1)
    }
}
