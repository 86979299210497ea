//! What is due is given once, to one of the threads that take it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use taskdex::testkit::{Sizes, Source, SplitMix64, Workload};
use taskdex::{
    DueBatch, LastStatus, Missed, ProjectId, Schedule, Task, TaskName, TaskStore, TaskType,
};

use super::threads::{Barrier, scope};

/// A call of a thread. The projects are numbered, and so are the tasks of each.
#[derive(Debug, Clone, Copy)]
enum Call {
    Take { hours: i64, limit: usize },
    Rename { project: usize, task: u32 },
    SetStatus { project: usize, task: u32 },
    Disable { project: usize, task: u32 },
    Remove { project: usize, task: u32 },
    Add { project: usize, task: u32 },
    RemoveProject { project: usize },
}

/// Tasks that are watched from [`Workload::NOW`] on, and what threads then do.
#[derive(Debug)]
pub(crate) struct DueHistory {
    sizes: Sizes,
    counts: Vec<u32>,
    threads: Vec<Vec<Call>>,
}

/// The batches of a run, with when their calls began and ended.
type Taken = Vec<(u64, u64, DueBatch)>;

/// What is taken in the end is all up to here.
const HOURS: i64 = 60;

impl DueHistory {
    /// The history of a seed: up to `calls_max` calls for each of two to four threads.
    pub(crate) fn new(seed: u64, calls_max: u32) -> Self {
        let source = &mut SplitMix64::new(seed);
        let project_count = source.pick(&[1, 2]);
        let counts: Vec<u32> = (0..project_count).map(|_| source.between(2, 14)).collect();
        let thread_count = source.between(2, 4);
        let threads = (0..thread_count)
            .map(|_| {
                let count = source.between(1, calls_max);
                (0..count).map(|_| call(source, &counts)).collect()
            })
            .collect();
        Self {
            sizes: source.pick(&[Sizes::Early, Sizes::Narrow]),
            counts,
            threads,
        }
    }

    /// Makes all calls, and checks what was given.
    pub(crate) fn run(&self) -> Result<(), String> {
        let (builder, _) = self.sizes.stores(0);
        let store = builder.build();
        for (number, &count) in self.counts.iter().enumerate() {
            let tasks = (0..count).map(|task| self::task(task, false)).collect();
            store
                .add_all(&project(number), tasks, Workload::NOW)
                .unwrap();
        }
        store.watch_due(Workload::NOW);
        let clock = AtomicU64::new(0);
        let start = Barrier::new(self.threads.len());
        let mut taken: Taken = scope(|scope| {
            let threads: Vec<_> = (self.threads.iter())
                .map(|calls| {
                    scope.spawn(|| {
                        start.wait();
                        let calls = calls.iter();
                        calls
                            .filter_map(|&call| make(&store, &clock, call))
                            .collect::<Taken>()
                    })
                })
                .collect();
            let taken = threads.into_iter().flat_map(|it| it.join().unwrap());
            taken.collect()
        });
        let rest = Call::Take {
            hours: HOURS,
            limit: usize::MAX,
        };
        taken.extend(make(&store, &clock, rest));
        self.check(&taken)?;
        store.validate()
    }

    fn check(&self, taken: &Taken) -> Result<(), String> {
        let mut given: BTreeMap<(usize, String), BTreeSet<i64>> = BTreeMap::new();
        for (began, ended, batch) in taken {
            let told_before = taken.iter().filter(|(_, ended, _)| ended < began);
            let passed = told_before.map(|(_, _, before)| before.passed).max();
            let mut last = DateTime::<Utc>::MIN_UTC;
            for due in &batch.due {
                let instant = due.execution.instant();
                if passed.is_some_and(|passed| instant <= passed) {
                    return Err(format!(
                        "{due:?} is given after {passed:?} was passed: {taken:?}"
                    ));
                }
                let number = self.number_of(&due.project);
                // A task that is added meanwhile may be due before what was given already.
                let is_first =
                    (0..self.counts[number]).any(|task| due.id.as_str() == format!("t-{task}"));
                if is_first && instant < last {
                    return Err(format!("{due:?} is out of order: {taken:?}"));
                }
                if is_first {
                    last = instant;
                }
                let seconds = given.entry((number, due.id.to_string())).or_default();
                if !seconds.insert(due.execution.unix_seconds()) {
                    return Err(format!("{due:?} is given twice: {taken:?}"));
                }
            }
            let _ = ended;
        }
        for (number, &count) in self.counts.iter().enumerate() {
            for task in (0..count).filter(|&task| !self.is_changed(number, task)) {
                let found = given
                    .remove(&(number, format!("t-{task}")))
                    .unwrap_or_default();
                let expected = seconds_of(task);
                if found != expected {
                    return Err(format!(
                        "t-{task} is given {found:?}, not {expected:?}: {taken:?}"
                    ));
                }
            }
        }
        // Tasks that came, went or changed have no others than these.
        for ((_, id), seconds) in given {
            let task = id.trim_start_matches("t-").parse().unwrap();
            if !seconds.is_subset(&seconds_of(task)) {
                return Err(format!("{id} is never due at one of {seconds:?}"));
            }
        }
        Ok(())
    }

    /// Whether the executions of a task are moved, or end.
    fn is_changed(&self, number: usize, task: u32) -> bool {
        self.threads.iter().flatten().any(|call| match *call {
            Call::Disable { project, task: it } | Call::Remove { project, task: it } => {
                (project, it) == (number, task)
            }
            Call::RemoveProject { project } => project == number,
            _ => false,
        })
    }

    fn number_of(&self, id: &ProjectId) -> usize {
        let mut numbers = 0..self.counts.len();
        numbers.find(|&number| project(number) == *id).unwrap()
    }
}

fn call(source: &mut SplitMix64, counts: &[u32]) -> Call {
    let project = source.below(u32::try_from(counts.len()).unwrap()) as usize;
    let task = source.below(counts[project]);
    match source.below(16) {
        0 => Call::Rename { project, task },
        1 => Call::SetStatus { project, task },
        2 => Call::Disable { project, task },
        3 => Call::Remove { project, task },
        // Of an id of its own.
        4 | 5 => Call::Add {
            project,
            task: 100 + source.below(1_000),
        },
        6 if source.one_in(2) => Call::RemoveProject { project },
        _ => Call::Take {
            hours: source.pick(&[3, 20, 30, 50]),
            limit: source.pick(&[1, 2, 5, 100]),
        },
    }
}

fn make(store: &TaskStore, clock: &AtomicU64, call: Call) -> Option<(u64, u64, DueBatch)> {
    let id = |task: u32| format!("t-{task}");
    // A call may meet a task or a project that is gone.
    match call {
        Call::Take { hours, limit } => {
            let now = Workload::NOW + TimeDelta::hours(hours);
            let began = clock.fetch_add(1, Ordering::SeqCst);
            let batch = store.take_due(now, limit, Missed::Each).unwrap();
            let ended = clock.fetch_add(1, Ordering::SeqCst);
            return Some((began, ended, batch));
        }
        Call::Rename { project, task } => {
            let name: TaskName = "another name".parse().unwrap();
            let _ = store.rename(&self::project(project), id(task), &name);
        }
        Call::SetStatus { project, task } => {
            let status = Some(LastStatus::Fail);
            let _ = store.set_last_status(&self::project(project), id(task), status);
        }
        Call::Disable { project, task } => {
            let _ = store.set_enabled(&self::project(project), id(task), false, Workload::NOW);
        }
        Call::Remove { project, task } => {
            let _ = store.remove(&self::project(project), id(task));
        }
        Call::Add { project, task } => {
            let _ = store.add(
                &self::project(project),
                self::task(task, true),
                Workload::NOW,
            );
        }
        Call::RemoveProject { project } => {
            store.remove_project(&self::project(project));
        }
    }
    None
}

fn project(number: usize) -> ProjectId {
    ProjectId::new(format!("p-{number}")).unwrap()
}

/// A task that is executed daily, at one of a few hours.
fn task(number: u32, is_disabled_now_and_then: bool) -> Task {
    let is_enabled = !(is_disabled_now_and_then && number.is_multiple_of(5));
    let task = Task::builder(
        format!("t-{number}"),
        "a name",
        TaskType::Start,
        schedule(number),
    );
    task.with_enabled(is_enabled).build().unwrap()
}

fn schedule(number: u32) -> Schedule {
    let time = chrono::NaiveTime::from_hms_opt(number % 4, 0, 0).unwrap();
    let daily = Schedule::daily(1, time, "UTC".parse().unwrap()).unwrap();
    daily.with_start_date(Workload::NOW.date_naive()).unwrap()
}

/// All executions up to the end.
fn seconds_of(task: u32) -> BTreeSet<i64> {
    let end = Workload::NOW + TimeDelta::hours(HOURS);
    let schedule = schedule(task);
    let mut seconds = BTreeSet::new();
    let mut now = Workload::NOW;
    while let Some(execution) = schedule
        .next_execution(now)
        .filter(|it| it.instant() <= end)
    {
        seconds.insert(execution.unix_seconds());
        now = execution.instant();
    }
    seconds
}
