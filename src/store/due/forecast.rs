//! How many executions are to come, by the hour or any other step.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::instant_of;
use crate::error::{Error, ErrorKind};
use crate::query::ListQuery;
use crate::schedule::Execution;
use crate::store::{Snapshot, TaskStore};
use crate::task::ProjectId;
use crate::trace::call;

/// The most steps of a forecast.
const STEPS_MAX: usize = 10_000;

/// The span of a forecast, divided into steps.
#[derive(Debug, Clone, Copy)]
struct Steps {
    /// The first second, and the one after the last.
    begin: i64,
    end: i64,
    /// In seconds.
    step: i64,
    count: usize,
}

impl Steps {
    fn new(from: DateTime<Utc>, to: DateTime<Utc>, step: Duration) -> Result<Self, Error> {
        let seconds = Some(step).filter(|it| it.subsec_nanos() == 0);
        let seconds = seconds.and_then(|it| i64::try_from(it.as_secs()).ok());
        let Some(step) = seconds.filter(|&seconds| seconds > 0) else {
            let given = step.as_secs_f64().to_string();
            let accepted = "a whole number of seconds, 1 or more";
            return Err(refused("step_seconds", &given, accepted));
        };
        // Nanoseconds, of which 64 bits hold 584 years.
        let length = i128::from((to - from).num_seconds()) * 1_000_000_000
            + i128::from((to - from).subsec_nanos());
        let step_length = i128::from(step) * 1_000_000_000;
        let count = (length.max(0) + step_length - 1) / step_length;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > STEPS_MAX {
            let accepted = "an instant at most 10,000 steps after `from`";
            return Err(refused("to", &to.to_rfc3339(), accepted));
        }
        let first_second = |at: DateTime<Utc>| {
            let second = at.timestamp();
            second + i64::from(at.timestamp_subsec_nanos() > 0)
        };
        Ok(Self {
            begin: first_second(from),
            end: first_second(to),
            step,
            count,
        })
    }

    /// The step of a second. Executions are whole seconds, so a fraction of `from` moves none.
    fn of(self, second: i64) -> usize {
        usize::try_from((second - self.begin) / self.step).unwrap_or(usize::MAX)
    }
}

fn refused(parameter: &'static str, value: &str, accepted: &'static str) -> Error {
    Error::refused(ErrorKind::OutOfRange, parameter, value, accepted)
}

impl TaskStore {
    /// How many executions fall into each step from `from` up to `to`, itself excluded.
    ///
    /// Counted are those of the enabled tasks that the query's filters match; its page, order and
    /// cursor do not matter. Steps are counted from `from`, and the last may be shorter; where
    /// `to` is not after `from`, there are none.
    ///
    /// O(tasks, and executions) of tens of nanoseconds each, in a [snapshot](Self::snapshot):
    /// nobody waits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfRange`] for a step that is no whole number of seconds, or zero, and for
    /// more than 10,000 steps.
    ///
    /// ```
    /// use std::time::Duration;
    /// use chrono::{DateTime, Utc};
    /// use taskdex::{ListQuery, ProjectId, Schedule, Task, TaskStore, TaskType};
    ///
    /// let store = TaskStore::new();
    /// let project = ProjectId::new("p-1")?;
    /// let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    /// for (id, time) in [("t-1", "02:00:00"), ("t-2", "02:30:00"), ("t-3", "05:00:00")] {
    ///     let nightly = Schedule::daily(1, time.parse().unwrap(), "UTC".parse()?)?;
    ///     let task = Task::builder(id, "Restart", TaskType::Reboot, nightly).build()?;
    ///     store.add(&project, task, at("2026-12-01T00:00:00Z"))?;
    /// }
    ///
    /// let (from, to) = (at("2026-12-01T00:00:00Z"), at("2026-12-01T06:00:00Z"));
    /// let every_hour = Duration::from_secs(3_600);
    /// let counts = store.forecast(&project, &ListQuery::new(0, 0)?, from, to, every_hour)?;
    /// assert_eq!(counts, [0, 0, 2, 0, 0, 1]);
    /// # Ok::<(), taskdex::Error>(())
    /// ```
    pub fn forecast(
        &self,
        project: &ProjectId,
        query: &ListQuery,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        step: Duration,
    ) -> Result<Vec<u64>, Error> {
        let _call = call!("forecast", project);
        let steps = Steps::new(from, to, step)?;
        match self.snapshot(project) {
            Ok(snapshot) => Ok(snapshot.count_executions(query, steps)),
            // A project that is not there has no tasks.
            Err(_) => Ok(vec![0; steps.count]),
        }
    }
}

impl Snapshot {
    /// As [`TaskStore::forecast`], of the tasks as they were.
    ///
    /// # Errors
    ///
    /// As [`TaskStore::forecast`].
    pub fn forecast(
        &self,
        query: &ListQuery,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        step: Duration,
    ) -> Result<Vec<u64>, Error> {
        Ok(self.count_executions(query, Steps::new(from, to, step)?))
    }

    fn count_executions(&self, query: &ListQuery, steps: Steps) -> Vec<u64> {
        let mut counts = vec![0; steps.count];
        let tasks = self.iter().map(crate::store::SnapshotTask::task);
        let tasks = tasks.filter(|task| task.is_enabled() && query.matches(task));
        for schedule in tasks.filter_map(crate::task::Task::schedule) {
            let executions =
                schedule.executions_between(instant_of(steps.begin - 1), instant_of(steps.end - 1));
            for second in executions.map(Execution::unix_seconds) {
                if let Some(count) = counts.get_mut(steps.of(second)) {
                    *count += 1;
                }
            }
        }
        counts
    }
}
