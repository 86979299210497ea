//! What is due: taken quarter of an hour by quarter, with what follows put back.

mod delay_queue;
mod entries;
mod heap;
mod sqlite;
mod taskdex;
mod tree;

use std::time::Instant;

use ::taskdex::Task;
use ::taskdex::testkit::Workload;
use chrono::{DateTime, TimeDelta, Utc};

pub use self::delay_queue::Delays;
pub use self::entries::Entries;
pub use self::heap::Heap;
pub use self::sqlite::Sqlite;
pub use self::taskdex::Taskdex;
pub use self::tree::Tree;

use crate::listing::workload;
use crate::measure::{count, median_ns};
use crate::report::{Group, Place, Report};
use crate::run::Run;

/// Quarters at the beginning and at the end whose executions are compared one by one.
const COMPARED: i32 = 8;

/// With more tasks, SQLite and the timer wheel take too long.
const TASKS_MAX: usize = 3_000_000;

/// Something that knows which tasks are due.
pub trait Queue: Sized {
    /// What it is called.
    const NAME: &str;

    /// Whether executions at one instant come in the order of adding.
    const IS_ORDERED: bool = true;

    /// The tasks in the form that the queue is made of.
    type Tasks;

    /// Takes in tasks that were added at [`Workload::NOW`]; `entries` are the same.
    fn tasks(tasks: &[Task], entries: &Entries) -> Self::Tasks;

    /// Begins at [`Workload::NOW`].
    fn begin(tasks: Self::Tasks) -> Self;

    /// Hands over each task whose execution is not after `now`, with its Unix second, and puts
    /// back the first one after `now`.
    fn take(&mut self, now: DateTime<Utc>, each: &mut dyn FnMut(&str, i64));

    /// Adds a task.
    fn add(&mut self, task: Task, now: DateTime<Utc>);

    /// Disables a task.
    fn disable(&mut self, id: &str, now: DateTime<Utc>);

    /// Memory that Rust's allocator does not see.
    fn bytes_beside(&self) -> usize {
        0
    }
}

/// What a queue gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// One by one.
    listed: Vec<(String, i64)>,
    /// Those that were timed: how many, and a sum over ids and instants.
    timed: Vec<(usize, u64)>,
}

/// Compares and times every queue with these tasks.
///
/// # Panics
///
/// Where a queue gives something else than the `BTreeSet`.
pub fn run(tasks: &[Task], run: &Run, report: &mut Report) {
    if !run.has(Group::Due) && !run.has(Group::Memory) {
        return;
    }
    let contest = Contest {
        tasks,
        entries: Entries::load(tasks),
        run,
    };
    let expected = &contest.enter::<Tree>(report);
    contest.check::<Taskdex>(expected, report);
    contest.check::<Heap>(expected, report);
    if tasks.len() <= TASKS_MAX {
        contest.check::<Delays>(expected, report);
        contest.check::<Sqlite>(expected, report);
    }
}

/// What every queue takes in.
struct Contest<'a> {
    tasks: &'a [Task],
    entries: Entries,
    run: &'a Run,
}

impl Given {
    /// What was listed, by instant and id.
    fn sorted(&self) -> Vec<(i64, &str)> {
        let listed = self
            .listed
            .iter()
            .map(|(id, second)| (*second, id.as_str()));
        let mut listed: Vec<_> = listed.collect();
        listed.sort_unstable();
        listed
    }
}

/// How many tasks are added, and how many disabled.
fn changed(tasks: usize) -> usize {
    (tasks / 10).clamp(8, 256)
}

impl Contest<'_> {
    fn check<Q: Queue>(&self, expected: &Given, report: &mut Report) {
        let given = self.enter::<Q>(report);
        let is_equal = if Q::IS_ORDERED {
            given == *expected
        } else {
            given.sorted() == expected.sorted() && given.timed == expected.timed
        };
        assert!(is_equal, "{} gives something else than BTreeSet", Q::NAME);
    }

    /// Runs a queue through hours and changes.
    fn enter<Q: Queue>(&self, report: &mut Report) -> Given {
        let Self { tasks, run, .. } = self;
        eprintln!("{} tasks, what is due, {}", tasks.len(), Q::NAME);
        let place = |group, case| Place {
            group,
            case,
            n: Some(tasks.len()),
            matching: None,
        };
        let input = Q::tasks(tasks, &self.entries);
        let heap = (run.heap)();
        let begin = Instant::now();
        let mut queue = Q::begin(input);
        let begin_ns = begin.elapsed().as_secs_f64() * 1e9 / count(tasks.len());
        let bytes = (run.heap)().saturating_sub(heap) + queue.bytes_beside();
        if run.has(Group::Memory) {
            report.bytes(
                place(Group::Memory, "what is due, beside the tasks"),
                Q::NAME,
                bytes,
            );
        }
        if !run.has(Group::Due) {
            return Given::default();
        }
        report.time(place(Group::Due, "begin"), Q::NAME, begin_ns);

        let mut given = Given::default();
        let mut now = Workload::NOW;
        list_quarters(&mut queue, &mut now, &mut given);
        let mut samples = Vec::new();
        for _ in 0..run.effort.quarters {
            now += TimeDelta::minutes(15);
            let (mut count, mut sum) = (0, 0);
            let begin = Instant::now();
            queue.take(now, &mut |id, second| {
                count += 1;
                sum += mark(id, second);
            });
            let elapsed = begin.elapsed();
            if let Ok(count @ 1..) = u32::try_from(count) {
                samples.push(elapsed / count);
            }
            given.timed.push((count, sum));
        }
        report.time(
            place(Group::Due, "take, and put back"),
            Q::NAME,
            median_ns(samples),
        );

        let more = workload(0);
        let added = (tasks.len()..).take(changed(tasks.len()));
        let added = added.map(|at| {
            let task = more.task(at);
            let begin = Instant::now();
            queue.add(task, now);
            begin.elapsed()
        });
        report.time(
            place(Group::Due, "add"),
            Q::NAME,
            median_ns(added.collect()),
        );
        let enabled = tasks
            .iter()
            .filter(|it| it.is_enabled() && it.schedule().is_some());
        let disabled = enabled.step_by(7).take(changed(tasks.len())).map(|task| {
            let begin = Instant::now();
            queue.disable(task.id(), now);
            begin.elapsed()
        });
        report.time(
            place(Group::Due, "disable"),
            Q::NAME,
            median_ns(disabled.collect()),
        );
        list_quarters(&mut queue, &mut now, &mut given);
        given
    }
}

/// Lists what is due in the next quarters of an hour.
fn list_quarters<Q: Queue>(queue: &mut Q, now: &mut DateTime<Utc>, given: &mut Given) {
    for _ in 0..COMPARED {
        *now += TimeDelta::minutes(15);
        queue.take(*now, &mut |id, second| {
            given.listed.push((id.to_owned(), second));
        });
    }
}

/// A number that tells one execution from others, and takes next to no time.
fn mark(id: &str, second: i64) -> u64 {
    let id = id
        .as_bytes()
        .first_chunk()
        .map_or(0, |it| u64::from_le_bytes(*it));
    id.wrapping_mul(second.cast_unsigned() | 1) >> 32
}
