//! Threads under a scheduler that tries their interleavings.
//!
//! Each history is run under many schedules, half of them random and half by PCT (Burckhardt and
//! others, "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010).
//! See `TESTING.md`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, Runner};
use taskdex::testkit::{Op, Workload};
use taskdex::{Edit, Expectation, ProjectId, Revision, TaskStore};

mod check;
mod due;
mod history;

use check::Run;
use due::DueHistory;
use history::{CALLS_OF_THE_STORE, History};

/// The threads of the scheduler, which are all on one of the system's.
mod threads {
    pub(crate) use shuttle::sync::Barrier;
    pub(crate) use shuttle::thread::scope;
    pub(crate) use shuttle::thread_local;
    use taskdex::REACHED;

    /// How many steps of the store were reached in this run.
    pub(crate) fn reached_count() -> usize {
        REACHED.with(|reached| reached.borrow().len())
    }
}

/// The schedules of each history, of each kind.
const SCHEDULES: usize = 50;
/// The schedules that are tried by default.
const SCHEDULES_USUAL: u64 = 100_000;

/// Steps that must have been reached in the middle of another thread's call.
const STEPS: [&str; 19] = [
    "a batch is planned",
    "a project begins",
    "a project ended before its change",
    "a project ends",
    "a project is built beside",
    "a project was begun by another thread",
    "a reader waits",
    "a writer lets readers in",
    "a search is cached",
    "a search is evicted",
    "a search is run",
    "lists are built",
    "names are recorded",
    "names are recorded anew",
    "next executions are kept",
    "rows are renumbered",
    "rows are staged",
    "rows are taken back",
    "shared rows are copied",
];

/// How often each call was made, and each step reached: at all, and in the middle of a call of
/// another thread.
static COUNTS: Mutex<Counts> = Mutex::new(Counts {
    calls: BTreeMap::new(),
    steps: BTreeMap::new(),
});

struct Counts {
    calls: BTreeMap<&'static str, u64>,
    steps: BTreeMap<&'static str, (u64, u64)>,
}

impl Counts {
    fn add(&mut self, run: &Run<'_>) {
        for name in run.names() {
            *self.calls.entry(name).or_default() += 1;
        }
        let met = run.met();
        taskdex::REACHED.with(|reached| {
            for (position, step) in reached.borrow().iter().enumerate() {
                let (count, count_met) = self.steps.entry(step).or_default();
                *count += 1;
                *count_met += u64::from(met.contains(&position));
            }
        });
    }

    fn print(&self) {
        for (name, count) in &self.calls {
            println!("{count:>9} {name}");
        }
        for (step, (count, met)) in &self.steps {
            println!("{count:>9} {step}, {met} in the middle of another call");
        }
    }
}

/// Makes the calls of a history under one schedule after another.
fn under(scheduler: impl Scheduler + 'static, run: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.stack_size = 1 << 19;
    config.failure_persistence = FailurePersistence::None;
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(run);
}

/// Tries a history under schedules of both kinds, which follow from a seed.
fn attempt<T: Debug + Send + Sync + 'static>(
    seed: u64,
    history: T,
    run: impl Fn(&T) -> Result<(), String> + Send + Sync + Copy + 'static,
) {
    let history = Arc::new(history);
    let body = || {
        let history = Arc::clone(&history);
        move || {
            if let Err(fault) = run(&history) {
                panic!("{fault}");
            }
        }
    };
    let result = catch_unwind(AssertUnwindSafe(|| {
        under(RandomScheduler::new_from_seed(seed, SCHEDULES), body());
        let depth = 2 + (seed % 3) as usize;
        under(PctScheduler::new_from_seed(seed, depth, SCHEDULES), body());
    }));
    if let Err(panic) = result {
        eprintln!("{history:#?}");
        eprintln!("to try these schedules again: TASKDEX_SEED={seed}");
        resume_unwind(panic);
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable}: not a number: {text}")))
}

/// Tries the histories of one seed after another, a percentage of all schedules; or that of the
/// one seed that is asked for.
fn attempt_all(percentage: u64, attempt: impl Fn(u64) + Sync) {
    if let Some(seed) = number("TASKDEX_SEED") {
        return attempt(seed);
    }
    let began = Instant::now();
    let schedules = number("TASKDEX_SCHEDULES").unwrap_or(SCHEDULES_USUAL) * percentage / 100;
    let history_count = schedules.div_ceil(2 * SCHEDULES as u64);
    let next = AtomicU64::new(0);
    let thread_count = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..thread_count {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= history_count {
                        break;
                    }
                    attempt(seed);
                }
            });
        }
    });
    let schedules = 2 * SCHEDULES as u64 * history_count;
    let elapsed = began.elapsed();
    println!("{schedules} schedules of {history_count} histories in {elapsed:.1?}");
}

#[test]
fn every_answer_under_any_schedule_is_that_of_one_state() {
    attempt_all(90, |seed| {
        attempt(seed, History::new(seed, 3), |history| {
            taskdex::REACHED.with(|reached| reached.borrow_mut().clear());
            let run = Run::new(history);
            COUNTS.lock().unwrap().add(&run);
            run.check()
        });
    });
    let counts = COUNTS.lock().unwrap();
    counts.print();
    if number("TASKDEX_SEED").is_some() {
        return;
    }
    let calls = Op::NAMES.iter().chain(&["revision"]);
    let mut calls = calls.filter(|name| !CALLS_OF_THE_STORE.contains(name));
    let missing = calls.find(|name| !counts.calls.contains_key(**name));
    assert_eq!(missing, None, "a call was never made");
    let is_met = |step: &&&str| counts.steps.get(**step).is_some_and(|(_, met)| *met > 0);
    let missing: Vec<_> = STEPS.iter().filter(|step| !is_met(step)).collect();
    assert!(missing.is_empty(), "steps that were never met: {missing:?}");
}

#[test]
fn what_is_due_under_any_schedule_is_taken_once() {
    attempt_all(10, |seed| {
        attempt(seed, DueHistory::new(seed, 3), DueHistory::run);
    });
}

/// A project stood in its shard from before its first task was accepted, and a restore took it for
/// one that is there, although that task was refused.
#[test]
fn a_task_that_is_refused_is_in_the_way_of_no_restore() {
    let body = || {
        let (project, now) = (ProjectId::new("p-1").unwrap(), Workload::NOW);
        let task = Workload::new(1, 1).task(0);
        let other = TaskStore::new();
        other.add(&project, task.clone(), now).unwrap();
        let mut export = Vec::new();
        let snapshot = other.snapshot(&project).unwrap();
        snapshot.write_export(&mut export).unwrap();

        let store = TaskStore::new();
        threads::scope(|scope| {
            scope.spawn(|| {
                let expected = Expectation::Version(Revision::new(7));
                let edit = Edit::put(task).with_expectation(expected);
                store.apply(&project, &[edit], now).unwrap_err();
            });
            store.restore(&project, export.as_slice()).unwrap();
        });
        store.validate().unwrap();
        assert_eq!(store.task_count(&project), 1);
    };
    under(RandomScheduler::new_from_seed(0, 1_000), body);
}

/// What does not come from `sync` is out of the scheduler's sight.
#[test]
fn all_locks_and_threads_come_from_one_module() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                folders.extend((!["tests", "testkit"].contains(&name)).then_some(path));
            } else if !["tests.rs", "sync.rs"].contains(&name) {
                count += 1;
                let text = fs::read_to_string(&path).unwrap();
                let mut code = text
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"));
                let found =
                    code.find(|line| line.contains("std::sync") || line.contains("std::thread"));
                assert_eq!(found, None, "{}", path.display());
            }
        }
    }
    assert!(count > 50);
}
