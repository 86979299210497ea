//! Seeded tasks and queries, alike in every run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::format_push_string,
    reason = "a benchmark that cannot go on should stop"
)]
#![allow(dead_code, reason = "each benchmark uses its part")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveTime, Utc};
use taskdex::testkit::{SplitMix64, Workload};
use taskdex::{
    LastStatus, LifeCycleType, ListQuery, Order, ProjectId, Schedule, ScheduledType, Task,
    TaskStore, TaskStoreBuilder, TaskType, TimeZone, Timing,
};

/// Choices of a seed.
pub(crate) struct Random(SplitMix64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len() as u64) as usize]
    }

    /// None every other time.
    fn maybe<T: Copy>(&mut self, values: &[T]) -> Option<T> {
        (self.below(2) == 0).then(|| self.pick(values))
    }
}

/// The sizes to measure: `TASKDEX_BENCH_TASKS`, or those that take a few seconds.
pub(crate) fn sizes(usual: &str) -> Vec<usize> {
    let sizes = std::env::var("TASKDEX_BENCH_TASKS").unwrap_or_else(|_| usual.to_owned());
    sizes.split(',').map(|size| size.parse().unwrap()).collect()
}

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

pub(crate) fn project() -> ProjectId {
    ProjectId::new("0a1b2c3d4e5f60718293a4b5c6d7e8f9").unwrap()
}

/// 32 characters, spread like a random identifier.
pub(crate) fn id(number: usize) -> String {
    let high = Random::new(number as u64).next();
    format!("{high:016x}{number:016x}")
}

/// Task `number`: an id of 32 bytes, a name of 28, a description of 26.
pub(crate) fn task(number: usize) -> Task {
    let random = &mut Random::new(0x5EED ^ number as u64);
    let zone: TimeZone = random
        .pick(&[
            "Asia/Shanghai",
            "Europe/Paris",
            "America/New_York",
            "GMT+08:00",
        ])
        .parse()
        .unwrap();
    let time =
        NaiveTime::from_num_seconds_from_midnight_opt(random.below(86_400) as u32, 0).unwrap();
    let timing: Timing = match random.below(10) {
        0 => {
            let date = chrono::NaiveDate::from_ymd_opt(2027, 1, 1 + random.below(28) as u32);
            Schedule::fixed_time(date.unwrap(), time, zone)
                .unwrap()
                .into()
        }
        1..4 => Schedule::daily(1 + random.below(9) as u32, time, zone)
            .unwrap()
            .into(),
        4..7 => {
            let days = (1 + random.below(7)).to_string().parse().unwrap();
            Schedule::weekly(days, time, zone).unwrap().into()
        }
        7 => {
            let dates = (1 + random.below(28)).to_string().parse().unwrap();
            Schedule::monthly("1,4,7,10".parse().unwrap(), dates, time, zone)
                .unwrap()
                .into()
        }
        _ => random.pick(LifeCycleType::ALL).into(),
    };
    let task_type = match &timing {
        Timing::Triggered(_) => {
            random.pick(&[TaskType::Stop, TaskType::Reboot, TaskType::ExecuteScript])
        }
        _ => random.pick(TaskType::ALL),
    };
    let name = format!(
        "nightly-{:08x}-team-{:06}",
        random.next() as u32,
        number % 1_000_000
    );
    let description = format!("Keeps desktops fresh {:05}", number % 100_000);
    Task::builder(id(number), name, task_type, timing)
        .with_last_status(
            [
                None,
                Some(LastStatus::Success),
                Some(LastStatus::Skip),
                Some(LastStatus::Fail),
            ][random.below(4) as usize],
        )
        .with_enabled(random.below(10) > 0)
        .with_description(description)
        .with_priority(random.below(51) as u32)
        .with_wait_time(random.below(43_201) as u32)
        .build()
        .unwrap()
}

pub(crate) fn tasks(count: usize) -> Vec<Task> {
    (0..count).map(task).collect()
}

pub(crate) fn filled(count: usize) -> TaskStore {
    filled_with(TaskStore::builder(), count)
}

pub(crate) fn filled_with(builder: TaskStoreBuilder, count: usize) -> TaskStore {
    let store = builder.build();
    store.add_all(&project(), tasks(count), now()).unwrap();
    store
}

/// How long it takes to add these tasks to a project, and to remove them again, the last one first.
pub(crate) fn add_and_remove(
    store: &TaskStore,
    added: &[Task],
    now: DateTime<Utc>,
) -> (Duration, Duration) {
    let project = &project();
    let start = Instant::now();
    for task in added.iter().cloned() {
        store.add(project, task, now).unwrap();
    }
    let adding = start.elapsed();
    let start = Instant::now();
    for task in added.iter().rev() {
        store.remove(project, task.id()).unwrap();
    }
    (adding, start.elapsed())
}

/// Queries with every combination of filters but names, each with an offset
/// anywhere in its answer.
pub(crate) fn queries(store: &TaskStore, count: usize) -> Vec<ListQuery> {
    let random = &mut Random::new(7);
    let mut queries = Vec::new();
    for _ in 0..count {
        let filtered = |offset, random: &mut Random| {
            let scheduled_type = random.maybe(ScheduledType::ALL);
            let event = (scheduled_type == Some(ScheduledType::LifeCycle))
                .then(|| random.maybe(LifeCycleType::ALL))
                .flatten();
            let order = if random.below(4) == 0 {
                Order::NewestFirst
            } else {
                Order::OldestFirst
            };
            ListQuery::new(offset, 50)
                .unwrap()
                .with_task_type(random.maybe(TaskType::ALL))
                .with_scheduled_type(scheduled_type)
                .with_life_cycle_type(event)
                .with_last_status(random.maybe(LastStatus::ALL))
                .with_order(order)
        };
        let seed = random.next();
        let total = store
            .list(&project(), &filtered(0, &mut Random::new(seed)), now())
            .total_count();
        let offset = random.below(total.max(1));
        queries.push(filtered(offset, &mut Random::new(seed)));
    }
    queries
}

/// The documented form of a query; its order has none.
pub(crate) fn query_string(query: &ListQuery) -> String {
    let query = query.clone().with_order(Order::OldestFirst);
    query.to_query_string().unwrap()
}

/// The workload's texts as records, with plain schedules.
pub(crate) fn json_lines(workload: &Workload) -> String {
    let mut text = String::new();
    for (number, task) in workload.tasks().enumerate() {
        write!(
            text,
            r#"{{"id":"{}","task_name":"{}","task_type":"{}","enable":true,"#,
            task.id(),
            task.task_name(),
            task.task_type(),
        )
        .unwrap();
        if let Some(description) = task.description() {
            write!(text, r#""description":"{description}","#).unwrap();
        }
        if let Some(status) = task.last_status() {
            write!(text, r#""last_status":"{status}","#).unwrap();
        }
        let day = number % 28 + 1;
        let schedule = match task.scheduled_type() {
            ScheduledType::FixedTime => format!(r#""scheduled_date":"2027-01-{day:02}""#),
            ScheduledType::Day => format!(r#""day_interval":{day}"#),
            ScheduledType::Week => format!(r#""week_list":"{}""#, day % 7 + 1),
            ScheduledType::Month => format!(r#""month_list":"1,4,7,10","date_list":"{day}""#),
            ScheduledType::LifeCycle => {
                format!(r#""life_cycle_type":"{}""#, task.life_cycle_type().unwrap())
            }
            _ => String::new(),
        };
        writeln!(
            text,
            r#""scheduled_type":"{}","scheduled_time":"0{}:15:00","time_zone":"Asia/Shanghai",{schedule}}}"#,
            task.scheduled_type(),
            number % 10,
        )
        .unwrap();
    }
    text
}
