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
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, Runner};
use taskdex::testkit::Op;

mod check;
mod history;

use check::Run;
use history::History;

/// The threads of the scheduler, which are all on one of the system's.
mod threads {
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
/// The schedules that are tried where nobody says how many.
const SCHEDULES_USUAL: u64 = 100_000;

/// Steps that must have been reached in the middle of another thread's call.
const STEPS: [&str; 18] = [
    "a batch is planned",
    "a project begins",
    "a project ended before its change",
    "a project ends",
    "a project is built beside",
    "a project was begun by another thread",
    "a reader waits",
    "a writer lets readers in",
    "a search is run",
    "a search is cached",
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
#[derive(Default)]
struct Counts {
    calls: BTreeMap<&'static str, u64>,
    steps: BTreeMap<&'static str, (u64, u64)>,
}

impl Counts {
    fn add(&mut self, run: &Run) {
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

/// Tries one history under a scheduler.
fn attempt(
    history: &Arc<History>,
    scheduler: impl Scheduler + 'static,
    counts: &Arc<Mutex<Counts>>,
) {
    let mut config = Config::new();
    config.stack_size = 1 << 19;
    config.failure_persistence = FailurePersistence::None;
    let (history, counts) = (Arc::clone(history), Arc::clone(counts));
    Runner::new(scheduler, config).run(move || {
        taskdex::REACHED.with(|reached| reached.borrow_mut().clear());
        let run = Run::new(&history);
        counts.lock().unwrap().add(&run);
        if let Err(fault) = run.check() {
            panic!("{fault}");
        }
    });
}

/// Tries the history of a seed under schedules of both kinds.
fn attempt_seed(seed: u64, counts: &Arc<Mutex<Counts>>) {
    let history = Arc::new(History::new(seed, 3));
    let result = catch_unwind(AssertUnwindSafe(|| {
        attempt(
            &history,
            RandomScheduler::new_from_seed(seed, SCHEDULES),
            counts,
        );
        let depth = 2 + (seed % 3) as usize;
        attempt(
            &history,
            PctScheduler::new_from_seed(seed, depth, SCHEDULES),
            counts,
        );
    }));
    if let Err(panic) = result {
        eprintln!("{history:#?}");
        eprintln!("to try these schedules again: TASKDEX_SEED={seed}");
        resume_unwind(panic);
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable}: not a number: {text}")),
    )
}

#[test]
fn every_answer_under_any_schedule_is_that_of_one_state() {
    let counts = Arc::default();
    if let Some(seed) = number("TASKDEX_SEED") {
        attempt_seed(seed, &counts);
        return;
    }
    let began = Instant::now();
    let schedules = number("TASKDEX_SCHEDULES").unwrap_or(SCHEDULES_USUAL);
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
                    attempt_seed(seed, &counts);
                }
            });
        }
    });
    let counts = counts.lock().unwrap();
    counts.print();
    println!(
        "{} schedules of {history_count} histories in {:.1?}",
        history_count * 2 * SCHEDULES as u64,
        began.elapsed()
    );
    let calls = Op::NAMES.iter().chain(&["revision"]);
    let missing: Vec<_> = calls
        .filter(|name| !history::CALLS_OF_THE_STORE.contains(name))
        .filter(|name| !counts.calls.contains_key(**name))
        .collect();
    assert!(
        missing.is_empty(),
        "calls that were never made: {missing:?}"
    );
    let is_met = |step: &&str| counts.steps.get(*step).is_some_and(|(_, met)| *met > 0);
    let missing: Vec<_> = STEPS.iter().filter(|step| !is_met(step)).collect();
    assert!(missing.is_empty(), "steps that were never met: {missing:?}");
}
