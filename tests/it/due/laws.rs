//! Histories of changes and takes, against the scan and against what executions there were.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use taskdex::testkit::generate;
use taskdex::testkit::{Source, SplitMix64};
use taskdex::{
    DueExecution, Edit, Execution, GapRule, LifeCycleType, ListQuery, Missed, MissedPolicy,
    NameMatch, Order, ProjectId, Record, Schedule, ScheduledType, Task, TaskId, TaskName,
    TaskStore, TaskType,
};

use super::model::{Model, Taken, at};
use crate::support::{instant, project};

const PROJECTS: [&str; 4] = ["b", "\u{ffff}", "𐐀", "a"];

/// Times of day that collide, about changes of clocks at the end of March 2026.
fn schedule(random: &mut SplitMix64) -> Schedule {
    if random.one_in(12) {
        return generate::schedule(random);
    }
    let zone = random.pick(&[
        "UTC",
        "Europe/Paris",
        "Asia/Shanghai",
        "Australia/Lord_Howe",
    ]);
    let time = random.pick(&["00:00:00", "01:30:00", "02:30:00", "12:00:00", "23:59:59"]);
    let (zone, time) = (zone.parse().unwrap(), time.parse().unwrap());
    let date = random.pick(&[
        "2026-03-27",
        "2026-03-29",
        "2026-04-01",
        "2026-05-01",
        "2300-01-01",
    ]);
    let date = date.parse().unwrap();
    let schedule = match random.below(4) {
        0 => Schedule::daily(1, time, zone).unwrap(),
        1 => Schedule::daily(3, time, zone)
            .unwrap()
            .with_start_date(date)
            .unwrap(),
        2 => Schedule::weekly("1,2,5".parse().unwrap(), time, zone).unwrap(),
        _ => Schedule::fixed_time(date, time, zone).unwrap(),
    };
    let schedule = if random.one_in(6) {
        schedule.with_expire_time(date.and_time(time)).unwrap()
    } else {
        schedule
    };
    schedule.with_gap_rule(random.pick(&[GapRule::Forward, GapRule::Skip, GapRule::GapEnd]))
}

fn task(random: &mut SplitMix64, id: &str) -> Task {
    let name = random.pick(&["a", "b"]);
    let builder = if random.one_in(8) {
        let event = LifeCycleType::PostDesktopDisconnected;
        Task::builder(id, name, TaskType::Stop, event)
    } else {
        Task::builder(id, name, TaskType::Stop, schedule(random))
    };
    builder.with_enabled(!random.one_in(4)).build().unwrap()
}

/// A clock that mostly goes on, by seconds or by days, and now and then jumps back.
fn step(random: &mut SplitMix64, now: &mut DateTime<Utc>) {
    let seconds = match random.below(12) {
        0 => -i64::from(random.below(200_000)),
        1 => i64::from(random.below(2_000_000)),
        2..=5 => i64::from(random.below(90_000)),
        _ => i64::from(random.below(3)),
    };
    *now += TimeDelta::milliseconds(seconds * 1_000 + i64::from(random.below(1_000)));
}

fn policy_of(random: &mut SplitMix64) -> MissedPolicy {
    let missed = random.pick(&[Missed::Latest, Missed::Each, Missed::None]);
    let limit = random.pick(&[None, None, Some(0), Some(1), Some(3_600), Some(86_400 * 2)]);
    MissedPolicy::from(missed).with_no_later_than(limit.map(Duration::from_secs))
}

fn query(random: &mut SplitMix64) -> ListQuery {
    let mut query = ListQuery::new(0, 0).unwrap();
    query = query.with_scheduled_type(random.pick(&[
        None,
        None,
        Some(ScheduledType::Day),
        Some(ScheduledType::FixedTime),
        Some(ScheduledType::LifeCycle),
    ]));
    if random.one_in(3) {
        query = query.with_task_name(NameMatch::contains("b").unwrap());
    }
    query
}

fn in_short(due: &[DueExecution]) -> Vec<Taken> {
    let due = due.iter().map(|it| {
        let missed = it.first_missed.map(taskdex::Execution::unix_seconds);
        (
            it.project.to_string(),
            it.id.to_string(),
            it.execution.unix_seconds(),
            missed,
        )
    });
    due.collect()
}

/// A store and the scan, which are told the same.
struct Both {
    store: TaskStore,
    model: Model,
    now: DateTime<Utc>,
}

impl Both {
    fn new(random: &mut SplitMix64, tasks: u32) -> Self {
        let passed = instant("2026-03-26T12:00:00Z");
        let mut both = Self {
            store: TaskStore::new(),
            model: Model::new(passed),
            now: passed - TimeDelta::seconds(random.below(100_000).into()),
        };
        let p = project(PROJECTS[0]);
        let tasks: Vec<_> = (0..tasks)
            .map(|id| task(random, &format!("t-{id}")))
            .collect();
        both.store.add_all(&p, tasks.clone(), both.now).unwrap();
        for task in tasks {
            both.model.put(&p, task, both.now);
        }
        both.watch(passed);
        both
    }

    fn watch(&mut self, passed: DateTime<Utc>) {
        let wakeup = self.store.watch_due(passed);
        self.model.watch(passed);
        assert_eq!(wakeup, self.model.earliest().map(at));
    }

    /// One change or another of a few tasks, of which the store may refuse some.
    fn change(&mut self, random: &mut SplitMix64, ids: u32) {
        let p = project(random.pick(&PROJECTS));
        let id = format!("t-{}", random.below(ids));
        let task_of_id = task(random, &id);
        let (store, model, now) = (&self.store, &mut self.model, self.now);
        let there = model.find(&p, &id).map(|it| it.task.clone());
        match (random.below(9), there) {
            (0 | 1, None) => {
                store.add(&p, task_of_id.clone(), now).unwrap();
                model.put(&p, task_of_id, now);
            }
            (0 | 1, Some(_)) => {
                store.replace(&p, task_of_id.clone(), now).unwrap();
                model.put(&p, task_of_id, now);
            }
            (2 | 3, Some(task)) => {
                let enabled = !task.is_enabled();
                store.set_enabled(&p, &id, enabled, now).unwrap();
                model.put(&p, task.with_enabled(enabled), now);
            }
            (4, Some(task)) => {
                let name = TaskName::new("renamed").unwrap();
                store.rename(&p, &id, &name).unwrap();
                model.put(&p, task.with_task_name(&name), now);
            }
            (5, Some(_)) => {
                store.remove(&p, &id).unwrap();
                model.remove(&p, &id);
            }
            (6, _) => {
                // What a batch leaves is what counts, not what it goes through.
                let mut edits = vec![Edit::put(task(random, &id))];
                edits.push(Edit::set_enabled(TaskId::new(&id).unwrap(), false));
                edits.push(Edit::put(task_of_id.clone()));
                let mut others = BTreeMap::new();
                for _ in 0..random.below(100) {
                    let other = format!("t-{}", random.below(ids));
                    let task = task(random, &other);
                    edits.push(Edit::put(task.clone()));
                    others.insert(other, task);
                }
                store.apply(&p, &edits, now).unwrap();
                // All of them see one `passed`, that before the batch.
                let mut seen = BTreeSet::new();
                let order = edits.iter().map(|edit| edit.id().to_owned());
                let order: Vec<_> = order.filter(|id| seen.insert(id.clone())).collect();
                let others_or = |id: &String| others.get(id).unwrap_or(&task_of_id).clone();
                model.put_all(&p, order.iter().map(others_or).collect(), now);
            }
            (7, _) if random.one_in(3) => {
                let count = random.below(ids.min(700));
                let tasks = (0..count).map(|id| task(random, &format!("t-{id}")));
                let tasks: Vec<_> = tasks.collect();
                store.sync(&p, tasks.clone(), now).unwrap();
                model.sync(&p, tasks, now);
            }
            (8, _) if random.one_in(8) => {
                store.remove_project(&p);
                model.retain(&p, |_| false);
            }
            _ => {}
        }
    }

    fn take(&mut self, limit: usize, policy: MissedPolicy) -> Vec<Taken> {
        let (taken, has_more) = self.model.take(self.now, limit, |_| policy);
        let batch = self.store.take_due(self.now, limit, policy).unwrap();
        assert_eq!(in_short(&batch.due), taken);
        assert_eq!(batch.has_more, has_more);
        assert_eq!(batch.passed, at(self.model.passed()));
        taken
    }

    /// Compares a page by next execution with a sort of all.
    fn check_listing(&self, random: &mut SplitMix64, query: &ListQuery) {
        let p = project(random.pick(&PROJECTS));
        let query = query.clone().with_order(Order::NextExecution);
        let tasks = self.model.projects.get(&p).into_iter().flatten();
        let tasks = tasks.map(|it| &it.task).filter(|task| query.matches(task));
        let mut tasks: Vec<_> = tasks
            .map(|task| {
                let schedule = task.schedule().filter(|_| task.is_enabled());
                let next = schedule.and_then(|it| it.next_execution(self.now));
                (
                    (next.is_none(), next.map(Execution::unix_seconds)),
                    task.id(),
                    next,
                )
            })
            .collect();
        tasks.sort_by_key(|&(key, ..)| key);
        let offset = random.below(u32::try_from(tasks.len()).unwrap() + 3);
        for offset in [0, offset] {
            let limit = random.below(51);
            let query = query.clone().with_page(offset.into(), limit).unwrap();
            let page = self.store.list(&p, &query, self.now);
            assert_eq!(page.total_count(), tasks.len() as u64);
            assert_eq!(page.next_cursor(), None);
            let rest = tasks.iter().skip(offset as usize).take(limit as usize);
            let rest: Vec<_> = rest.map(|&(_, id, next)| (id, next)).collect();
            let listed = page.tasks().iter();
            let listed = listed.map(|it| (it.task().id(), it.next_execution()));
            assert_eq!(listed.collect::<Vec<_>>(), rest);
        }
    }

    /// Compares a forecast with a count one by one.
    fn check_forecast(&self, random: &mut SplitMix64, query: &ListQuery) {
        let p = project(random.pick(&PROJECTS));
        let from = self.now - TimeDelta::milliseconds(random.below(400_000_000).into());
        let to = from + TimeDelta::milliseconds(i64::from(random.below(900_000_000)) - 9_000_000);
        let step = random.pick(&[3_600_u64, 86_400, 901, 12 * 3_600]);
        let store = &self.store;
        let counts = store
            .forecast(&p, query, from, to, Duration::from_secs(step))
            .unwrap();
        let step = TimeDelta::seconds(step.try_into().unwrap());
        let mut expected = Vec::new();
        let mut begin = from;
        while begin < to {
            expected.push(0);
            begin += step;
        }
        assert_eq!(counts.len(), expected.len());
        let tasks = self.model.projects.get(&p).into_iter().flatten();
        let tasks = tasks.map(|it| &it.task).filter(|task| query.matches(task));
        for schedule in tasks
            .filter(|it| it.is_enabled())
            .filter_map(Task::schedule)
        {
            let before = from - TimeDelta::nanoseconds(1);
            let executions = schedule.executions(before).map(taskdex::Execution::instant);
            for execution in executions.take_while(|it| *it < to) {
                let place =
                    (execution - from).num_nanoseconds().unwrap() / step.num_nanoseconds().unwrap();
                expected[usize::try_from(place).unwrap()] += 1;
            }
        }
        assert_eq!(counts, expected);
    }

    fn check(&self) {
        let wakeup = self.store.next_wakeup().unwrap();
        assert_eq!(wakeup, self.model.earliest().map(at));
        assert_eq!(self.store.passed().unwrap(), at(self.model.passed()));
        let count = self.store.due_count(self.now).unwrap();
        assert_eq!(count, self.model.due_count(self.now));
    }
}

#[test]
fn a_history_gives_what_a_scan_does() {
    let mut taken = 0;
    for seed in 0..24 {
        let mut random = SplitMix64::new(seed);
        let random = &mut random;
        let ids = random.pick(&[5, 40, 400]);
        let before = if random.one_in(2) { ids } else { 0 };
        let mut both = Both::new(random, before);
        for _ in 0..150 {
            step(random, &mut both.now);
            match random.below(12) {
                0 if random.one_in(6) => {
                    let passed = both.now - TimeDelta::seconds(random.below(300_000).into());
                    both.watch(passed);
                }
                1..=4 => {
                    let limit = random.pick(&[0, 1, 2, 7, 100, usize::MAX]);
                    taken += both.take(limit, policy_of(random)).len();
                }
                _ => both.change(random, ids),
            }
            both.check();
            if random.one_in(4) {
                let query = query(random);
                both.check_listing(random, &query);
                both.check_forecast(random, &query);
            }
            if random.one_in(10) {
                both.store.validate().unwrap();
            }
        }
        both.store.validate().unwrap();
    }
    assert!(taken > 4_000, "{taken} executions were taken");
}

/// A task's schedule while it was enabled, after one second and up to another.
type Span = (Schedule, i64, i64);

#[test]
fn all_batches_together_are_the_executions_of_the_spans() {
    for seed in 0..40 {
        let mut random = SplitMix64::new(1_000 + seed);
        let random = &mut random;
        let store = TaskStore::new();
        let p = project("p");
        let begin = instant("2026-03-26T12:00:00Z");
        store.watch_due(begin);
        let mut now = begin;
        let mut latest = begin;
        let mut open: BTreeMap<String, (Schedule, i64)> = BTreeMap::new();
        let mut spans: Vec<(String, Span)> = Vec::new();
        let mut taken: Vec<(String, i64)> = Vec::new();
        for _ in 0..120 {
            step(random, &mut now);
            let missed = Missed::Each;
            let some = store
                .take_due(now, random.below(9) as usize, missed)
                .unwrap();
            taken.extend(some.due.iter().map(|it| (it.id.to_string(), it.key().2)));
            latest = latest.max(now);
            if random.one_in(3) {
                continue;
            }
            // A change comes when nothing is left over, so that a span ends where it was passed.
            let rest = store.take_due(latest, usize::MAX, missed).unwrap();
            taken.extend(rest.due.iter().map(|it| (it.id.to_string(), it.key().2)));
            assert_eq!(rest.passed, at(latest.timestamp()));
            let id = format!("t-{}", random.below(12));
            if let Some((schedule, after)) = open.remove(&id) {
                spans.push((id.clone(), (schedule, after, latest.timestamp())));
            }
            let task = task(random, &id);
            store.apply(&p, &[Edit::put(task)], now).unwrap();
            if random.one_in(4) {
                let id = TaskId::new(&id).unwrap();
                store.apply(&p, &[Edit::remove(id)], now).unwrap();
            }
            let kept = store
                .get(&p, &id, now)
                .map(taskdex::ScheduledTask::into_task);
            let kept = kept.filter(Task::is_enabled);
            if let Some(schedule) = kept.as_ref().and_then(Task::schedule) {
                let after = now.max(latest).timestamp();
                open.insert(id, (*schedule, after));
            }
        }
        let rest = store.take_due(latest, usize::MAX, Missed::Each).unwrap();
        taken.extend(rest.due.iter().map(|it| (it.id.to_string(), it.key().2)));
        let end = latest.timestamp();
        spans.extend(
            open.into_iter()
                .map(|(id, (it, after))| (id, (it, after, end))),
        );
        let mut expected: Vec<(String, i64)> = Vec::new();
        for (id, (schedule, after, until)) in spans {
            let between = schedule.executions_between(at(after), at(until));
            expected.extend(between.map(|it| (id.clone(), it.unix_seconds())));
        }
        expected.sort();
        taken.sort();
        assert_eq!(taken, expected, "seed {seed}");
    }
}

#[test]
fn a_run_cut_off_anywhere_is_resumed_from_what_was_stored() {
    for seed in 0..60 {
        let mut random = SplitMix64::new(2_000 + seed);
        let random = &mut random;
        let begin = instant("2026-03-26T12:00:00Z");
        let mut tasks: Vec<(ProjectId, Record)> = Vec::new();
        for id in 0..30 {
            let task = task(random, &format!("t-{id}"));
            let record = Record::new(task).with_added_at(begin);
            tasks.push((project(random.pick(&PROJECTS)), record));
        }
        let started = |passed| {
            let store = TaskStore::new();
            for (p, record) in &tasks {
                store.add(p, record.clone(), begin).unwrap();
            }
            store.watch_due(passed);
            store
        };
        let end = begin + TimeDelta::days(9);
        let whole = started(begin)
            .take_due(end, usize::MAX, Missed::Each)
            .unwrap();
        let whole: BTreeSet<_> = whole.due.iter().map(DueExecution::key).map(owned).collect();

        let mut handed_on = BTreeSet::new();
        let (mut stored, mut now) = (begin, begin);
        while now < end {
            let store = started(stored);
            for _ in 0..random.below(6) {
                step(random, &mut now);
                now = now.min(end);
                let batch = store
                    .take_due(now, random.below(6) as usize, Missed::Each)
                    .unwrap();
                // A crash between the two gives these again.
                handed_on.extend(batch.due.iter().map(DueExecution::key).map(owned));
                if random.one_in(4) {
                    break;
                }
                stored = batch.passed;
            }
            now += TimeDelta::hours(1);
        }
        let rest = started(stored)
            .take_due(end, usize::MAX, Missed::Each)
            .unwrap();
        handed_on.extend(rest.due.iter().map(DueExecution::key).map(owned));
        assert_eq!(handed_on, whole, "seed {seed}");
    }
}

fn owned((project, id, second): (&ProjectId, &TaskId, i64)) -> (String, String, i64) {
    (project.to_string(), id.to_string(), second)
}
