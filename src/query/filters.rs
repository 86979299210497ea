//! Which tasks a query lists: the filters on closed sets, and the rule that compares them.

use std::fmt;

use crate::task::{Code, LastStatus, LifeCycleType, ScheduledType, TaskType, small};

/// The filters of a query on closed sets of values: all but the name.
///
/// The tasks of each combination are kept ready as an answer list, and
/// [`Explanation`](super::Explanation) tells which one a query reads. `None` of an attribute is any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct ClosedFilters {
    /// Tasks of this type.
    pub task_type: Option<TaskType>,
    /// Tasks of this scheduled type; `None` is every one but `LIFE_CYCLE`.
    pub scheduled_type: Option<ScheduledType>,
    /// Tasks of this life cycle type.
    pub life_cycle_type: Option<LifeCycleType>,
    /// Tasks of this last status.
    pub last_status: Option<LastStatus>,
}

impl fmt::Display for ClosedFilters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            task_type,
            scheduled_type,
            life_cycle_type,
            last_status,
        } = *self;
        match task_type {
            Some(task_type) => write!(f, "{task_type} tasks")?,
            None => f.write_str("all tasks")?,
        }
        match (scheduled_type, life_cycle_type) {
            (_, Some(life_cycle_type)) => write!(f, " on {life_cycle_type}")?,
            (Some(scheduled_type), None) => write!(f, " of {scheduled_type}")?,
            (None, None) => f.write_str(" by the clock")?,
        }
        match last_status {
            Some(last_status) => write!(f, " with {last_status}"),
            None => Ok(()),
        }
    }
}

const TASK_TYPES: u16 = small(TaskType::COUNT);
const STATUSES: u16 = small(LastStatus::COUNT);

/// Any task type, where a list is not kept to one.
const ANY_TASK_TYPE: u16 = TASK_TYPES;
/// Any last status, and none.
const ANY_STATUS: u16 = STATUSES;
const ANY_TIMED: u16 = Code::SCOPE_COUNT;
const ANY_TRIGGERED: u16 = ANY_TIMED + 1;

const SCOPE_KEYS: u16 = ANY_TRIGGERED + 1;
const STATUS_KEYS: u16 = ANY_STATUS + 1;

/// [`ClosedFilters`] in the numbers of [`Code`]s, which they are compared with.
///
/// A list has the tasks of a task type or of any, of a scope or a group of scopes, of a last status
/// or of any. Triggered tasks are seen only where they are asked for, because of the key that a
/// query has: nothing else knows this rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListKey {
    task_type: u16,
    scope: u16,
    status: u16,
}

impl ListKey {
    /// All tasks that run by the clock.
    pub(crate) const ANY_TIMED: Self = Self {
        task_type: ANY_TASK_TYPE,
        scope: ANY_TIMED,
        status: ANY_STATUS,
    };

    /// All tasks that an event triggers.
    pub(crate) const ANY_TRIGGERED: Self = Self {
        scope: ANY_TRIGGERED,
        ..Self::ANY_TIMED
    };

    /// How many keys there are.
    pub(crate) const COUNT: usize =
        (ANY_TASK_TYPE as usize + 1) * SCOPE_KEYS as usize * STATUS_KEYS as usize;

    /// The key of a list; `None` where no task can be in it.
    pub(crate) fn of(list: ClosedFilters) -> Option<Self> {
        let ClosedFilters {
            task_type,
            scheduled_type,
            life_cycle_type,
            last_status,
        } = list;
        let scope = match (scheduled_type, life_cycle_type) {
            (None, None) => ANY_TIMED,
            (Some(ScheduledType::LifeCycle), None) => ANY_TRIGGERED,
            (Some(ScheduledType::LifeCycle), Some(event)) => Code::triggered_scope(event),
            (Some(scheduled_type), None) => Code::timed_scope(scheduled_type)?,
            // No timed task has a life cycle type.
            (_, Some(_)) => return None,
        };
        Some(Self {
            task_type: task_type.map_or(ANY_TASK_TYPE, |it| it as u16),
            scope,
            status: last_status.map_or(ANY_STATUS, |it| it as u16),
        })
    }

    /// Calls `see` with the keys of all lists that a task stands in: at most 8.
    #[inline]
    pub(crate) fn each_of_task(code: Code, mut see: impl FnMut(Self)) {
        let group = if code.is_triggered() {
            ANY_TRIGGERED
        } else {
            ANY_TIMED
        };
        let statuses = [code.status(), ANY_STATUS];
        // A task that was never executed is in no list of one status.
        let statuses = statuses.into_iter().skip(usize::from(!code.was_executed()));
        for status in statuses {
            for scope in [code.scope(), group] {
                for task_type in [code.task_type(), ANY_TASK_TYPE] {
                    see(Self {
                        task_type,
                        scope,
                        status,
                    });
                }
            }
        }
    }

    /// Every key, by its number.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..=ANY_TASK_TYPE).flat_map(|task_type| {
            (0..SCOPE_KEYS).flat_map(move |scope| {
                (0..STATUS_KEYS).map(move |status| Self {
                    task_type,
                    scope,
                    status,
                })
            })
        })
    }

    /// The position of the key among [`all`](Self::all).
    pub(crate) fn number(self) -> usize {
        usize::from((self.task_type * SCOPE_KEYS + self.scope) * STATUS_KEYS + self.status)
    }

    /// Whether the list holds tasks that run by the clock, and no others.
    pub(crate) fn is_timed(self) -> bool {
        self.comparison().1 & Code::SCOPE_IS_TRIGGERED == 0
    }

    /// The scopes whose tasks the list may hold, a bit each.
    pub(crate) fn scope_bits(self) -> u32 {
        let any = Self {
            scope: self.scope,
            ..Self::ANY_TIMED
        };
        let scopes = (0..Code::SCOPE_COUNT).map(|scope| Code::of(0, scope, 0));
        let scopes = scopes.filter(|&scope| any.holds(scope));
        scopes.fold(0, |bits, scope| bits | scope.scope_bit())
    }

    /// Whether the list holds a task of this code.
    pub(crate) fn holds(self, code: Code) -> bool {
        let (mask, bits) = self.comparison();
        code.masked(mask) == bits
    }

    /// The bits of a code that count, and what they must be.
    fn comparison(self) -> (u16, u16) {
        let (mut mask, scope) = match self.scope {
            ANY_TIMED => (Code::SCOPE_IS_TRIGGERED, 0),
            // Of the scopes of triggered tasks only the bit that they share counts.
            ANY_TRIGGERED => (Code::SCOPE_IS_TRIGGERED, Code::SCOPE_COUNT - 1),
            scope => (Code::SCOPE, scope),
        };
        let [mut task_type, mut status] = [0; 2];
        if self.task_type != ANY_TASK_TYPE {
            mask |= Code::TASK_TYPE;
            task_type = self.task_type;
        }
        if self.status != ANY_STATUS {
            mask |= Code::STATUS;
            status = self.status;
        }
        (mask, Code::of(task_type, scope, status).masked(mask))
    }
}

const _: () = assert!(
    ListKey::COUNT <= u16::MAX as usize,
    "the number of a key is computed in 16 bits"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scopes_of_a_list_are_those_of_its_tasks() {
        let of = |scheduled_type| {
            let list = ClosedFilters {
                scheduled_type,
                ..ClosedFilters::default()
            };
            ListKey::of(list).unwrap().scope_bits()
        };
        let timed = ScheduledType::ALL.iter().filter(|it| it.is_timed());
        let each: Vec<u32> = timed.map(|&it| of(Some(it))).collect();
        assert!(each.iter().all(|bits| bits.is_power_of_two()));
        assert_eq!(each.iter().sum::<u32>(), of(None));
        assert_eq!(of(None) & of(Some(ScheduledType::LifeCycle)), 0);
        for event in LifeCycleType::ALL {
            let list = ClosedFilters {
                scheduled_type: Some(ScheduledType::LifeCycle),
                life_cycle_type: Some(*event),
                ..ClosedFilters::default()
            };
            let bits = ListKey::of(list).unwrap().scope_bits();
            assert_eq!(bits & of(Some(ScheduledType::LifeCycle)), bits);
            assert_eq!(bits.count_ones(), 1);
        }
    }
}
