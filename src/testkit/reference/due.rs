//! What is due in the reference: a scan of what is pending of each task.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Entry, ReferenceRefusal, ReferenceStore, is_listed};
use crate::error::ErrorKind;
use crate::query::ListQuery;
use crate::schedule::{Execution, Schedule};
use crate::store::{DueBatch, DueExecution, Missed, MissedPolicy};
use crate::task::{ProjectId, Task};

/// What a watched store knows besides its tasks.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    passed_min: i64,
    now_max: Option<i64>,
    /// By project and place: the task as it was when its pending execution was found, and that.
    tasks: BTreeMap<(ProjectId, u64), (Task, Option<Execution>)>,
}

impl Watched {
    fn earliest(&self) -> Option<Execution> {
        let pending = self.tasks.values().filter_map(|(_, pending)| *pending);
        pending.min_by_key(|it| it.unix_seconds())
    }

    fn passed(&self) -> i64 {
        let before = self.earliest().map(|it| it.unix_seconds() - 1);
        let reached = match (self.now_max, before) {
            (Some(now), Some(before)) => now.min(before),
            (now, _) => now.unwrap_or(i64::MIN),
        };
        self.passed_min.max(reached)
    }
}

impl ReferenceStore {
    /// Begins to watch what is due; gives the next wake-up.
    pub fn watch_due(&mut self, passed: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut watched = Watched {
            passed_min: passed.timestamp(),
            now_max: None,
            tasks: BTreeMap::new(),
        };
        for (project, listing) in &self.projects {
            for entry in &listing.entries {
                let pending = first_after(&entry.task, passed.max(entry.added));
                let key = (project.clone(), entry.place);
                watched.tasks.insert(key, (entry.task.clone(), pending));
            }
        }
        let wakeup = watched.earliest().map(Execution::instant);
        self.watched = Some(watched);
        wakeup
    }

    /// Follows a change of a project, which a call at `now` made; of a restored project, `None`.
    ///
    /// The reference itself does not know of a change at what time it was made.
    pub fn follow_due(&mut self, project: &ProjectId, now: Option<DateTime<Utc>>) {
        let Some(mut watched) = self.watched.take() else {
            return;
        };
        let passed = instant_of(watched.passed());
        watched.passed_min = watched.passed();
        let mut before = watched.tasks.split_off(&(project.clone(), 0));
        let mut after_project = BTreeMap::new();
        before.retain(|key, it| {
            let is_others = key.0 != *project;
            if is_others {
                after_project.insert(key.clone(), it.clone());
            }
            !is_others
        });
        watched.tasks.append(&mut after_project);
        for entry in self.entries(project) {
            let key = (project.clone(), entry.place);
            let is_same = |task: &Task| {
                task.schedule() == entry.task.schedule()
                    && task.is_enabled() == entry.task.is_enabled()
            };
            let pending = match before.remove(&key) {
                Some((task, pending)) if is_same(&task) => pending,
                _ => first_after(&entry.task, passed.max(now.unwrap_or(entry.added))),
            };
            watched.tasks.insert(key, (entry.task.clone(), pending));
        }
        self.watched = Some(watched);
    }

    /// The instant of the earliest pending execution, and up to which all were given or left out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotWatching`].
    pub fn next_wakeup(&self) -> Result<(Option<DateTime<Utc>>, DateTime<Utc>), ReferenceRefusal> {
        let watched = self.watched.as_ref().ok_or(ErrorKind::NotWatching)?;
        let earliest = watched.earliest().map(Execution::instant);
        Ok((earliest, instant_of(watched.passed())))
    }

    /// How many tasks have a pending execution that is not after `now`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotWatching`].
    pub fn due_count(&self, now: DateTime<Utc>) -> Result<u64, ReferenceRefusal> {
        let watched = self.watched.as_ref().ok_or(ErrorKind::NotWatching)?;
        let pending = watched.tasks.values().filter_map(|(_, pending)| *pending);
        Ok(pending.filter(|it| it.instant() <= now).count() as u64)
    }

    /// Takes what is due, one after the other.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotWatching`].
    pub fn take_due(
        &mut self,
        now: DateTime<Utc>,
        limit: usize,
        policy: impl Fn(&Task) -> MissedPolicy,
    ) -> Result<DueBatch, ReferenceRefusal> {
        let watched = self.watched.as_mut().ok_or(ErrorKind::NotWatching)?;
        watched.now_max = watched.now_max.max(Some(now.timestamp()));
        let mut due = Vec::new();
        loop {
            let tasks = watched.tasks.iter_mut();
            let first = tasks
                .filter_map(|(key, (task, pending))| {
                    Some((pending.as_ref()?.instant(), key, task, pending))
                })
                .filter(|&(instant, ..)| instant <= now)
                .min_by_key(|&(instant, key, ..)| (instant, key));
            let Some((_, (project, _), task, pending)) = first else {
                break;
            };
            if due.len() == limit {
                break;
            }
            let (Some(schedule), Some(first), Ok(id)) = (
                task.schedule(),
                *pending,
                crate::task::TaskId::new(task.id()),
            ) else {
                break;
            };
            let (given, next) = decide(schedule, first, now, policy(task));
            *pending = next;
            due.extend(given.map(|execution| DueExecution {
                project: project.clone(),
                id,
                execution,
                first_missed: Some(first).filter(|it| *it != execution),
            }));
        }
        let earliest = watched.earliest();
        Ok(DueBatch {
            due,
            has_more: earliest.is_some_and(|it| it.instant() <= now),
            passed: instant_of(watched.passed()),
        })
    }

    /// Counts executions, one by one, by steps.
    #[must_use]
    pub fn forecast(
        &self,
        project: &ProjectId,
        query: &ListQuery,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        step: Duration,
    ) -> Vec<u64> {
        let step = TimeDelta::from_std(step).unwrap_or(TimeDelta::MAX);
        let mut ends = Vec::new();
        let mut end = from;
        while end < to {
            end = end.checked_add_signed(step).map_or(to, |end| end.min(to));
            ends.push(end);
        }
        let mut counts = vec![0; ends.len()];
        let tasks = self
            .entries(project)
            .iter()
            .map(|entry: &Entry| &entry.task);
        for task in tasks.filter(|task| is_listed(query, task)) {
            let before = from.checked_sub_signed(TimeDelta::nanoseconds(1));
            let mut after = before.unwrap_or(from);
            while let Some(found) = first_after(task, after).filter(|it| it.instant() < to) {
                after = found.instant();
                let place = ends.partition_point(|&end| end <= after);
                if let Some(count) = counts.get_mut(place) {
                    *count += 1;
                }
            }
        }
        counts
    }
}

/// What is given of the executions from `first` to `now`, and what is pending then.
fn decide(
    schedule: &Schedule,
    first: Execution,
    now: DateTime<Utc>,
    policy: MissedPolicy,
) -> (Option<Execution>, Option<Execution>) {
    let second = TimeDelta::seconds(1);
    let is_out = |it: Execution| {
        let late = now - it.instant();
        let limit = policy
            .no_later_than
            .and_then(|it| TimeDelta::from_std(it).ok());
        limit.is_some_and(|limit| late > limit) || (policy.missed == Missed::None && late >= second)
    };
    if policy.missed == Missed::Latest {
        let last = schedule.previous_execution(just_after(now));
        return (
            last.filter(|&last| !is_out(last)),
            schedule.next_execution(now),
        );
    }
    if !is_out(first) {
        return (Some(first), schedule.next_execution(first.instant()));
    }
    // All that are too late are left out at once: of those that are not, find the first.
    let mut next = schedule.next_execution(now);
    let mut before = just_after(now);
    while let Some(last) = schedule
        .previous_execution(before)
        .filter(|&it| !is_out(it))
    {
        next = Some(last);
        before = last.instant();
    }
    (None, next)
}

/// The first execution of an enabled task after an instant.
fn first_after(task: &Task, after: DateTime<Utc>) -> Option<Execution> {
    let schedule = task.schedule().filter(|_| task.is_enabled())?;
    schedule.next_execution(after)
}

fn just_after(instant: DateTime<Utc>) -> DateTime<Utc> {
    let after = instant.checked_add_signed(TimeDelta::nanoseconds(1));
    after.unwrap_or(instant)
}

fn instant_of(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap_or_default()
}
