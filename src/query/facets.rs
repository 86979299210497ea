//! How many tasks each value of a filter would leave.

use super::{ClosedFilters, ListKey};
use crate::task::{LastStatus, LifeCycleType, ScheduledType, TaskType};

/// For every value of every filter, how many tasks a query would match with it.
///
/// Each count is the `total_count` of the query with that one filter set to
/// the value and all *other* filters as they are, so the filter's own value
/// never hides its alternatives. The rule of the listing stands: triggered
/// tasks are counted only under `LIFE_CYCLE`, so the life cycle types of a
/// query without `scheduled_type=LIFE_CYCLE` count 0.
///
/// ```
/// use chrono::DateTime;
/// use taskdex::{LastStatus, LifeCycleType, ListQuery, ProjectId, ScheduledType, Task, TaskStore, TaskType};
///
/// let store = TaskStore::new();
/// let project = ProjectId::new("p-1")?;
/// for (id, task_type) in [("t-1", TaskType::Stop), ("t-2", TaskType::Stop), ("t-3", TaskType::Reboot)] {
///     let event = LifeCycleType::PostDesktopDisconnected;
///     let task = Task::builder(id, "Tidy up", task_type, event).build()?;
///     store.add(&project, task, DateTime::UNIX_EPOCH)?;
/// }
/// store.set_last_status(&project, "t-1", Some(LastStatus::Fail))?;
///
/// let query = ListQuery::new(0, 10)?
///     .with_scheduled_type(ScheduledType::LifeCycle)
///     .with_task_type(TaskType::Stop);
/// let facets = store.facets(&project, &query);
/// assert_eq!(facets.task_type(TaskType::Stop), 2);
/// assert_eq!(facets.task_type(TaskType::Reboot), 1);
/// assert_eq!(facets.last_status(Some(LastStatus::Fail)), 1);
/// assert_eq!(facets.last_status(None), 1);
/// assert_eq!(facets.scheduled_type(ScheduledType::Day), 0);
/// # Ok::<(), taskdex::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facets {
    task_types: [u64; TaskType::COUNT],
    last_statuses: [u64; LastStatus::COUNT],
    never_executed: u64,
    scheduled_types: [u64; ScheduledType::COUNT],
    life_cycle_types: [u64; LifeCycleType::COUNT],
}

impl Facets {
    /// Counts for a query of these filters; `count` gives the length of an answer list.
    pub(crate) fn count(list: ClosedFilters, count: impl Fn(ListKey) -> u32) -> Self {
        // A filter of another kind needs counts of its own.
        let ClosedFilters {
            task_type: _,
            scheduled_type: _,
            life_cycle_type: _,
            last_status: _,
        } = list;
        let count = |list: ClosedFilters| ListKey::of(list).map_or(0, |key| u64::from(count(key)));
        let task_types = TaskType::VALUES.map(|value| {
            count(ClosedFilters {
                task_type: Some(value),
                ..list
            })
        });
        let scheduled_types = ScheduledType::VALUES.map(|value| {
            count(ClosedFilters {
                scheduled_type: Some(value),
                ..list
            })
        });
        let life_cycle_types = LifeCycleType::VALUES.map(|value| {
            count(ClosedFilters {
                life_cycle_type: Some(value),
                ..list
            })
        });
        let last_statuses = LastStatus::VALUES.map(|value| {
            count(ClosedFilters {
                last_status: Some(value),
                ..list
            })
        });
        let of_any_status = count(ClosedFilters {
            last_status: None,
            ..list
        });
        Self {
            task_types,
            last_statuses,
            never_executed: of_any_status - last_statuses.iter().sum::<u64>(),
            scheduled_types,
            life_cycle_types,
        }
    }

    /// How many tasks match with this task type.
    #[must_use]
    pub fn task_type(&self, task_type: TaskType) -> u64 {
        count(&self.task_types, task_type as usize)
    }

    /// How many tasks match with this last status; `None` is the tasks that were
    /// never executed, which no filter can ask for.
    #[must_use]
    pub fn last_status(&self, last_status: Option<LastStatus>) -> u64 {
        match last_status {
            Some(last_status) => count(&self.last_statuses, last_status as usize),
            None => self.never_executed,
        }
    }

    /// How many tasks match with this scheduled type.
    #[must_use]
    pub fn scheduled_type(&self, scheduled_type: ScheduledType) -> u64 {
        count(&self.scheduled_types, scheduled_type as usize)
    }

    /// How many tasks match with this life cycle type.
    #[must_use]
    pub fn life_cycle_type(&self, life_cycle_type: LifeCycleType) -> u64 {
        count(&self.life_cycle_types, life_cycle_type as usize)
    }
}

fn count(counts: &[u64], position: usize) -> u64 {
    counts.get(position).copied().unwrap_or(0)
}
