//! What is due by a plain scan, as the rules say it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use taskdex::{Execution, Missed, MissedPolicy, ProjectId, Schedule, Task};

/// A task, and the second of what is pending of it.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    pub(super) task: Task,
    pub(super) added_at: DateTime<Utc>,
    pub(super) pending: Option<i64>,
}

/// Project, id, second, and the first second that was missed where it is another.
pub(super) type Taken = (String, String, i64, Option<i64>);

/// All tasks of a watched store, each project's in the order of adding.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) projects: BTreeMap<ProjectId, Vec<Watched>>,
    passed_min: i64,
    now_max: Option<i64>,
}

pub(super) fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

/// The first execution of an enabled task after an instant.
fn first_after(task: &Task, after: DateTime<Utc>) -> Option<i64> {
    let schedule = task.schedule().filter(|_| task.is_enabled())?;
    Some(schedule.next_execution(after)?.unix_seconds())
}

impl Model {
    pub(super) fn new(passed: DateTime<Utc>) -> Self {
        Self {
            projects: BTreeMap::new(),
            passed_min: passed.timestamp(),
            now_max: None,
        }
    }

    pub(super) fn watch(&mut self, passed: DateTime<Utc>) {
        self.passed_min = passed.timestamp();
        self.now_max = None;
        for it in self.projects.values_mut().flatten() {
            it.pending = first_after(&it.task, passed.max(it.added_at));
        }
    }

    pub(super) fn earliest(&self) -> Option<i64> {
        let pending = self.projects.values().flatten().filter_map(|it| it.pending);
        pending.min()
    }

    pub(super) fn passed(&self) -> i64 {
        let before = self.earliest().map_or(i64::MAX, |second| second - 1);
        let reached = self.now_max.map_or(i64::MIN, |now| now.min(before));
        self.passed_min.max(reached)
    }

    pub(super) fn due_count(&self, now: DateTime<Utc>) -> u64 {
        let pending = self.projects.values().flatten().filter_map(|it| it.pending);
        pending.filter(|&second| second <= now.timestamp()).count() as u64
    }

    fn tasks(&mut self, project: &ProjectId) -> &mut Vec<Watched> {
        self.projects.entry(project.clone()).or_default()
    }

    pub(super) fn find(&self, project: &ProjectId, id: &str) -> Option<&Watched> {
        let tasks = self.projects.get(project)?;
        tasks.iter().find(|it| it.task.id() == id)
    }

    /// Adds a task, or puts it in place of the one of its id.
    pub(super) fn put(&mut self, project: &ProjectId, task: Task, now: DateTime<Utc>) {
        self.put_all(project, vec![task], now);
    }

    /// The same with many, as one change.
    pub(super) fn put_all(&mut self, project: &ProjectId, tasks: Vec<Task>, now: DateTime<Utc>) {
        let after = now.max(at(self.passed()));
        for task in tasks {
            self.put_after(project, task, now, after);
        }
    }

    /// Leaves exactly these tasks.
    pub(super) fn sync(&mut self, project: &ProjectId, tasks: Vec<Task>, now: DateTime<Utc>) {
        let after = now.max(at(self.passed()));
        self.retain(project, |id| tasks.iter().any(|task| task.id() == id));
        for task in tasks {
            self.put_after(project, task, now, after);
        }
    }

    fn put_after(
        &mut self,
        project: &ProjectId,
        task: Task,
        now: DateTime<Utc>,
        after: DateTime<Utc>,
    ) {
        let tasks = self.tasks(project);
        if let Some(it) = tasks.iter_mut().find(|it| it.task.id() == task.id()) {
            let task = counting(task, it.added_at);
            let is_same =
                it.task.schedule() == task.schedule() && it.task.is_enabled() == task.is_enabled();
            if !is_same {
                it.pending = first_after(&task, after);
            }
            it.task = task;
        } else {
            let added_at = at(now.timestamp());
            let task = counting(task, added_at);
            let pending = first_after(&task, after);
            tasks.push(Watched {
                task,
                added_at,
                pending,
            });
        }
    }

    pub(super) fn remove(&mut self, project: &ProjectId, id: &str) {
        self.retain(project, |other| other != id);
    }

    pub(super) fn retain(&mut self, project: &ProjectId, is_kept: impl Fn(&str) -> bool) {
        self.tasks(project).retain(|it| is_kept(it.task.id()));
    }

    pub(super) fn take(
        &mut self,
        now: DateTime<Utc>,
        limit: usize,
        policy: impl Fn(&Task) -> MissedPolicy,
    ) -> (Vec<Taken>, bool) {
        self.now_max = self.now_max.max(Some(now.timestamp()));
        let mut taken = Vec::new();
        loop {
            let all = self.projects.iter_mut();
            let all = all.flat_map(|(project, tasks)| {
                let tasks = tasks.iter_mut().enumerate();
                tasks.map(move |(place, it)| (project, place, it))
            });
            let due = all.filter(|(.., it)| it.pending.is_some_and(|it| it <= now.timestamp()));
            let Some((project, _, first)) =
                due.min_by_key(|(project, place, it)| (it.pending, *project, *place))
            else {
                return (taken, false);
            };
            if taken.len() == limit {
                return (taken, true);
            }
            let schedule = *first.task.schedule().unwrap();
            let pending = first.pending.unwrap();
            let (given, pending_then) = decide(&schedule, pending, now, policy(&first.task));
            first.pending = pending_then;
            let missed = given.filter(|&given| given != pending).map(|_| pending);
            let id = first.task.id().to_owned();
            taken.extend(given.map(|given| (project.to_string(), id, given, missed)));
        }
    }
}

fn counting(task: Task, added_at: DateTime<Utc>) -> Task {
    match task.schedule() {
        Some(schedule) => {
            let schedule = schedule.counting_from(added_at);
            task.to_builder().with_timing(schedule).build().unwrap()
        }
        None => task,
    }
}

/// What is given of the executions from `pending` to `now`, and what is pending then.
fn decide(
    schedule: &Schedule,
    pending: i64,
    now: DateTime<Utc>,
    policy: MissedPolicy,
) -> (Option<i64>, Option<i64>) {
    let is_late = |second: i64, limit: Option<Duration>| {
        limit.is_some_and(|limit| now - at(second) > TimeDelta::from_std(limit).unwrap())
    };
    let seconds = || {
        schedule
            .executions(at(pending - 1))
            .map(Execution::unix_seconds)
    };
    let missed = || seconds().take_while(|&second| second <= now.timestamp());
    let after = |second: i64| seconds().find(|&it| it > second);
    let is_out = |second: i64| {
        let is_old = policy.missed == Missed::None && now - at(second) >= TimeDelta::seconds(1);
        is_old || is_late(second, policy.no_later_than)
    };
    if policy.missed == Missed::Latest {
        let last = missed().last().unwrap();
        let given = (!is_late(last, policy.no_later_than)).then_some(last);
        return (given, after(last));
    }
    if is_out(pending) {
        // All that are too late go together.
        let last = missed()
            .take_while(|&second| is_out(second))
            .last()
            .unwrap();
        return (None, after(last));
    }
    (Some(pending), after(pending))
}
